#!/bin/bash
# BFD beside BGP, with the files of docs/cookbook/bgp.md: when the way between the sites swallows ESP and IKE still believes in
# its tunnel, the routes leave it in about a second.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/frr.sh"
start_two_tunnels
start_frr bgp "hq branch" bgpd bfdd
for site in hq branch; do
  recipe bgp "$site" "/etc/frr/frr.conf, BFD" >"/run/$site/bfd.conf"
  frr_reads "$site" "/run/$site/bfd.conf"
done

bfd_up() { frr_at "$1" 'show bfd peers json' | jq -e 'map(select(.status == "up")) | length == 2'; } # site
for site in hq branch; do
  expect 20 bfd_up "$site"
  expect 20 ways_are "$site" "${lan[${peer[$site]}]}.0/24" "ipsec1 ipsec2"
done

ip -n branch -ts monitor route >/run/branch/monitor 2>&1 &
sleep 0.5
at wan nft 'add table ip cut; add chain ip cut way { type filter hook forward priority 0; }; add rule ip cut way meta l4proto esp drop'
cut=$(date +%s%3N)
expect 8 ways_are branch 10.1.0.0/24 ipsec2
left=$(sed -n 's/^\[\(.*\)\] *\(Deleted \)*10\.1\.0\.0\/24.*/\1/p' /run/branch/monitor | head -n 1)
took=$(($(date -d "$left" +%s%3N) - cut))
assert_match "why" BFD "$(frr_at branch 'show bgp neighbors 10.6.106.1 json' | jq -r '.[].lastNotificationReason')"
assert_eq "in time: $took ms" 1 "$((took < 2000))"
expect 5 ways_are hq 10.2.0.0/24 ipsec2
expect 2 ping_once hq-lan 10.2.0.10
assert_eq "the SAs are still there" 1 "$(children_up branch hq)"

at wan nft delete table ip cut
expect 15 ways_are branch 10.1.0.0/24 "ipsec1 ipsec2"
expect 15 ways_are hq 10.2.0.0/24 "ipsec1 ipsec2"
