# Filter mode if_ipsec: rules on the assigned interface; an unassigned one is closed, and so is tunnel mode.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/filter.sh"

start_filtered_sites '"filter": { "mode": "if_ipsec", "allow_blocked_tunnels": true }, "rules": [
  { "on": "VTI", "action": "pass", "protocol": "tcp", "to": ["10.1.0.0/24", "10.1.1.0/24"], "ports": 443 },
  { "on": "VTI", "action": "pass", "protocol": "tcp", "to": ["10.6.106.1", "10.7.2.1"], "ports": "22" },
  { "on": "VTI", "direction": "out", "action": "block", "protocol": "tcp", "ports": 25 } ]'
use_policy_networks
assert_eq "the mode and what is live" "if_ipsec if_ipsec" "$(status_of hq '"\(.filter.mode) \(.filter.live)"')"

flow passed  branch-lan 10.1.0.10 443 "forwarded in, with a rule"
flow blocked branch-lan 10.1.0.10 80 "forwarded in, without a rule"
flow passed  branch 10.6.106.1 22 "to hq itself, with a rule"
flow blocked branch 10.6.106.1 23 "to hq itself, without a rule"
flow passed  hq-lan 10.2.0.10 80 "forwarded out"
flow blocked hq-lan 10.2.0.10 25 "forwarded out, blocked"
flow passed  hq 10.6.106.2 80 "from hq itself"
flow blocked hq 10.6.106.2 25 "from hq itself, blocked"
flow blocked branch-lan 10.1.1.10 443 "tunnel mode, in"
flow blocked hq-lan 10.2.1.10 80 "tunnel mode, out"
flow blocked branch 10.7.2.1 22 "an unassigned tunnel, in"
flow passed  hq 10.7.2.2 22 "an unassigned tunnel, out"
flow passed  wan 192.0.2.1 80 "outside of tunnels"

for address in 10.6.106.1 fd00:6::1 10.7.2.1; do expect 5 ping_once branch "$address"; done
for site in hq branch; do expect 15 online "$site"; done

# What came by the tunnel is marked with its unit, for the replies.
assert_match "the mark of what the peer's monitor sends" 'mark=65536' "$(at hq conntrack -L -p icmp --orig-src 10.6.106.2 2>/dev/null)"

# By that mark they find the tunnel where the routes do not lead, forwarded and from hq itself.
at hq sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.ipsec1.rp_filter=0
ip -n branch-lan address add 203.0.113.5/32 dev branch
ip -n branch route add 203.0.113.5 via 10.2.0.10
for address in 10.1.0.10 10.6.106.1; do ip -n branch-lan route add "$address" via 10.2.0.1 src 203.0.113.5; done
assert_match "where the routes lead" " dev wan " "$(ip -n hq route get 203.0.113.5)"
flow passed branch-lan 10.1.0.10 443 "a source that is routed elsewhere"
flow passed branch-lan 10.6.106.1 22 "the same, to hq itself"
ip -n branch-lan route delete 10.1.0.10

# Without "allow_blocked_tunnels" the file is refused, and the filter stays.
write_filter '"filter": { "mode": "if_ipsec" }, "rules": []'
says 1 'tunnels/policy/children/lan' hq reload
flow passed branch-lan 10.1.0.10 443 "after a refused file"

# Without rules only tunnel mode is blocked.
write_filter '"filter": { "mode": "if_ipsec", "allow_blocked_tunnels": true }'
vtictl_at hq reload >/dev/null
expect 5 converged hq
flow passed  branch-lan 10.1.0.10 80 "forwarded in, without any rules"
flow blocked branch-lan 10.1.1.10 443 "tunnel mode, without any rules"
