#!/bin/bash
# Gateways on one segment that are probed by one address behind them do not lend each other their health: one whose machine is away
# is down while the other is online, one that has never been there is down, and a route moves accordingly. Their rules and tables
# outlive vtid, come back when somebody takes them away, and go with the file's last word of them.
. "$(dirname "$0")/lib.sh"

target=203.0.113.77
monitor='{ "address": "'$target'", "interval": "200ms", "loss_interval": "1s", "period": "5s", "alert": "200ms", "hold": "1s" }'
write_gateways() { # jq-filter for one that has them
  write_config hq
  jq --argjson monitor "$monitor" "
    .interfaces += { WAN: { device: \"wan\" } } |
    .gateways = { FIRST: { interface: \"WAN\", address: \"192.0.2.254\" }, SECOND: { interface: \"WAN\", address: \"192.0.2.253\" },
      NOBODY: { interface: \"WAN\", address: \"192.0.2.252\" } } |
    .gateway_groups = { OUT: { members: [ { gateway: \"SECOND\" }, { gateway: \"FIRST\", tier: 2 } ] } } |
    .routes += [ { to: \"10.99.0.0/24\", via: \"OUT\" } ] | $1" /run/hq/etc/vtid.json >/run/hq/etc/gateways.json
  mv /run/hq/etc/gateways.json /run/hq/etc/vtid.json
}
gateway_is() { [[ $(vtictl_at hq --json show gateways "$1" | jq -r .state) == "$2" ]]; } # gateway state
goes_to() { [[ $(ip -n hq route show 10.99.0.0/24) == *"via $1 "* ]]; } # next hop
rules() { ip -n hq rule list | grep -c '^11699:' || true; }
rules_are() { [[ $(rules) == "$1" ]]; } # number

make_network
# Two routers on hq's segment, each with the probed address behind it.
modprobe macvlan
ip netns add second
ip -n wan link add link hq name second netns second type macvlan mode bridge
ip -n second address add 192.0.2.253/24 dev second
ip -n second link set second up
for router in wan second; do
  ip -n "$router" link set lo up
  ip -n "$router" address add "$target/32" dev lo
done
start_charon hq
write_gateways '.gateways[].monitor = $monitor'
start_vtid hq

expect 10 gateway_is FIRST online
expect 10 gateway_is SECOND online
expect 10 gateway_is NOBODY down
expect 5 goes_to 192.0.2.253
assert_eq "rules" 3 "$(rules)"

say "the second router goes; the probed address answers by the first"
ip -n second link set second down
expect 10 gateway_is SECOND down
expect 5 goes_to 192.0.2.254
assert_eq "the first" online "$(vtictl_at hq --json show gateways FIRST | jq -r .state)"
assert_match "the probed address" "bytes from" "$(ping_once hq "$target")"

say "it is back, and the first no longer answers"
ip -n second link set second up
ip -n wan address delete "$target/32" dev lo
expect 20 gateway_is SECOND online
expect 10 gateway_is FIRST down
expect 5 goes_to 192.0.2.253

say "somebody takes a rule away"
ip -n hq rule delete priority 11699
expect 5 rules_are 3

say "vtid is killed and starts again"
kill_vtid hq
assert_eq "rules meanwhile" 3 "$(rules)"
start_vtid hq
expect 10 gateway_is SECOND online
expect 10 gateway_is FIRST down
assert_eq "rules" 3 "$(rules)"
expect 10 converged hq
plan_is_empty hq

say "the file takes the address back"
write_gateways '.gateways.NOBODY.monitor.enabled = false'
vtictl_at hq reload
expect 5 rules_are 0
assert_eq "tables" "" "$(ip -n hq route show table all | grep ' table 1190' || true)"
expect 10 gateway_is FIRST online
