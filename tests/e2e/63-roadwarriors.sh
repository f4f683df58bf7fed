#!/bin/bash
# Two roadwarriors with virtual IPs behind one interface of the gateway (as in strongSwan's test rw-shared-xfrmi): the connection
# stays in swanctl.conf, with its pool; each roadwarrior's CHILD_SA has selectors and a reqid of its own, and the unit's if_id. The files
# of hq are those of docs/cookbook/interop.md.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/frr.sh"

declare -A home=([carol]=203.0.113.1 [dave]=203.0.114.1)
make_network
for site in carol dave; do
  ip netns add "$site"
  ip -n "$site" link set lo up
  cable wan "$site" "${home[$site]%.*}.254/24" "$site" wan "${home[$site]}/24"
  ip -n "$site" route add default via "${home[$site]%.*}.254"
done
start_charon hq carol dave

roadwarrior() { # site [lines]: its connection
  cat >"/run/$1/swanctl.conf" <<CONF
connections { gateway {
  version = 2
  remote_addrs = ${outer[hq]}
  vips = 0.0.0.0
  ${2:-}
  proposals = aes128gcm16-prfsha256-x25519
  local { auth = psk
          id = $1 }
  remote { auth = psk
           id = hq }
  children { gateway { remote_ts = 10.1.0.0/24, 10.3.0.0/24
                       esp_proposals = aes128gcm16-x25519 } }
} }
secrets { ike { secret = "$psk" } }
CONF
  swanctl_at "$1" --load-all --file "/run/$1/swanctl.conf" >/dev/null 2>&1
}
does() { at "$1" timeout 20 env STRONGSWAN_CONF="/run/$1/strongswan.conf" swanctl "${@:2}" --uri "unix:///run/$1/charon.vici"; }
vip() { ip -n "$1" -o -4 address show dev wan | sed -n 's/.* inet \(10\.3\.0\.[0-9]*\).*/\1/p'; }
arrives() { at "$1" ping -n -c 1 -W 1 -I "$(vip "$1")" "$2"; } # site address
enters() { does "$1" --initiate --child gateway >/dev/null; }
leaves() { does "$1" --terminate --ike gateway >/dev/null; }

roadwarrior carol
roadwarrior dave 'encap = yes'
recipe interop hq /etc/swanctl/conf.d/roadwarriors.conf | sed "s/secret = .*/secret = \"$psk\" } }/" >/run/hq/swanctl.conf
swanctl_at hq --load-all --file /run/hq/swanctl.conf >/dev/null 2>&1
write_recipe interop hq
start_vtid hq
children() { vtictl_at hq --json list sas | jq -r "[.[].children[] | select(.state == \"INSTALLED\") | $1] | unique | join(\",\")"; }
mtu() { ip -n hq -o link show dev ipsec7 | sed 's/.* mtu \([0-9]*\) .*/\1/'; }

# one after the other
assert_eq "state" waiting "$(tunnel_state hq road)"
enters carol
expect 10 tunnel_is hq road up
assert_eq "remote" "${home[carol]}" "$(status_of hq '.tunnels[].remote')"
expect 5 eval '[[ $(mtu) == 1446 ]]'
index=$(ifindex hq ipsec7)
enters dave
expect 5 eval '[[ $(children .reqid) == 1,2 ]]'
assert_eq "if_ids" 7 "$(children .if_id_in)"
expect 5 eval '[[ $(mtu) == 1438 ]]' # his way is the narrower one, in UDP
assert_eq "remote" any "$(status_of hq '.tunnels[].remote')"

# both at once, with the network and with each other
carol=$(vip carol) dave=$(vip dave)
expect 5 arrives carol 10.1.0.10
expect 5 arrives dave 10.1.0.10
expect 5 arrives carol "$dave"
expect 5 arrives dave "$carol"
expect 5 ping_once hq-lan "$carol"
expect 5 ping_once hq-lan "$dave"
expect 5 plan_is_empty hq
assert_eq "doctor's view of their numbers" ok "$({ vtictl_at hq --json doctor || true; } | jq -r '.checks[] | select(.name == "sa_numbers").state')"

# one leaves: the other does not notice
mkdir -p /run/hq-lan
ping_start hq-lan "$carol"
leaves dave
expect 5 eval '[[ $(children .reqid) == 1 ]]'
expect 5 eval '[[ $(mtu) == 1446 ]]'
ping_stop
assert_eq "lost pings" 0 "$ping_lost"
assert_eq "state" up "$(tunnel_state hq road)"

# he comes back, vtid restarts under both, and all is renewed
enters dave
kill_vtid hq
start_vtid hq
expect 5 tunnel_is hq road up
expect 5 plan_is_empty hq
assert_match "rekey" "road has new CHILD_SAs and a new IKE_SA" "$(vtictl_at hq rekey road)"
does carol --rekey --child gateway >/dev/null
expect 5 arrives carol "$dave"
expect 5 arrives dave 10.1.0.10

# nobody is left, then one is sent away
leaves carol
leaves dave
expect 5 tunnel_is hq road waiting
enters carol
expect 5 tunnel_is hq road up
assert_match "down" "road is down" "$(vtictl_at hq down road)"
expect 5 eval '[[ -z $(vip carol) ]]'
assert_eq "ifindex" "$index" "$(ifindex hq ipsec7)"
