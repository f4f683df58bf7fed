# NAT on an assigned interface: source, destination, one to one, and what is excepted from it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/filter.sh"

start_filtered_sites '"filter": { "mode": "if_ipsec", "allow_blocked_tunnels": true }, "nat": [
  { "on": "VTI", "kind": "source", "from": "10.1.0.0/24", "to": "10.2.0.1", "address": "none" },
  { "on": "VTI", "kind": "source", "from": "10.1.0.0/24", "to": "10.2.0.0/24", "address": "interface" },
  { "on": "VTI", "kind": "source", "protocol": "tcp", "from": "10.1.1.0/24", "address": "10.9.0.1" },
  { "on": "VTI", "kind": "destination", "protocol": "tcp", "to": "10.6.106.1", "ports": 8080, "target": "10.1.0.10", "target_port": 80 },
  { "on": "VTI", "kind": "one_to_one", "from": "10.1.3.0/24", "address": "10.9.3.0/24" } ]'
ip -n hq address add 10.1.3.1/24 dev lan
ip -n hq-lan address add 10.1.3.10/24 dev hq
ip -n branch route add 10.9.0.0/16 dev ipsec1

sees() { # site match command...: whether the site got what matches, while the command ran
  count_arrivals "$1" "$2"
  ("${@:3}" >/dev/null 2>&1) || true
  (($(arrivals "$1") > 0))
}
assert_sees() { # what site match command...
  if sees "${@:2}"; then say "ok: $1"; else fail "$1: $2 has seen nothing like '$3'"; fi
}

assert_sees "source, the interface's address" branch-lan "ip saddr 10.6.106.1" ping_once hq-lan 10.2.0.10
expect 3 ping_once hq-lan 10.2.0.10
assert_sees "source, excepted" branch "ip saddr 10.1.0.10" ping_once hq-lan 10.2.0.1
assert_sees "source, a fixed address" branch "ip saddr 10.9.0.1" at hq-lan timeout 3 bash -c 'ip route replace 10.2.0.1 via 10.1.0.1 src 10.1.1.10; exec 3<>/dev/tcp/10.2.0.1/80'
assert_sees "destination, another port" hq-lan "tcp dport 80" at branch timeout 3 bash -c 'exec 3<>/dev/tcp/10.6.106.1/8080'
flow passed branch 10.6.106.1 8080 "destination, answered"
assert_sees "one to one, in" hq-lan "ip daddr 10.1.3.10" ping_once branch 10.9.3.10
expect 3 ping_once branch 10.9.3.10
assert_sees "one to one, out" branch "ip saddr 10.9.3.10" at hq-lan ping -n -c 1 -W 1 -I 10.1.3.10 10.6.106.2
expect 3 at hq-lan ping -n -c 1 -W 1 -I 10.1.3.10 10.6.106.2

# In mode enc there is none, and the reason is given.
write_filter '"nat": [ { "on": "VTI", "kind": "source", "address": "interface" } ]'
says 1 'no NAT in filter mode enc' hq reload
