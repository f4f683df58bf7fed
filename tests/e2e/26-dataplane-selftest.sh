#!/bin/bash
# The program that is carried to a real FreeBSD kernel, on this kernel: everything passes, and nothing is left, also when it is
# interrupted half-way.
. "$(dirname "$0")/lib.sh"
selftest=$VTID_BUILD/tests/selftest/vtid-dataplane-selftest
found() { ip -o link | cut -d: -f2 && lsns --type net --noheadings --output ns && pgrep -f vtid-dataplane-selftest || true; }

before=$(found)
"$selftest" | tee /run/selftest
assert_match "closing line" '^[1-9][0-9]* passed, 0 failed, 0 skipped$' "$(tail -n 1 /run/selftest)"
assert_eq "what is there after it" "$before" "$(found)"

say "interrupted"
"$selftest" >/run/selftest & pid=$!
expect 20 grep -q '^pass A: its tunnels' /run/selftest
kill -INT "$pid"
wait "$pid" && fail "it says that it passed"
assert_match "closing line" '^[1-9][0-9]* passed, [01] failed, [1-9][0-9]* skipped$' "$(tail -n 1 /run/selftest)"
assert_match "its last step" '^pass nothing is left$' "$(tail -n 2 /run/selftest | head -n 1)"
assert_eq "what is there after it" "$before" "$(found)"

say "a step fails: it may open no raw socket"
setpriv --bounding-set -net_raw "$selftest" >/run/selftest && fail "it says that it passed"
assert_match "what is wrong" 'FAIL A: B answers over the wire by IPv4 +cannot open a raw socket .*Operation not permitted' \
  "$(tr '\n' ' ' </run/selftest)"
assert_match "closing line" '^6 passed, 1 failed, [1-9][0-9]* skipped$' "$(tail -n 1 /run/selftest)"
assert_eq "what is there after it" "$before" "$(found)"
