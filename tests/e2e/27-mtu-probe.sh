#!/bin/bash
# `vtictl explain NAME --probe`: packets as long as the MTU cross; on a path that silently drops long ones it says what fits.
. "$(dirname "$0")/lib.sh"
start_sites
for site in hq branch; do expect 10 tunnel_is "$site" "${peer[$site]}" up; done
probed() { vtictl_at hq --json explain branch --probe | jq -r '.[] | select(.what == "probe") | .state' | sort -u; }
assert_eq "on a sound path" confirmed "$(probed)"
# Somewhere on the way 100 bytes less fit, and nobody says so.
at wan nft 'add table inet narrow; add chain inet narrow on { type filter hook forward priority 0; };
  add rule inet narrow on meta length > 1400 drop'
assert_eq "on a black hole" "too large" "$(probed)"
longest=$(vtictl_at hq explain branch --probe | sed -n 's/.*packets of \([0-9]*\) bytes at most.*/\1/p' | sort -n | head -1)
say "packets of $longest bytes fit, by the probe"
ping_of() { at hq ping -n -c 1 -W 2 -M do -s "$(($1 - 28))" "${inner[branch]}"; } # bytes
expect 5 ping_of "$longest"
! ping_of "$((longest + 16))" || fail "longer ones cross as well"
# So little that no interface takes it, and IPv6 not at all: short echoes cross nevertheless.
at wan nft 'add rule inet narrow on meta length > 1300 drop'
assert_eq "on a path for short packets alone" narrow "$(probed)"
assert_eq "proposals of an MTU that the file refuses" "" "$(vtictl_at hq explain branch --probe | grep '"mtu"' || true)"
longest=$(vtictl_at hq explain branch --probe | sed -n 's/.*packets of \([0-9]*\) bytes at most.*/\1/p' | sort -n | head -1)
((longest > 1200 && longest < 1280)) || fail "packets of $longest bytes fit, by the probe"
expect 5 ping_of "$longest"
says 1 'there is no tunnel "VTI"' hq explain VTI --probe
