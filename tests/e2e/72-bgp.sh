#!/bin/bash
# eBGP over two tunnels, with the files of docs/cookbook/bgp.md: sessions and routes do not notice rekeys, reloads and restarts of
# vtid, and when one tunnel is cut the other carries.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/frr.sh"
start_two_tunnels
start_frr bgp "hq branch" bgpd

for site in hq branch; do
  expect 20 ways_are "$site" "${lan[${peer[$site]}]}.0/24" "ipsec1 ipsec2"
  expect 20 ways_are "$site" "${lan6[${peer[$site]}]}:/64" "ipsec1 ipsec2" -6
done
expect 5 ping_once hq-lan 10.2.0.10
expect 5 ping_once hq-lan fd00:2::10

# of each session: its state, how often it came up and went down
sessions() { frr_at "$1" 'show bgp neighbors json' | jq -c 'map_values([.bgpState, .connectionsEstablished, .connectionsDropped])'; } # site
uptime() { frr_at "$1" 'show bgp neighbors json' | jq 'map(.bgpTimerUpMsec) | min / 1000 | floor'; } # site
before=$(sessions branch)
up=$(uptime branch) began=$SECONDS
disturb
assert_eq "sessions" "$before" "$(sessions branch)"
assert_eq "sessions are as old as they should be" 1 "$(($(uptime branch) >= up + SECONDS - began - 1))"

says 0 . branch down hq
expect 5 ways_are branch 10.1.0.0/24 ipsec2
expect 5 ways_are hq 10.2.0.0/24 ipsec2
expect 2 ping_once hq-lan 10.2.0.10
says 0 . branch up hq
expect 10 ways_are branch 10.1.0.0/24 "ipsec1 ipsec2"
expect 10 ways_are hq 10.2.0.0/24 "ipsec1 ipsec2"
