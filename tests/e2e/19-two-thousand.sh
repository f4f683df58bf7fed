#!/bin/bash
# 2,000 tunnels in one file, a scripted charon, a real kernel: everything is made, then nothing more is written.
. "$(dirname "$0")/lib.sh"
count=2000
make_network
mkdir -p /run/hq/etc
"$(dirname "$0")/many-tunnels" $count /run/hq/charon.vici >/run/hq/etc/vtid.json
ip netns exec hq "$VTID_BUILD/tests/e2e/scripted-charon" /run/hq/charon.vici in-kernel &
expect 10 test -S /run/hq/charon.vici

began=$SECONDS
start_vtid hq
expect 100 converged hq
say "converged after $((SECONDS - began)) s, under emulation where the lab is one"
assert_eq "tunnels up" $count "$(status_of hq '[.tunnels[] | select(.state == "up")] | length')"
assert_eq "links" $count "$(ip -n hq -o link show type xfrm | wc -l)"
assert_eq "addresses" $((2 * count)) "$(ip -n hq -o address show scope global | grep -c ' ipsec')"
assert_eq "routes" $count "$(ip -n hq route show proto 118 | wc -l)"
expect 5 plan_is_empty hq
record_start hq
vtictl_at hq reload
assert_eq "written by a reload without change" "" "$(record_stop hq)"
