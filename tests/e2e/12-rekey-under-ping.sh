#!/bin/bash
# Rekeys by either side lose no packet, keep the interface, and make vtid write nothing.
. "$(dirname "$0")/lib.sh"
start_sites

spis() { ip -n "$1" xfrm state | sed -n 's/.* spi \(0x[0-9a-f]*\) .*/\1/p'; } # site
all_new() { local now; now=$(spis "$1") && [[ $now ]] && ! grep -qxF "$2" <<<"$now"; } # site old-spis
ids() { swanctl_at "$1" --list-sas | sed -n "s/^$2: #\([0-9]*\), .*/\1/p"; } # site line-start

rekey_children() { # site
  local old id
  old=$(spis "$1")
  for id in $(ids "$1" '  [^ ]*'); do swanctl_at "$1" --rekey --child-id "$id" >/dev/null; done
  wait_for 15 all_new "$1" "$old" || fail "children of $1 were not rekeyed: $(swanctl_at "$1" --list-sas)"
}
rekey_ike() { # site
  local before
  before=$(grep -c 'IKE_SA deleted' "/run/$1/charon.log" || true)
  swanctl_at "$1" --rekey --ike-id "$(ids "$1" '[^ ]*')" >/dev/null
  wait_for 15 eval "(( \$(grep -c 'IKE_SA deleted' /run/$1/charon.log) > $before ))" || fail "the IKE SA of $1 was not rekeyed"
}

for site in hq branch; do
  expect 5 converged "$site"
  record_start "$site"
done
index="$(ifindex hq ipsec1) $(ifindex branch ipsec1)"
ping_start hq "${inner[branch]}"
for site in hq branch; do
  for round in 1 2 3; do
    rekey_children "$site"
    say "$site rekeyed its children, round $round"
  done
  rekey_ike "$site"
  say "$site rekeyed its IKE SA"
done
ping_stop

assert_eq "lost of $ping_answered" 0 "$ping_lost"
assert_eq "answered more than 500" 1 "$((ping_answered > 500))"
assert_eq "interfaces" "$index" "$(ifindex hq ipsec1) $(ifindex branch ipsec1)"
for site in hq branch; do
  assert_eq "state at $site" up "$(tunnel_state "$site" "${peer[$site]}")"
  assert_eq "rtnetlink at $site" "" "$(record_stop "$site")"
done
