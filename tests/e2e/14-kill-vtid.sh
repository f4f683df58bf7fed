#!/bin/bash
# vtid dies under traffic: nothing is lost, and the next one adopts what is there without writing.
. "$(dirname "$0")/lib.sh"
start_sites
expect 5 converged branch

index=$(ifindex branch ipsec1)
since=$(status_of branch .tunnels[0].since)
loads=$(charon_loads branch)
ping_start branch "${inner[hq]}"
record_start branch
kill_vtid branch
sleep 0.5 # traffic without a daemon
start_vtid branch
expect 10 tunnel_is branch hq up
expect 5 converged branch
expect 1 plan_is_empty branch
ping_stop

assert_eq "lost of $ping_answered" 0 "$ping_lost"
assert_eq "interface" "$index" "$(ifindex branch ipsec1)"
assert_eq "rtnetlink while vtid died and came back" "" "$(record_stop branch)"
say "charon was given $(($(charon_loads branch) - loads)) connections and keys, up since $since, now $(status_of branch .tunnels[0].since)"

# Stopped in order it leaves everything as well.
ping_start branch "${inner[hq]}"
kill -TERM "${vtid_pid[branch]}"
wait "${vtid_pid[branch]}" || fail "vtid ended with $? on SIGTERM"
assert_eq "interface after SIGTERM" "$index" "$(ifindex branch ipsec1)"
ping_stop
assert_eq "lost of $ping_answered" 0 "$ping_lost"
