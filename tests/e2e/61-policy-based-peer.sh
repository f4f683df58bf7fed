#!/bin/bash
# The peer is a policy-based strongSwan of its own administrator: narrow selectors, no interface. Only our end is routed.
. "$(dirname "$0")/lib.sh"

make_network
start_charon hq branch
write_config hq '' '"gateways": { "VTI_VTIV4": { "monitor": { "enabled": false } } }'
only_ipv4 hq
start_vtid hq
load_peer '
    lan { local_ts = 10.2.0.0/24
          remote_ts = 10.1.0.0/24
          esp_proposals = aes128gcm16-x25519 }
    odd { local_ts = 10.2.0.0/24
          remote_ts = 10.1.0.0/24
          esp_proposals = aes256-sha512 }'
narrowed() { vtictl_at hq --json list sas | jq -r '[.[].children[] | select(.state == "INSTALLED") | "\(.local_ts[0]) \(.remote_ts[0]) \(.if_id_in)"] | unique | join(",")'; }

# it calls us with its narrow selectors
peer_does --initiate --child lan >/dev/null
expect 10 tunnel_is hq branch up
assert_eq "selectors and if_id" "10.1.0.0/24 10.2.0.0/24 1" "$(narrowed)"
expect 5 ping_once branch-lan 10.1.0.10
expect 5 ping_once hq-lan 10.2.0.10
expect 5 ping_once hq 10.6.106.1 # its own: the address is there
! at hq ping -n -c 1 -W 1 -I 10.6.106.1 10.2.0.10 >/dev/null || fail "what was not negotiated passes"
say "ok: other traffic does not pass"

# we call it: it narrows what we offer
assert_match "down" "branch is down" "$(vtictl_at hq down branch)"
assert_match "up" "branch is up: ipsec1" "$(vtictl_at hq up branch)"
assert_eq "selectors and if_id" "10.1.0.0/24 10.2.0.0/24 1" "$(narrowed)"
expect 5 ping_once hq-lan 10.2.0.10
assert_match "rekey" "branch has new CHILD_SAs" "$(vtictl_at hq rekey branch)"
expect 5 ping_once branch-lan 10.1.0.10

# a child that we do not offer is refused to it, and leaves the tunnel alone
refused=$(peer_does --initiate --child odd 2>&1 || true)
assert_match "the odd child" "establishing CHILD_SA 'odd' failed" "$refused"
expect 5 grep -q "no acceptable proposal found" /run/hq/charon.log
assert_eq "state" up "$(tunnel_state hq branch)"
expect 5 ping_once branch-lan 10.1.0.10
