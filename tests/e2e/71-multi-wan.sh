#!/bin/bash
# One tunnel over two uplinks of the branch, each of which lets only its own addresses out: when the first one is cut under a ping,
# the tunnel goes on by the second with one IKE_SA, and no link, address or route of the branch is written; it comes back after the
# hold, before the second one ends. Then the same tunnel follows the address of an interface, and the next hops of lines by DHCP.
. "$(dirname "$0")/lib.sh"

outer_devices=wan,wan2
second=203.0.113
hold=4
monitor='{ "interval": "100ms", "loss_interval": "400ms", "period": "2s", "alert": "100ms", "hold": "'$hold's",
  "latency": { "low": "300ms", "high": "400ms" }, "loss": { "low": 10, "high": 30 } }'

edit() { # site jq-filter [jq-arguments...]
  local file=/run/$1/etc/vtid.json
  jq "${@:3}" --argjson monitor "$monitor" "$2" "$file" >"$file.new"
  mv "$file.new" "$file"
}
now() { echo $((${EPOCHREALTIME/./} / 1000)); }
local_is() { [[ $(status_of branch '.tunnels[0].local') == "$1" ]]; } # address
ike_sas() { vtictl_at "$1" --json list sas | jq length; } # site
cut_uplink() {
  tc -n wan qdisc replace dev branch root netem loss 100%
  tc -n branch qdisc replace dev wan root netem loss 100%
}
mend_uplink() {
  tc -n wan qdisc delete dev branch root
  tc -n branch qdisc delete dev wan root
}
after() { # milliseconds text: when the branch's log said that after then
  local line
  line=$(grep -E "$2" /run/branch/vtid.log | tail -n 1)
  echo $(($(date -d "${line%% *}" +%s%3N) - $1))
}

modprobe sch_netem
make_network
cable wan branch2 "$second.254/24" branch wan2 "$second.1/24"
at wan sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.branch.rp_filter=1 net.ipv4.conf.branch2.rp_filter=1
for site in hq branch; do start_charon "$site"; write_config "$site"; done
edit hq '.tunnels.branch.ike += { unique: "replace" } | .tunnels.branch.ike.remote.address = "any"'
edit branch '.tunnels.hq.ike.local = { gateway: "UPLINKS", id: "branch" } |
  .interfaces += { WAN: { device: "wan" }, WAN2: { device: "wan2" } } |
  .gateways = { WAN_GW: { interface: "WAN", address: "198.51.100.254", monitor: $monitor },
    WAN2_GW: { interface: "WAN2", address: "203.0.113.254", monitor: $monitor } } |
  .gateway_groups = { UPLINKS: { members: [ { gateway: "WAN_GW" }, { gateway: "WAN2_GW", tier: 2 } ] } }'
for site in hq branch; do start_vtid "$site"; done
expect 30 tunnel_is branch hq up
expect 10 ping_once branch "${inner[hq]}"
expect 15 converged branch
assert_eq "begins at" 198.51.100.1 "$(status_of branch '.tunnels[0].local')"
assert_match "explained" "our end +known +198.51.100.1 on wan: WAN_GW carries UPLINKS" "$(vtictl_at branch explain hq)"
assert_match "the other uplink is ready" "via $second.254 dev wan2" "$(ip -n branch route get "${outer[hq]}" from "$second.1")"

say "the first uplink is cut"
index=$(ifindex branch ipsec1)
ping_start branch "${inner[hq]}"
record_start branch
began=$(now)
cut_uplink
expect 20 local_is "$second.1"
expect 5 tunnel_is branch hq up
expect 10 ping_once branch "${inner[hq]}"
ping_stop
say "decided after $(after "$began" 'tunnel moved') ms; $ping_lost of $((ping_answered + ping_lost)) pings lost, one each 4 ms"
((ping_lost < 1250)) || fail "the gap was longer than five seconds"
assert_eq "written at the branch" "" "$(record_stop branch)"
assert_eq "ifindex" "$index" "$(ifindex branch ipsec1)"
expect 5 eval '[[ $(ike_sas branch) == 1 ]]'
expect 40 eval '[[ $(ike_sas hq) == 1 ]]'
assert_match "explained" "WAN2_GW carries UPLINKS: WAN_GW is down" "$(vtictl_at branch explain hq)"
expect 5 converged branch
expect 10 ping_once branch-lan 10.1.0.10

say "the first uplink is back"
ping_start branch "${inner[hq]}"
record_start branch
began=$(now)
mend_uplink
expect 30 local_is 198.51.100.1
expect 5 eval '[[ $(ike_sas branch) == 1 ]]'
expect 5 eval '[[ $(ike_sas hq) == 1 ]]'
ping_stop
back=$(after "$began" 'tunnel moved')
say "back after $back ms; $ping_lost of $((ping_answered + ping_lost)) pings lost"
((back >= hold * 1000)) || fail "moved back before the hold: $back ms"
((ping_lost < 50)) || fail "the way back was no make before break"
assert_eq "written at the branch" "" "$(record_stop branch)"

say "the tunnel follows an interface"
edit branch '.tunnels.hq.ike.local = { interface: "wan2", id: "branch" }'
vtictl_at branch reload >/dev/null
expect 20 local_is "$second.1"
expect 10 eval '[[ -z $(ip -n branch rule list priority 11698) ]]'
ip -n branch route replace default via "$second.254"
expect 20 tunnel_is branch hq up
ip -n branch address add "$second.7/24" dev wan2
sleep 2
assert_eq "one more address changes nothing" "$second.1" "$(status_of branch '.tunnels[0].local')"
at branch sysctl -qw net.ipv4.conf.wan2.promote_secondaries=1
ip -n branch address delete "$second.1/24" dev wan2
ip -n branch route replace default via "$second.254"
expect 20 local_is "$second.7"
expect 20 ping_once branch "${inner[hq]}"
assert_eq "ifindex" "$index" "$(ifindex branch ipsec1)"

say "the tunnel has an address of the group's member"
edit branch '.tunnels.hq.ike.local = { gateway: "UPLINKS", id: "branch" } | .gateway_groups.UPLINKS.members[0].local = "198.51.100.9"'
vtictl_at branch reload >/dev/null
nowhere() { vtictl_at branch explain hq | grep -qE 'our end +unknown +this host does not have 198.51.100.9, the address for WAN_GW'; }
expect 20 nowhere
expect 5 tunnel_is branch hq down
ip -n branch address add 198.51.100.9/24 dev wan
expect 20 local_is 198.51.100.9
expect 20 tunnel_is branch hq up
expect 20 ping_once branch "${inner[hq]}"
assert_match "leaves by its own table" "lookup 119" "$(ip -n branch rule list from 198.51.100.9)"
assert_eq "ifindex" "$index" "$(ifindex branch ipsec1)"

say "the lines have their next hops by DHCP"
at branch sysctl -qw net.ipv6.conf.wan.accept_ra=0
ip -n branch route flush default
ip -n branch route add default via 198.51.100.254 dev wan proto dhcp metric 100
ip -n branch route add default via "$second.254" dev wan2 proto dhcp metric 200
edit branch '.tunnels.hq.ike.local = { gateway: "UPLINKS", id: "branch" } | del(.gateway_groups.UPLINKS.members[0].local) |
  (.gateways.WAN_GW, .gateways.WAN2_GW) |= (.address = "dynamic" | .family = "ipv4") | .default_gateway = { ipv4: "UPLINKS" }'
vtictl_at branch reload >/dev/null
gateway_of() { vtictl_at branch --json show gateways "$1" | jq -r '"\(.address) \(.state)"'; }
expect 10 eval '[[ $(gateway_of WAN_GW) == "198.51.100.254 online" && $(gateway_of WAN2_GW) == "$second.254 online" ]]'
expect 10 local_is 198.51.100.1
assert_match "the default route of vtid" "via 198.51.100.254" "$(ip -n branch route list default proto 118)"

say "the first line loses its lease"
ip -n branch route delete default via 198.51.100.254 dev wan proto dhcp
expect 10 eval '[[ $(gateway_of WAN_GW) == "null pending" ]]'
assert_match "why" "WAN_GW has no next hop" "$(vtictl_at branch explain hq)"
expect 10 local_is "$second.7"
assert_match "the default route of vtid" "via $second.254" "$(ip -n branch route list default proto 118)"
expect 20 ping_once branch "${inner[hq]}"

say "it comes back with another next hop"
ip -n wan address add 198.51.100.253/24 dev branch
ip -n branch route add default via 198.51.100.253 dev wan proto dhcp metric 100
expect 20 eval '[[ $(gateway_of WAN_GW) == "198.51.100.253 online" ]]'
expect 20 local_is 198.51.100.1
assert_match "the default route of vtid" "via 198.51.100.253" "$(ip -n branch route list default proto 118)"
expect 20 ping_once branch "${inner[hq]}"
assert_eq "ifindex" "$index" "$(ifindex branch ipsec1)"
expect 5 converged branch
