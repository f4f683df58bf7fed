#!/bin/bash
# "role": a node is active while it holds the address that the file names, on standby without it: also when it starts, and also of
# IPv6, whose address counts only once the kernel has found no duplicate. Its interface and routes stay meanwhile.
. "$(dirname "$0")/lib.sh"

role_is() { [[ $(status_of hq .role) == "$1" ]]; }
follow() { # address
  local file=/run/hq/etc/vtid.json
  jq --arg address "$1" '.role = { address: $address }' "$file" >"$file.new"
  mv "$file.new" "$file"
}

start_sites
index=$(ifindex hq ipsec1)

say "a file that follows an address which is elsewhere"
follow 192.0.2.77
says 0 accepted hq reload
expect 5 role_is standby
expect 10 tunnel_is hq branch down
says 1 "the role follows 192.0.2.77" hq role active
says 1 "on standby" hq up branch

say "it comes, goes and comes by for a moment"
ip -n hq address add 192.0.2.77/32 dev wan
expect 10 role_is active
expect 20 tunnel_is hq branch up
expect 5 ping_once hq "${inner[branch]}"
ip -n hq address delete 192.0.2.77/32 dev wan
expect 10 role_is standby
expect 10 tunnel_is hq branch down
assert_eq "the interface" "$index" "$(ifindex hq ipsec1)"
plan_is_empty hq

say "a start without it, and one with it"
kill_vtid hq
start_vtid hq
expect 10 role_is standby
kill_vtid hq
ip -n hq address add 192.0.2.77/32 dev wan
start_vtid hq
expect 10 role_is active
expect 20 tunnel_is hq branch up

say "an address of IPv6 that somebody else has"
ip -n wan address add fd00:77::77/64 dev hq nodad
at hq sysctl -qw net.ipv6.conf.wan.accept_dad=1 net.ipv6.conf.wan.dad_transmits=1
follow fd00:77::77
ip -n hq address add fd00:77::77/64 dev wan
says 0 accepted hq reload
expect 10 role_is standby
sleep 3 # it would have come true by now
role_is standby || fail "active by an address that is a duplicate"
ip -n wan address delete fd00:77::77/64 dev hq
ip -n hq address delete fd00:77::77/64 dev wan
ip -n hq address add fd00:77::77/64 dev wan
expect 15 role_is active
expect 20 tunnel_is hq branch up
