#!/bin/bash
# A reload touches what changed and nothing else; a broken file changes nothing and is shown.
. "$(dirname "$0")/lib.sh"

# spare SITE LAST LAST-OF-PEER: a second tunnel between the two, other identities, other transit network.
spare() {
  local remote=${peer[$1]} start=start
  if [[ $1 == hq ]]; then start=none; fi
  echo "\"spare\": { \"unit\": 2, \"start\": \"$start\", \"ike\": {
    \"local\": { \"address\": \"${outer[$1]}\", \"id\": \"$1-spare\" },
    \"remote\": { \"address\": \"${outer[$remote]}\", \"id\": \"$remote-spare\" },
    \"auth\": { \"psk\": { \"text\": \"spare-psk\" } } },
    \"children\": { \"v4\": { \"local\": \"10.6.107.$2/24\", \"remote\": \"10.6.107.$3\" } } }"
}
write_config hq "$(spare hq 1 2)"
write_config branch "$(spare branch 2 1)"
start_sites
expect 20 tunnel_is branch spare up
expect 5 ping_once branch 10.6.107.1
expect 5 converged branch

# Unchanged, by signal and by command.
loads=$(charon_loads branch)
record_start branch
kill -HUP "${vtid_pid[branch]}"
vtictl_at branch reload
expect 1 plan_is_empty branch
assert_eq "rtnetlink during a reload without change" "" "$(record_stop branch)"
assert_eq "loads during a reload without change" "$loads" "$(charon_loads branch)"

# One of two changes: its address. The other goes on.
index="$(ifindex branch ipsec1) $(ifindex branch ipsec2)"
ping_start branch "${inner[hq]}"
record_start branch
write_config branch "$(spare branch 3 1)"
vtictl_at branch reload
has_address() { ip -n branch -o address show dev ipsec2 | grep -q " 10.6.107.$1/24 "; }
expect 2 has_address 3
has_address 2 && fail "the old address is still there"
ping_stop
assert_eq "lost on the other tunnel, of $ping_answered" 0 "$ping_lost"
assert_eq "interfaces" "$index" "$(ifindex branch ipsec1) $(ifindex branch ipsec2)"
assert_eq "rtnetlink about the other tunnel" "" "$(record_stop branch | grep ipsec1 || true)"

# Broken: refused with the place, shown, and nothing moves.
record_start branch
cp /run/branch/etc/vtid.json /run/branch/good.json
sed -i 's/"unit": 1/"unit": "one"/' /run/branch/etc/vtid.json
if text=$(vtictl_at branch reload 2>&1); then fail "a broken file was accepted: $text"; fi
assert_match "vtictl reload" 'vtid\.json:[0-9]+.*unit' "$text"
expect 2 problem_says branch 'vtid\.json:[0-9]+'
assert_eq "state" up "$(tunnel_state branch hq)"
assert_eq "rtnetlink during a refused reload" "" "$(record_stop branch)"
cp /run/branch/good.json /run/branch/etc/vtid.json
vtictl_at branch reload
problem_says branch 'vtid\.json:[0-9]+' && fail "the problem is still shown"
expect 5 ping_once branch "${inner[hq]}"
