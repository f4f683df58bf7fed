#!/bin/bash
# OSPFv2 and OSPFv3 over two tunnels, with the files of docs/cookbook/ospf.md: adjacencies and routes do not notice rekeys, reloads
# and restarts of vtid, and when one tunnel is cut the other carries.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/frr.sh"
start_two_tunnels
start_frr ospf "hq branch" ospfd ospf6d

for site in hq branch; do
  expect 30 ways_are "$site" "${lan[${peer[$site]}]}.0/24" "ipsec1 ipsec2"
  expect 30 ways_are "$site" "${lan6[${peer[$site]}]}:/64" "ipsec1 ipsec2" -6
done
expect 5 ping_once hq-lan 10.2.0.10
expect 5 ping_once hq-lan fd00:2::10

adjacencies() { # site: of OSPFv2 and OSPFv3
  frr_at "$1" 'show ip ospf neighbor json' | jq -c '[.neighbors[][] | [.ifaceName, .nbrState]]'
  frr_at "$1" 'show ipv6 ospf neighbor json' | jq -c '[.neighbors[] | [.interfaceName, .state]]'
}
changes() { grep -c AdjChg "/run/$1/frr.log"; } # site: what the daemons log of every change of an adjacency
before=$(adjacencies branch) count=$(changes branch)
assert_match "adjacencies" 'Full.*Full.*Full.*Full' "${before//$'\n'/ }"
disturb
assert_eq "adjacencies" "$before" "$(adjacencies branch)"
assert_eq "changes of them" "$count" "$(changes branch)"

says 0 . branch down hq
expect 8 ways_are branch 10.1.0.0/24 ipsec2
expect 8 ways_are hq fd00:2::/64 ipsec2 -6
expect 2 ping_once hq-lan 10.2.0.10
says 0 . branch up hq
expect 15 ways_are branch 10.1.0.0/24 "ipsec1 ipsec2"
expect 15 ways_are hq fd00:2::/64 "ipsec1 ipsec2" -6
