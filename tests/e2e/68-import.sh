#!/bin/bash
# A site moves in: vtid runs what `vtictl import` makes of its swanctl.conf, and then of its config.xml of pfSense, while the
# peer goes on with the file that it has always had.
. "$(dirname "$0")/lib.sh"

make_network
start_charon hq branch
for site in hq branch; do mkdir -p "/run/$site/etc"; done
key=$(printf %s "$psk" | base64)

# The peer's XFRM interface, with what stands on it.
ip -n branch link add ipsec1 type xfrm dev lo if_id 1
ip -n branch link set ipsec1 up
ip -n branch address add 10.6.106.2/30 dev ipsec1

move_in() { # file [sed-script]: vtid at hq runs what becomes of it
  rm -rf /run/hq/etc/secrets
  "$vtictl" import "$1" --secrets-dir /run/hq/etc/secrets 2>/run/hq/notes | sed "s|^{\$|{ \"charon\": { \"vici\": \"unix:///run/hq/charon.vici\" },|; ${2:-}" >/run/hq/etc/vtid.json
  cat /run/hq/notes
  start_vtid hq
}

traffic_passes() {
  expect 30 tunnel_is hq branch up
  expect 5 ping_once hq 10.6.106.2
  expect 5 ping_once branch 10.6.106.1
}

say "from swanctl.conf, whose inner addresses stood in a script"
swanctl_side() { # its address, its id, the peer's address, its id, start_action
  cat <<CONF
template {
  version = 2
  proposals = aes256-sha256-x25519
  dpd_delay = 5s
  mobike = no
}
connections {
  branch : template {
    local_addrs = $1
    remote_addrs = $3
    local { auth = psk
      id = $2 }
    remote { auth = psk
      id = $4 }
    children { net {
      local_ts = 0.0.0.0/0
      remote_ts = 0.0.0.0/0
      esp_proposals = aes128gcm16-x25519
      if_id_in = 1
      if_id_out = 1
      start_action = $5 } }
  }
}
secrets { ike-other { id = someone.example
    secret = "of somebody else" }
  ike-1 { id-1 = $2
    id-2 = $4
    secret = 0s$key } }
CONF
}
swanctl_side 192.0.2.1 hq 198.51.100.1 branch start >/run/hq/etc/swanctl.conf
swanctl_side 198.51.100.1 branch 192.0.2.1 hq none >/run/branch/swanctl.conf
swanctl_at branch --load-all --file /run/branch/swanctl.conf >/dev/null
move_in /run/hq/etc/swanctl.conf 's|169.254.1.1/30|10.6.106.1/30|; s|169.254.1.2|10.6.106.2|'
assert_match "what is not carried over" "inner addresses of tunnels/branch stand elsewhere" "$(cat /run/hq/notes)"
traffic_passes
"$vtictl" import /run/branch/swanctl.conf --secrets-dir /run/branch/etc/secrets 2>/dev/null |
  sed 's|169.254.1.1/30|10.6.106.2/30|; s|169.254.1.2|10.6.106.1|' >/run/branch/etc/vtid.json
"$vtictl" compare /run/hq/etc/vtid.json /run/branch/etc/vtid.json || fail "the two ends' files do not meet"
kill_vtid hq
kill_charon hq
ip -n hq link delete ipsec1
rm -rf /run/hq/state
start_charon hq
peer_does --terminate --ike branch >/dev/null || true

say "from pfSense, whose peer runs what pfSense's generator writes, bound by an if_id for want of if_ipsec(4)"
cat >/run/hq/etc/config.xml <<XML
<?xml version="1.0"?>
<pfsense>
  <version>23.3</version>
  <interfaces>
    <wan><enable></enable><if>wan</if><descr>WAN</descr><ipaddr>192.0.2.1</ipaddr><subnet>24</subnet></wan>
    <opt1><enable></enable><if>ipsec1</if><descr>VTI</descr></opt1>
  </interfaces>
  <filter>
    <rule><type>pass</type><interface>opt1</interface><ipprotocol>inet</ipprotocol><protocol>icmp</protocol><source><any></any></source><destination><any></any></destination><descr>pings</descr></rule>
  </filter>
  <ipsec>
    <filtermode>if_ipsec</filtermode>
    <phase1><ikeid>1</ikeid><iketype>ikev2</iketype><interface>wan</interface><remote-gateway>198.51.100.1</remote-gateway><protocol>inet</protocol>
      <myid_type>myaddress</myid_type><peerid_type>fqdn</peerid_type><peerid_data>branch.example</peerid_data>
      <encryption><item><encryption-algorithm><name>aes</name><keylen>256</keylen></encryption-algorithm><hash-algorithm>sha256</hash-algorithm><dhgroup>14</dhgroup></item></encryption>
      <lifetime>28800</lifetime><pre-shared-key>$psk</pre-shared-key><authentication_method>pre_shared_key</authentication_method>
      <descr>branch</descr><nat_traversal>on</nat_traversal><mobike>off</mobike><dpd_delay>10</dpd_delay><dpd_maxfail>5</dpd_maxfail></phase1>
    <phase2><ikeid>1</ikeid><uniqid>1</uniqid><mode>vti</mode><reqid>1</reqid><localid><type>network</type><address>10.6.106.1</address><netbits>30</netbits></localid>
      <remoteid><type>address</type><address>10.6.106.2</address></remoteid><protocol>esp</protocol>
      <encryption-algorithm-option><name>aes256gcm</name><keylen>128</keylen></encryption-algorithm-option><pfsgroup>14</pfsgroup><lifetime>3600</lifetime></phase2>
  </ipsec>
</pfsense>
XML
cat >/run/branch/swanctl.conf <<CONF
connections {
  con1 {
    fragmentation = yes
    unique = replace
    version = 2
    proposals = aes256-sha256-modp2048
    dpd_delay = 10s
    rekey_time = 25920s
    reauth_time = 0s
    over_time = 2880s
    rand_time = 2880s
    encap = no
    mobike = no
    local_addrs = 198.51.100.1
    remote_addrs = 192.0.2.1
    pools =
    local { id = fqdn:branch.example
      auth = psk }
    remote { id = 192.0.2.1
      auth = psk }
    children { con1 {
      close_action = none
      dpd_action = clear
      mode = tunnel
      life_time = 3600s
      rekey_time = 3240s
      rand_time = 360s
      start_action = none
      remote_ts = 10.6.106.1,0.0.0.0/0
      local_ts = 10.6.106.2/30,0.0.0.0/0
      if_id_in = 1
      if_id_out = 1
      esp_proposals = aes256gcm128-modp2048,aes256gcm96-modp2048
    } }
  }
}
secrets {
  ike-0 { secret = 0s$key
    id-0 = %any
    id-1 = 192.0.2.1 }
}
CONF
swanctl_at branch --load-all --clear --file /run/branch/swanctl.conf >/dev/null
move_in /run/hq/etc/config.xml
assert_eq "interface" ipsec1 "$(vtictl_at hq --json list interfaces | jq -r '.[] | select(.name == "VTI").device')"
traffic_passes
