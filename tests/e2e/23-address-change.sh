#!/bin/bash
# The branch changes its outer address under a ping: with MOBIKE the SAs move; without, the tunnel comes back by itself.
. "$(dirname "$0")/lib.sh"

move_branch() { # from to
  ip -n branch address add "$2/24" dev wan
  ip -n branch address delete "$1/24" dev wan
  ip -n branch route replace default via 198.51.100.254
}
remote_is() { [[ $(status_of hq '.tunnels[0].remote') == "$1" ]]; }

make_network
at branch sysctl -qw net.ipv4.conf.all.promote_secondaries=1 net.ipv4.conf.wan.promote_secondaries=1
start_charon hq branch
for site in hq branch; do
  write_config "$site"
  sed -i 's/"dpd": "2s"/"dpd": "2s", "mobike": true/' "/run/$site/etc/vtid.json"
done
sed -i 's/"address": "198.51.100.1"/"address": "any"/' /run/hq/etc/vtid.json /run/branch/etc/vtid.json
for site in hq branch; do start_vtid "$site"; done
expect 30 tunnel_is branch hq up
expect 10 ping_once branch "${inner[hq]}"

index=$(ifindex hq ipsec1)/$(ifindex branch ipsec1)
spis=$(child_spis hq)
ping_start branch "${inner[hq]}"
record_start hq
record_start branch
move_branch 198.51.100.1 198.51.100.7
expect 15 remote_is 198.51.100.7
expect 10 eval '[[ $(status_of branch ".tunnels[0].local") == 198.51.100.7 ]]'
ping_stop
say "MOBIKE: $ping_lost of $((ping_answered + ping_lost)) pings lost"
((ping_lost < 500)) || fail "the gap was longer than two seconds"
assert_eq "written at hq" "" "$(record_stop hq)"
assert_eq "told of ipsec1 at branch" "" "$(record_stop branch | grep ipsec1 || true)"
assert_eq "SPIs" "$spis" "$(child_spis hq)"
expect 5 ping_once hq-lan 10.2.0.10

for site in hq branch; do
  sed -i 's/"mobike": true/"mobike": false/' "/run/$site/etc/vtid.json"
  vtictl_at "$site" reload >/dev/null
done
vtictl_at branch down hq >/dev/null
vtictl_at branch up hq >/dev/null
spis=$(child_spis hq)
move_branch 198.51.100.7 198.51.100.8
expect 40 remote_is 198.51.100.8
expect 10 tunnel_is branch hq up
[[ $(child_spis hq) != "$spis" ]] || fail "without MOBIKE the SAs moved all the same"
expect 20 ping_once branch "${inner[hq]}"
expect 10 ping_once hq-lan 10.2.0.10
assert_eq "ifindexes" "$index" "$(ifindex hq ipsec1)/$(ifindex branch ipsec1)"

missing="tunnels/branch: its outer address ${outer[hq]} is not on this host"
ip -n hq address delete "${outer[hq]}/24" dev wan
expect 5 problem_says hq "$missing"
ip -n hq address add "${outer[hq]}/24" dev wan
ip -n hq route replace default via 192.0.2.254
expect 5 eval "! problem_says hq '$missing'"
