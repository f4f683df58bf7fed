#!/bin/bash
# Somebody else's link in our place, by name or by if_id, is left alone and reported; vtid takes over once it is gone.
. "$(dirname "$0")/lib.sh"
make_network
ip -n branch link add ipsec1 type dummy             # our name
ip -n hq link add mine type xfrm dev lo if_id 1     # our if_id
ip -n hq address add 10.99.0.1/24 dev mine
foreign() { ip -n branch -o -d link show dev ipsec1; ip -n hq -o -d link show dev mine; ip -n hq -o address show dev mine; }
before=$(foreign)

start_charon hq branch
for site in hq branch; do
  write_config "$site"
  start_vtid "$site"
done
expect 5 problem_says branch 'ipsec1.*\(.+\)$'
expect 5 problem_says hq 'mine.*\(.+\)$'
sleep 2 # more than a round of retries
assert_eq "the foreign links" "$before" "$(foreign)"

ip -n branch link delete ipsec1
ip -n hq link delete mine
expect 30 tunnel_is branch hq up
expect 10 ping_once branch "${inner[hq]}"
for site in hq branch; do
  expect 10 converged "$site"
  problem_says "$site" 'ipsec1|mine' && fail "the problem at $site is still shown"
done
exit 0
