#!/bin/bash
# The faults of the scenarios' matrix that only a real kernel can show: vtid killed while it makes 50 tunnels, a full disk, links
# renamed, moved and deleted, everything flushed by other hands, netlink sockets that overflow. Afterwards the world is what it
# was, nothing of others was touched, and nothing is left to do.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/others.sh"
sites=(hq branch many)
tried=0
seed=${LAB_SEED:-$((EPOCHSECONDS % 32768))} # of the moments; what follows from them depends on the kernel's own pace
RANDOM=$seed

# ---- many tunnels, a scripted charon -----------------------------------------------------------------------------------
count=50
begin_many() {
  ip netns add many
  ip -n many link set lo up
  ip -n many link add wan type dummy
  ip -n many address add 192.0.2.1/24 dev wan
  ip -n many link set wan up
  ip -n many route add default via 192.0.2.254
  mkdir -p /run/many/etc
  "$(dirname "$0")/many-tunnels" $count /run/many/charon.vici >/run/many/full.json
  jq '.tunnels = {} | .interfaces = {} | .gateways = {} | .routes = []' /run/many/full.json >/run/many/none.json
  ip netns exec many "$VTID_BUILD/tests/e2e/scripted-charon" /run/many/charon.vici &
  expect 10 test -S /run/many/charon.vici
  plant_others many
  others_at_many=$(others many)
}
use_file() { install -m 600 "/run/many/$1.json" /run/many/etc/vtid.json; }
# Everything of ours, without the numbers of this boot.
picture() {
  ip -n many -o -d link show type xfrm | sed '/theirs0/d; s/^[0-9]*: //'
  ip -n many -o address show scope global | sed -n '/ ipsec/{s/^[0-9]*: //; s/valid_lft.*//; p}'
  ip -n many route show proto 118
}
run_many() {
  ip netns exec many "$vtid" --config /run/many/etc/vtid.json --socket /run/many/vtid/vtid.sock --state /run/many/state \
    >>/run/many/vtid.log 2>&1 &
  vtid_pid[many]=$!
}
killed() {
  kill_vtid many
  made+=" $(ip -n many -o link show type xfrm | grep -c ' ipsec' || true)"
  tried=$((tried + 1))
}
kill_at() { # milliseconds after the start
  run_many
  sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"
  killed
}
kill_after() { # so many notices of links, addresses and routes
  coproc notices { exec ip -n many -o monitor link address route; }
  local notices_of=$notices_PID
  sleep 0.2
  run_many
  timeout 5 head -n "$1" <&"${notices[0]}" >/dev/null || true
  killed
  kill "$notices_of"
  wait "$notices_of" 2>/dev/null || true
}
settles_to() { # file picture
  use_file "$1"
  start_vtid many
  expect 60 converged many
  expect 5 plan_is_empty many
  record_start many
  vtictl_at many reload >/dev/null
  assert_eq "written by a reload at rest" "" "$(record_stop many)"
  local found
  found=$(picture)
  [[ $found == "$2" ]] || fail "the world of $1.json: $(diff <(echo "$2") <(echo "$found"))"
  say "ok: the world of $1.json"
  [[ $(others many) == "$others_at_many" ]] || fail "others': $(diff <(echo "$others_at_many") <(others many))"
  kill_vtid many
}

begin_many
use_file full
start_vtid many
expect 60 converged many
whole=$(picture)
kill_vtid many
made=
for ((round = 0; round < ${LAB_ROUNDS:-1}; round++)); do
  use_file none
  for notices in 2 40 100; do kill_after $((notices + RANDOM % 40)); done
  kill_at $((RANDOM % 1000))
  settles_to none ""
  use_file full
  for notices in 1 30 90 150 250; do kill_after $((notices + RANDOM % 30)); done
  kill_at $((RANDOM % 1000))
  settles_to full "$whole"
done
say "LAB_SEED=$seed: killed $tried times, with so many links there at that moment:$made"

# ---- two sites -----------------------------------------------------------------------------------------------------------
hq_start=start
sites=(hq branch)
for site in hq branch; do
  write_config "$site" "" '"filter": { "mode": "enc" }, "rules": [ { "on": "ipsec", "action": "pass" } ]'
done
start_sites
for site in hq branch; do plant_others "$site"; done
others_before=$(others branch; others hq)

works() {
  tunnel_is branch hq up && tunnel_is hq branch up && converged branch && ping_once branch "${inner[hq]}" && ping_once branch "${inner6[hq]}" &&
    ping_once branch-lan "${lan[hq]}.10" && plan_is_empty branch && [[ $(others branch; others hq) == "$others_before" ]]
}
survives() { # seconds what command...: it is done, and within so much time everything works
  local began=${EPOCHREALTIME/./} limit=$1 what=$2
  "${@:3}"
  wait_for "$limit" works || fail "$what: not mended within $limit s: $(status_of branch '.problems[].text'; vtictl_at branch plan; others branch)"
  say "ok: $what: all works after $(((${EPOCHREALTIME/./} - began) / 1000)) ms"
  tried=$((tried + 1))
}
rename() { # 6.1 renames only what is down, and vtid sets it up again
  until printf '%s\n' 'link set ipsec1 down' "link set ipsec1 name $1" | ip -n branch -batch - 2>/dev/null; do :; done
}
move() { ip -n branch link set ipsec1 netns wan; ip -n wan link delete ipsec1; }
flush_filter() { at branch nft delete table inet vtid; }
flush_ruleset() { # takes others' too, which is not vtid's deed
  at branch nft flush ruleset
  at branch nft 'add table inet theirs; add chain inet theirs c; add rule inet theirs c tcp dport 9 accept'
}
flush_policies() { ip -n branch xfrm policy flush; plant_xfrm branch; }
flush_states() { ip -n branch xfrm state flush; plant_xfrm branch; }
unload() {
  : >/run/branch/empty.conf
  swanctl_at branch --load-all --clear --file /run/branch/empty.conf >/dev/null 2>&1 || true
}
loaded() { [[ $(swanctl_at branch --list-conns | grep -c '^hq: ') == 1 ]]; }

expect 10 works
survives 30 "a renamed link" rename elsewhere0
survives 30 "a renamed link, again" rename other1
survives 30 "a link moved to another namespace" move
survives 30 "a deleted link" ip -n branch link delete ipsec1
survives 30 "nft delete table" flush_filter
survives 30 "nft flush ruleset" flush_ruleset
survives 60 "ip xfrm policy flush" flush_policies
survives 60 "ip xfrm state flush" flush_states
survives 30 "swanctl --load-all --clear" unload
expect 60 loaded

# ---- a disk without room ---------------------------------------------------------------------------------------------------
full_disk() { head -c 1M /dev/zero >/run/branch/state/filler 2>/dev/null || true; }
kill -TERM "${vtid_pid[branch]}"
wait "${vtid_pid[branch]}" || fail "vtid ended with $?"
cp -a /run/branch/state /run/branch/kept
mount -t tmpfs -o size=64k,mode=700 tmpfs /run/branch/state
cp -a /run/branch/kept/. /run/branch/state/
start_vtid branch
expect 20 works
full_disk
write_config branch "$(spare branch 2 '{ "psk": { "file": "peer.psk" } }')"
says 1 "No space left" branch reload
expect 5 tunnel_is branch hq up
expect 5 ping_once branch "${inner[hq]}"
kill_vtid branch
write_config branch "" '"filter": { "mode": "enc" }, "rules": [ { "on": "ipsec", "action": "pass" } ]'
survives 30 "a start on a full disk" start_vtid branch
rm /run/branch/state/filler
write_config branch "$(spare branch 2 '{ "psk": { "file": "peer.psk" } }')" '"filter": { "mode": "enc" }, "rules": [ { "on": "ipsec", "action": "pass" } ]'
vtictl_at branch reload
assert_eq "a tunnel more, once there is room" 2 "$(status_of branch '.tunnels | length')"
write_config branch "" '"filter": { "mode": "enc" }, "rules": [ { "on": "ipsec", "action": "pass" } ]'
survives 30 "the usual file" vtictl_at branch reload

# ---- netlink sockets that overflow -------------------------------------------------------------------------------------------
overflowed() { at branch awk '$9 > 0 { found = 1 } END { exit !found }' /proc/net/netlink; }
storm() {
  kill -STOP "${vtid_pid[branch]}"
  local n
  for ((n = 0; n < 400; n++)); do echo "link add storm$n type dummy"; echo "link set storm$n up"; done | ip -n branch -batch -
  ip -n branch address flush dev ipsec1
  for ((n = 0; n < 400; n++)); do echo "link delete storm$n"; done | ip -n branch -batch -
  overflowed || fail "the storm was too small: $(at branch cat /proc/net/netlink)"
  kill -CONT "${vtid_pid[branch]}"
}
survives 60 "a storm of notices that overflows" storm
say "$tried faults"
