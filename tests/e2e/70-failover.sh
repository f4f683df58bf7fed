#!/bin/bash
# Two outer links with a tunnel over each, a group over both tunnels, and a route through the group: when the first link is cut
# under a TCP transfer, the routes of both sites move in under two seconds, in one step and without a moment without a route,
# and come back after the hold. The default route follows a group of the two links.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/two-paths.sh"

dpd=30s # the monitors are to tell, not IKE
hold=4

# Far below the defaults, and above what an emulated processor makes of a round trip.
monitor='{ "interval": "100ms", "loss_interval": "400ms", "period": "2s", "alert": "100ms", "hold": "'$hold's",
  "latency": { "low": "300ms", "high": "400ms" }, "loss": { "low": 10, "high": 30 } }'

write_site() { # site
  write_config "$1"
  add_second "$1" '
    .interfaces += { WAN: { device: "wan" }, WAN2: { device: "wan2" } } |
    .gateways = { A_VTIV4: { monitor: $monitor }, A_VTIV6: { monitor: $monitor }, B_VTIV4: { monitor: $monitor },
      WAN_GW: { interface: "WAN", address: $router, monitor: $monitor },
      WAN2_GW: { interface: "WAN2", address: $there, monitor: $monitor } } |
    .gateway_groups = { SITE: { members: [ { gateway: "A_VTIV4" }, { gateway: "B_VTIV4", tier: 2 } ] },
      OUT: { members: [ { gateway: "WAN_GW" }, { gateway: "WAN2_GW", tier: 2 } ] } } |
    .default_gateway = { ipv4: "OUT" } |
    .routes = [ { to: $lan, via: "SITE" }, { to: $pinned, via: "WAN_GW" },
      { to: "10.8.0.0/24", via: "A_VTIV4", when_down: "withdraw" },
      { to: "10.9.0.0/24", via: "A_VTIV4", when_down: "blackhole" },
      { to: "fd00:8::/64", via: "A_VTIV6", when_down: "withdraw" },
      { to: "fd00:9::/64", via: "A_VTIV6", when_down: "blackhole" } ]' \
    --arg router "${outer[$1]%.*}.254" --arg pinned "${outer[${peer[$1]}]}/32"
}

route_is() { [[ $(ip -n "$1" route show "$2" | xargs) =~ $3 ]]; } # site destination regular-expression
route6_is() { [[ $(ip -n "$1" -6 route show "$2" | xargs) =~ $3 ]]; } # site destination regular-expression
group_is() { [[ $(vtictl_at "$1" --json show groups "$2" | jq -r '"\(.state) \(.carriers | join(" "))"') == "$3" ]]; } # site group text
cut_link() { local site; for site in hq branch; do tc -n wan qdisc replace dev "$site" root netem loss 100%; done; }
mend_link() { local site; for site in hq branch; do tc -n wan qdisc delete dev "$site" root; done; }

start_two_paths
for site in hq branch; do expect 10 group_is "$site" SITE "full A_VTIV4"; done

say "a default route that the host has already is not fought, and given up it is ours"
assert_match "problem" "default_gateway/ipv4|route 0.0.0.0/0" "$(problem_says hq 'File exists')"
for site in hq branch; do ip -n "$site" route delete default; done
for site in hq branch; do expect 15 route_is "$site" default "^default via ${outer[$site]%.*}.254 dev wan proto 118$"; done
for site in hq branch; do expect 15 converged "$site"; done
assert_eq "the LAN behind the branch" 1 "$(goes_by hq 10.2.0.10 ipsec1 && echo 1)"

say "a transfer begins"
begin_transfer
record_start hq

say "the first link is cut"
cut_link
began=$(now)
expect 3 goes_by hq 10.2.0.10 ipsec2
expect 3 goes_by branch 10.1.0.10 ipsec2
moved=$(($(moved_at hq ipsec2) - began)) both=$(($(moved_at branch ipsec2) - began))
expect 3 route_is hq default "^default via ${outer2[branch]} dev wan2 proto 118$"
say "hq moved after $moved ms, the branch after $both ms"
((moved < 2000 && both < 2000)) || fail "moved too late: $moved ms and $both ms"
# before charon's own dead-peer detection has its say
expect 5 tunnel_is hq branch silent
assert_eq "the SAs are still there" 1 "$(children_up hq branch)"
expect 10 arrived_more_than $(($(arrived) + 100000))
expect 1 route_is hq 10.8.0.0/24 "^$"
expect 1 route_is hq 10.9.0.0/24 "^blackhole 10.9.0.0/24 proto 118$"
expect 2 route6_is hq fd00:8::/64 "^$"
expect 1 route6_is hq fd00:9::/64 "^blackhole fd00:9::/64 .*proto 118"
expect 2 group_is hq SITE "reduced B_VTIV4"
assert_match "state" "^(down)$" "$(vtictl_at hq --json show gateways A_VTIV4 | jq -r .state)"
assert_match "explained" "group +reduced +SITE.* carried by B_VTIV4; A_VTIV4 is down" "$(vtictl_at hq explain A_VTIV4)"
assert_match "withdrawn" "withdrawn" "$(vtictl_at hq explain 10.8.0.0/24)"
expect 5 grep -qE 'traffic moved gateway=(A_VTIV[46]|WAN_GW) changes=[0-9]+ ms=[0-9]+$' /run/hq/vtid.log
assert_match "how long it took" '^vtid_gateway_move_seconds\{gateway="(A_VTIV[46]|WAN_GW)"\} [01]\.' "$(vtictl_at hq metrics | grep '^vtid_gateway_move_seconds')"
assert_match "pinned" "dev wan " "$(ip -n hq route get "${outer[branch]}")"

say "the first link is back"
mend_link
began=$(now)
expect 20 goes_by hq 10.2.0.10 ipsec1
back=$(($(moved_at hq ipsec1) - began))
say "hq moved back after $back ms"
((back >= hold * 1000)) || fail "moved back before the hold: $back ms"
expect 5 goes_by branch 10.1.0.10 ipsec1
expect 5 route_is hq default "^default via 192.0.2.254 dev wan proto 118$"
expect 1 route_is hq 10.8.0.0/24 "via 10.6.106.2 dev ipsec1"
expect 1 route_is hq 10.9.0.0/24 "via 10.6.106.2 dev ipsec1"
expect 2 route6_is hq fd00:8::/64 "via fd00:6::2 dev ipsec1"
expect 1 route6_is hq fd00:9::/64 "via fd00:6::2 dev ipsec1"
expect 5 group_is hq SITE "full A_VTIV4"

expect 10 arrived_more_than $(($(arrived) + 100000))
end_transfer
record=$(record_stop hq)
# A route that moves gets its successor before it goes.
fewest() { grep -F "$1 via" <<<"$record" | fewest_ways; }
assert_eq "the fewest routes there ever were, to the LAN and by default" "1 1" "$(fewest 10.2.0.0/24) $(fewest default)"
assert_eq "moves" 2 "$(grep -F '10.2.0.0/24 via' <<<"$record" | grep -vc Deleted)"
expect 1 grep -q 'group changed group=SITE carriers=B_VTIV4 reason="A_VTIV4 is down: ' /run/hq/vtid.log
