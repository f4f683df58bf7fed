#!/bin/bash
# The clock is set a day on and a day back, while vtid is down and while it runs: what vtid loaded stays its own, edits reach
# charon, and nobody is taken for another charon. A clock belongs to the whole system: only in the lab's own machine.
. "$(dirname "$0")/lib.sh"
if [[ ! ${LAB_OWN_CLOCK:-} ]]; then
  say "skipped: this is not the lab's own machine (LAB_VM=1)"
  exit 77
fi
day=86400
set_clock() { # seconds
  date -s "@$(($(date +%s) + $1))" >/dev/null || fail "the clock cannot be set"
  say "clock set by $1 s"
}
edited=10
edit() { # another dpd for the branch
  edited=$((edited + 1))
  sed -i "s/\"dpd\": \"[0-9]*s\"/\"dpd\": \"${edited}s\"/" /run/branch/etc/vtid.json
}
charon_has_the_edit() { swanctl_at branch --list-conns | grep -q "dpd delay ${edited}s"; }
nobody_is_disowned() { ! problem_says branch "did not load" && ! problem_says hq "did not load"; }

start_sites
for step in $day -$day; do
  kill_vtid branch
  set_clock "$step"
  edit
  start_vtid branch
  expect 10 charon_has_the_edit
  expect 40 tunnel_is branch hq up # the kernel may have ended SAs that were a day older at once
  expect 20 converged branch
  edit
  says 0 . branch reload
  expect 10 charon_has_the_edit
  expect 1 nobody_is_disowned
done
for step in $day -$day -$day $day; do
  set_clock "$step"
  edit
  says 0 . branch reload
  expect 10 charon_has_the_edit
  expect 40 tunnel_is branch hq up
  expect 1 nobody_is_disowned
done
expect 20 ping_once hq "${inner[branch]}"

# Killed and there again at once is another charon all the same.
kill_charon branch
start_charon branch
expect 40 charon_has_the_edit
expect 40 tunnel_is branch hq up
