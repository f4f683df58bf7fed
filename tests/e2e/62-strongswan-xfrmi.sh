#!/bin/bash
# The peer is a plain strongSwan with an XFRM interface of its own: connection-level if_ids that two children share (as in
# strongSwan's tests net2net-xfrmi and net2net-xfrmi-ike). Then an administrator moves our interface into a network namespace
# and back (net2net-xfrmi-netns).
. "$(dirname "$0")/lib.sh"

make_network
start_charon hq branch
write_config hq
start_vtid hq

ip -n branch link add xfrm0 type xfrm dev wan if_id 42
ip -n branch link set xfrm0 up
ip -n branch address add 10.6.106.2/30 dev xfrm0
ip -n branch address add fd00:6::2/64 dev xfrm0 nodad
ip -n branch route add 10.1.0.0/24 dev xfrm0
ip -n branch -6 route add fd00:1::/64 dev xfrm0
load_peer '
    net4 { local_ts = 0.0.0.0/0
           remote_ts = 0.0.0.0/0
           esp_proposals = aes128gcm16-x25519 }
    net6 { local_ts = ::/0
           remote_ts = ::/0
           esp_proposals = aes128gcm16-x25519 }' 'if_id_in = 42
  if_id_out = 42'
installed() { vtictl_at hq --json list sas | jq '[.[].children[] | select(.state == "INSTALLED")] | length'; }

peer_does --initiate --child net4 >/dev/null
peer_does --initiate --child net6 >/dev/null
expect 10 tunnel_is hq branch up
assert_eq "CHILD_SAs on one interface" 2 "$(installed)"
expect 5 ping_once branch-lan 10.1.0.10
expect 5 ping_once hq-lan fd00:2::10
index=$(ifindex hq ipsec1)

# the peer rekeys one child and ends the other: the interface, the state and the first child's traffic stay
ping_start hq 10.6.106.2
peer_does --rekey --child net4 >/dev/null
expect 5 eval '[[ $(installed) == 2 ]]'
peer_does --terminate --child net6 >/dev/null
expect 5 eval '[[ $(installed) == 1 ]]'
assert_eq "state" up "$(tunnel_state hq branch)"
ping_stop
assert_eq "lost pings" 0 "$ping_lost"
assert_eq "ifindex" "$index" "$(ifindex hq ipsec1)"

# an administrator takes the interface into a namespace: its SAs stay where they were made, and traffic passes there
ip netns add apart
ip -n hq link set ipsec1 netns apart
ip -n apart link set ipsec1 up
ip -n apart address add 10.6.106.1/30 dev ipsec1
expect 5 ping_once apart 10.6.106.2
# vtid cannot make a second one, says so, and leaves that one alone
expect 10 problem_says hq "ipsec1"
expect 5 ping_once apart 10.6.106.2

# brought back, it is vtid's again, with all that it had
ip -n apart link set ipsec1 netns hq
expect 5 plan_is_empty hq
expect 5 converged hq
expect 5 ping_once branch-lan 10.1.0.10
