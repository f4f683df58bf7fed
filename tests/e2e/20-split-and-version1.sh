#!/bin/bash
# One interface per child: split over IKEv2 (with a tunnel-mode child beside) and IKEv1, both between the same two sites.
. "$(dirname "$0")/lib.sh"

# site: tunnels "split" and "old" to the peer
two_tunnels() {
  local site=$1 remote=${peer[$1]} start=start me=1 other=2
  if [[ $site == hq ]]; then start=none; else me=2 other=1; fi
  ike() { # id proposals more
    echo "\"ike\": { \"local\": { \"address\": \"${outer[$site]}\", \"id\": \"$site-$1\" },
      \"remote\": { \"address\": \"${outer[$remote]}\", \"id\": \"$remote-$1\" }, \"auth\": { \"psk\": { \"file\": \"peer.psk\" } },
      \"proposals\": [\"$2\"], \"dpd\": \"2s\", $3 }, \"start\": \"$start\""
  }
  echo "\"split\": { $(ike split aes128gcm16-prfsha256-x25519 '"split": true'),
      \"children\": {
        \"a\": { \"local\": \"10.6.1.$me/30\", \"remote\": \"10.6.1.$other\", \"proposals\": [\"aes128gcm16\"] },
        \"b\": { \"local\": \"10.6.2.$me/30\", \"remote\": \"10.6.2.$other\", \"proposals\": [\"aes256gcm16\"] },
        \"six\": { \"local\": \"fd00:6:3::$me/127\", \"remote\": \"fd00:6:3::$other\", \"proposals\": [\"aes128gcm16\"] },
        \"lan\": { \"mode\": \"tunnel\", \"local\": \"${lan[$site]}.0/24\", \"remote\": \"${lan[$remote]}.0/24\", \"proposals\": [\"aes128gcm16\"] } } },
    \"old\": { $(ike old aes128-sha256-x25519 '"version": 1'),
      \"children\": {
        \"v4\": { \"local\": \"10.6.4.$me/30\", \"remote\": \"10.6.4.$other\", \"proposals\": [\"aes128-sha256\"] },
        \"v6\": { \"local\": \"fd00:6:4::$me/126\", \"remote\": \"fd00:6:4::$other\", \"proposals\": [\"aes128-sha256\"] } } }"
}

make_network
start_charon hq branch
for site in hq branch; do
  mkdir -p "/run/$site/etc"
  (umask 077; echo "$psk" >"/run/$site/etc/peer.psk")
  cat >"/run/$site/etc/vtid.json" <<JSON
{ "charon": { "vici": "unix:///run/$site/charon.vici" }, "tunnels": { $(two_tunnels "$site" | sed 's/fd00:6:3::2\b/fd00:6:3::0/; s/fd00:6:3::2\//fd00:6:3::0\//') },
  "interfaces": { "B": { "tunnel": "split", "child": "b" }, "OLD6": { "tunnel": "old", "child": "v6" } },
  "routes": [ { "to": "10.77.${inner[$site]##*.}.0/24", "via": "B_VTIV4" } ] }
JSON
  start_vtid "$site"
done
expect 40 tunnel_is branch split up
expect 40 tunnel_is branch old up
expect 10 tunnel_is hq split up

assert_eq "children of split" "4 of 4" "$(status_of branch '.tunnels[] | select(.name == "split") | "\(.children_up) of \(.children_wanted)"')"
assert_eq "an interface for each VTI child" "a=ipsec1 b=ipsec2 six=ipsec3 lan=" \
  "$(status_of branch '[.tunnels[] | select(.name == "split").child_sas[] | "\(.name)=\(.device)"] | join(" ")')"
for address in 10.6.1.1 10.6.2.1 10.6.4.1; do expect 5 ping_once branch $address; done
expect 5 ping_once branch fd00:6:4::1
expect 5 ping_once branch fd00:6:3::1

# each child's packets go through its own interface and its own SAs
packets_of() { status_of branch ".tunnels[0].child_sas[] | select(.name == \"$1\").packets_in"; }
before=$(packets_of a)
at branch ping -q -n -c 5 -i 0.05 10.6.1.1 >/dev/null
assert_eq "answers that came in by a's interface" 5 $(($(packets_of a) - before))

# the tunnel-mode child protects what goes between the two networks: it is seen on the wire as ESP only
at wan tcpdump -n -l -i hq >/run/wire 2>/dev/null &
wire=$!
sleep 1
at branch-lan ping -q -n -c 3 -i 0.2 -W 2 10.1.0.10 >/dev/null || fail "the tunnel-mode child carries nothing"
sleep 0.5
kill $wire
assert_eq "in clear on the wire" 0 "$(grep -cE '10\.1\.0\.10|10\.2\.0\.10' /run/wire || true)"
assert_match "on the wire" ESP "$(grep -m1 ESP /run/wire)"

# one child is taken down alone, and the others do not notice
assert_match "down of a child" "split/b is down" "$(vtictl_at branch down split/b)"
expect 5 ping_once branch 10.6.1.1
! ping_once branch 10.6.2.1 >/dev/null || fail "b still carries"
assert_match "up of a child" "split/b is up: ipsec2" "$(vtictl_at branch up split/b)"
expect 5 ping_once branch 10.6.2.1
assert_match "rekey of a child" "split/b has new CHILD_SAs" "$(vtictl_at branch rekey split/b)"
expect 5 ping_once branch 10.6.2.1
assert_match "rekey of IKEv1" "old/v4 has new CHILD_SAs" "$(vtictl_at branch rekey old/v4)"
expect 5 ping_once branch 10.6.4.1
assert_match "explain of a child" "ipsec2" "$(vtictl_at branch explain split/b)"

# units stay when the first child is disabled and the children change places
sed -i 's/"a": { "local"/"a": { "enabled": false, "local"/' /run/branch/etc/vtid.json
vtictl_at branch reload >/dev/null
expect 5 eval '! ip -n branch link show ipsec1'
assert_eq "b's interface" ipsec2 "$(status_of branch '.tunnels[0].child_sas[] | select(.name == "b").device')"
expect 5 ping_once branch 10.6.2.1
