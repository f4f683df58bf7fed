#!/bin/bash
# charon dies: interfaces and routes stay, vtid says so, and when charon is back the tunnel returns without help.
. "$(dirname "$0")/lib.sh"
hq_start=start # a charon that starts again is not called by a peer whose traffic still arrives
start_sites

for site in branch hq; do # the caller's charon, then the called one's
  other=${peer[$site]}
  index=$(ifindex "$site" ipsec1)
  routes=$(ip -n "$site" route show dev ipsec1)
  record_start "$site"
  kill_charon "$site"
  expect 5 tunnel_is "$site" "$other" unknown
  assert_eq "charon at $site" false "$(status_of "$site" .charon.connected)"
  assert_eq "routes at $site" "$routes" "$(ip -n "$site" route show dev ipsec1)"
  start_charon "$site"
  expect 40 tunnel_is "$site" "$other" up
  expect 40 tunnel_is "$other" "$site" up
  expect 10 ping_once "$site" "${inner[$other]}"
  assert_eq "interface at $site" "$index" "$(ifindex "$site" ipsec1)"
  assert_eq "rtnetlink at $site" "" "$(record_stop "$site")"
done
