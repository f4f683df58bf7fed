#!/bin/bash
# Others unload what vtid has loaded: `swanctl --load-all`, as a reload of strongSwan's unit runs it, the connections, and with
# --clear the secrets too. Both are back within seconds, running tunnels do not notice, and a responder can be called again.
. "$(dirname "$0")/lib.sh"
start_sites # hq is the responder
expect 10 converged hq
expect 10 converged branch

: >/run/empty.conf
others_do() { swanctl_at "$1" "${@:2}" --noprompt --file /run/empty.conf >/dev/null; } # site arguments...
has_connection() { swanctl_at "$1" --list-conns | grep -q "^${peer[$1]}:"; }               # site
secret_loads() { grep -c "loaded IKE shared key with id 'vtid-${peer[$1]}'" "/run/$1/charon.log"; }     # site
given_secret() { (($(secret_loads "$1") > $2)); }                                           # site before
call_again() { # the branch
  says 0 . branch down hq
  expect 10 tunnel_is hq branch waiting
  says 0 . branch up hq
  expect 10 ping_once hq "${inner[branch]}"
}

for site in hq branch; do
  spis=$(child_spis "$site")
  others_do "$site" --load-all
  expect 10 has_connection "$site"
  expect 5 converged "$site"
  assert_eq "SAs at $site" "$spis" "$(child_spis "$site")"
  assert_match "the log of $site" "unloaded by others" "$(<"/run/$site/vtid.log")"
done
call_again

for site in hq branch; do
  spis=$(child_spis "$site") secrets=$(secret_loads "$site")
  others_do "$site" --load-all --clear
  expect 10 given_secret "$site" "$secrets"
  expect 10 has_connection "$site"
  expect 5 converged "$site"
  assert_eq "SAs at $site" "$spis" "$(child_spis "$site")"
done
call_again

# Nothing is missing: nothing is loaded.
loads=$(charon_loads hq)
sleep 15
assert_eq "what charon was given meanwhile" "$loads" "$(charon_loads hq)"
