#!/bin/bash
# The headquarters take calls from a network: the branch's is one of them. Then from a range that it is not in: it is out. Then from one in
# which it is.
. "$(dirname "$0")/lib.sh"

remote_is() { [[ $(status_of hq '.tunnels[0].remote') == "$1" ]]; } # address
callers() { # network or range
  jq --arg from "$1" 'del(.tunnels.branch.start) | .tunnels.branch.ike.remote.address = $from' /run/hq/etc/vtid.json >/run/hq/etc/new
  mv /run/hq/etc/new /run/hq/etc/vtid.json
}

make_network
start_charon hq branch
for site in hq branch; do write_config "$site"; done
callers 198.51.100.0/24
start_vtid hq
expect 5 tunnel_is hq branch waiting
assert_eq "may be in" 198.51.100.0/24 "$(status_of hq '.tunnels[0].remote')"
start_vtid branch
expect 30 tunnel_is branch hq up
expect 10 ping_once branch "${inner[hq]}"
expect 10 remote_is "${outer[branch]}"
index=$(ifindex hq ipsec1)

say "another range"
callers 198.51.100.2-198.51.100.255
says 0 accepted hq reload
expect 20 tunnel_is hq branch waiting
sleep 10
assert_eq "from elsewhere" waiting "$(tunnel_state hq branch)"

say "the right one"
callers 198.51.100.1-198.51.100.9
says 0 accepted hq reload
expect 90 tunnel_is hq branch up
expect 30 tunnel_is branch hq up
expect 10 ping_once branch "${inner[hq]}"
assert_eq "ifindex" "$index" "$(ifindex hq ipsec1)"
