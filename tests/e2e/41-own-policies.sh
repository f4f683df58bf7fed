#!/bin/bash
# "policies": "vtid" at both ends: 20 rekeys, ten by each side, lose no packet of a ping every 2 ms in each direction. On several
# processors that holds but for a packet that the kernel has in its hands at the instant in which charon deletes its SA. A vtid that
# is dead during a rekey, or a charon that forgets its SAs, stops nothing for good.
. "$(dirname "$0")/lib.sh"

for site in hq branch; do
  write_config "$site"
  sed -i -E 's/"v[46]": \{ /&"policies": "vtid", /' "/run/$site/etc/vtid.json"
done
start_sites

declare -A pinger
ping_from() { # site
  ip netns exec "$1" ping -n -i 0.002 "${inner[${peer[$1]}]}" >"/run/$1/ping.log" 2>&1 &
  pinger[$1]=$!
  expect 20 grep -q icmp_seq=50 "/run/$1/ping.log"
}
ping_counts() { # site: answered lost
  sed -n 's/.*icmp_seq=\([0-9]*\) ttl=.*/\1/p' "/run/$1/ping.log" |
    awk '!seen[$1]++ { n++ } $1 > last { last = $1 } END { print n + 0, last - n }'
}
all_new() { local now; now=$(child_spis "$1") && [[ $now ]] && ! grep -qxF "$2" <<<"$now"; } # site old-spis
rekey() { # site
  local old
  old=$(child_spis "$1")
  vtictl_at "$1" rekey "${peer[$1]}/v4" >/dev/null
  wait_for 20 all_new "$1" "$old" || fail "the child of $1 was not rekeyed: $(swanctl_at "$1" --list-sas)"
  expect 5 holds_its_sa "${peer[$1]}"
}
# The one that it sends by has been made in the future, as far as the kernel knows.
held() { # site: SPIs
  at "$1" ip -s xfrm state list | awk -v now="$(date +%s)" '
    $1 == "src" { to = $4 } $1 == "proto" { spi = $4 } $1 == "add" { gsub("-", " ", $2); gsub(":", " ", $3); if (mktime($2 " " $3) > now) print spi }'
}
holds_its_sa() { [[ $(held "$1" | wc -l) == 1 ]]; } # site

for site in hq branch; do
  expect 5 converged "$site"
  assert_eq "policies of vtid at $site" 6 "$(ip -n "$site" xfrm policy list nosock | grep -c 'priority 118118')"
  expect 5 holds_its_sa "$site"
done
index="$(ifindex hq ipsec1) $(ifindex branch ipsec1)"
# Packets that the kernel dropped because their SA was deleted while it chose it, or between that and the encryption.
overtaken() { at "$1" awk '$1 ~ /^XfrmOut(StateInvalid|NoStates)$/ { n += $2 } END { print n }' /proc/net/xfrm_stat; } # site
# Rekeys under pings from both sides; leaves the sums in `lost` and `overtaken`.
rekeys_under_ping() { # rounds by each side
  local site round answered missing before
  before=$(($(overtaken hq) + $(overtaken branch)))
  lost=0
  for site in hq branch; do ping_from "$site"; done
  for site in hq branch; do
    for ((round = 0; round < $1; ++round)); do rekey "$site"; done
    say "$site rekeyed $1 times"
  done
  sleep 1
  for site in hq branch; do
    kill -INT "${pinger[$site]}"
    wait "${pinger[$site]}" || true
    read -r answered missing < <(ping_counts "$site")
    say "of $answered from $site $missing were lost"
    assert_eq "from $site: more than 500 answered" 1 "$((answered > 500))"
    ((lost += missing)) || true
  done
  overtaken=$(($(overtaken hq) + $(overtaken branch) - before))
}
processors=$(nproc)
rekeys_under_ping 3
assert_eq "lost on $processors processors that were not overtaken by a deletion" 1 "$((lost <= overtaken))"
assert_eq "overtaken: $overtaken, no more than 6 in 6 rekeys" 1 "$((overtaken <= 6))"
# Everything on one: a deletion cannot come in between.
for pid in $$ "${vtid_pid[@]}" "${charon_pid[@]}"; do taskset -acp 0 "$pid" >/dev/null; done
rekeys_under_ping 10
assert_eq "lost in 20 rekeys on one processor" 0 "$lost"
for pid in $$ "${vtid_pid[@]}" "${charon_pid[@]}"; do taskset -acp "0-$((processors - 1))" "$pid" >/dev/null; done
assert_eq "interfaces" "$index" "$(ifindex hq ipsec1) $(ifindex branch ipsec1)"
for site in hq branch; do assert_eq "plan at $site" "" "$(vtictl_at "$site" plan --expect-empty | grep -v '^nothing' || true)"; done

# hq answers this rekey without a vtid: the kernel goes over to the new SA by itself.
old=$(child_spis hq)
kill_vtid hq
vtictl_at branch rekey hq/v4 >/dev/null
expect 10 all_new hq "$old"
expect 5 ping_once hq "${inner[branch]}"
start_vtid hq
expect 10 converged hq
expect 5 holds_its_sa hq

# What a killed charon leaves in the kernel is not held against its successor's SAs.
kill_charon branch
start_charon branch
expect 40 ping_once hq "${inner[branch]}"
expect 5 ping_once branch "${inner[hq]}"
for site in hq branch; do expect 20 holds_its_sa "$site"; done
