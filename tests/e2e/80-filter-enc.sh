# Filter mode enc: one list of rules for all that comes out of ESP or goes into it, with or without an interface.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/filter.sh"

start_filtered_sites '"rules": [
  { "on": "ipsec", "action": "pass", "protocol": "tcp", "to": ["10.1.0.0/24", "10.1.1.0/24"], "ports": 443 },
  { "on": "ipsec", "action": "pass", "protocol": "tcp", "to": ["10.6.106.1", "10.7.2.1"], "ports": "22" },
  { "on": "ipsec", "action": "reject", "protocol": "tcp", "to": "10.1.0.10", "ports": 113 },
  { "on": "ipsec", "direction": "out", "action": "block", "protocol": "tcp", "ports": 25 } ]'
use_policy_networks
assert_eq "the mode and what is live" "enc enc" "$(status_of hq '"\(.filter.mode) \(.filter.live)"')"

flow passed  branch-lan 10.1.0.10 443 "forwarded in, with a rule"
flow blocked branch-lan 10.1.0.10 80 "forwarded in, without a rule"
flow rejected branch-lan 10.1.0.10 113 "forwarded in, rejected"
flow passed  branch 10.6.106.1 22 "to hq itself, with a rule"
flow blocked branch 10.6.106.1 23 "to hq itself, without a rule"
flow passed  hq-lan 10.2.0.10 80 "forwarded out"
flow blocked hq-lan 10.2.0.10 25 "forwarded out, blocked"
flow passed  hq 10.6.106.2 80 "from hq itself"
flow blocked hq 10.6.106.2 25 "from hq itself, blocked"
flow passed  branch-lan 10.1.1.10 443 "tunnel mode, in, with a rule"
flow blocked branch-lan 10.1.1.10 80 "tunnel mode, in, without a rule"
flow passed  hq-lan 10.2.1.10 80 "tunnel mode, out"
flow blocked hq-lan 10.2.1.10 25 "tunnel mode, out, blocked"
flow passed  branch 10.7.2.1 22 "an unassigned tunnel, with a rule"
flow blocked branch 10.7.2.1 23 "an unassigned tunnel, without a rule"
flow passed  wan 192.0.2.1 80 "outside of tunnels"

expect 5 ping_once branch 10.6.106.1
expect 5 ping_once branch fd00:6::1
assert_eq "an echo request to the network behind" blocked "$(ping_once branch 10.1.0.10 >/dev/null && echo passed || echo blocked)"
for site in hq branch; do expect 15 online "$site"; done

rules() { vtictl_at hq --json list rules | jq -r ".[$1] | \"\(.state) \(.packets > 0)\""; }
for rule in 0 1 2 3; do assert_eq "rule $rule has counted" "installed true" "$(rules "$rule")"; done

# A file without change leaves the table alone, and with it its counters.
before=$(rules 0; vtictl_at hq --json list rules | jq '.[0].packets')
vtictl_at hq reload >/dev/null
expect 5 converged hq
assert_eq "counters after a reload without change" "$before" "$(rules 0; vtictl_at hq --json list rules | jq '.[0].packets')"

# Somebody changes our table: it is mended; somebody else's stays.
at hq nft 'add table inet theirs; insert rule inet vtid tunnel_in accept'
mended() { ! at hq nft list chain inet vtid tunnel_in | sed -n 3p | grep -q '^\s*accept$' && converged hq; }
expect 5 mended
flow blocked branch-lan 10.1.0.10 80 "after a repair"
at hq nft delete table inet vtid
expect 5 eval 'at hq nft list table inet vtid'
expect 5 converged hq
flow blocked branch-lan 10.1.0.10 80 "after a deletion"
expect 1 grep 'was changed by somebody else' /run/hq/vtid.log
expect 1 at hq nft list table inet theirs

# What the golden files say is what the kernel's own parser takes.
for golden in "$(dirname "$0")"/../golden/filter/*.nft; do
  { echo '{ "nftables": ['; paste -sd, "$golden"; echo '] }'; } >/run/golden.json
  at wan nft -c -j -f /run/golden.json || fail "nft refuses ${golden##*/}"
done
