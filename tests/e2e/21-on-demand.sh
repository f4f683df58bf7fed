#!/bin/bash
# A tunnel on demand: nothing is negotiated until a packet goes into the interface; after `down` and `up`, or when the peer
# has ended it, the next packet brings it up again.
. "$(dirname "$0")/lib.sh"

make_network
start_charon hq branch
for site in hq branch; do write_config "$site"; done
sed -i 's/"start": "start"/"start": "trap"/' /run/branch/etc/vtid.json
for site in hq branch; do start_vtid "$site"; done

expect 10 tunnel_is branch hq waiting
sleep 3
assert_eq "after three quiet seconds" waiting "$(tunnel_state branch hq)"
assert_eq "IKE_SAs" "" "$(swanctl_at branch --list-sas)"
assert_match "reason" "waits for a packet" "$(vtictl_at branch explain hq)"

at branch ping -n -c 1 -W 1 "${inner[hq]}" >/dev/null || true # the packet that asks
expect 10 tunnel_is branch hq up
expect 5 ping_once branch "${inner[hq]}"
expect 5 ping_once branch-lan 10.1.0.10

assert_match "the peer ends it" "branch is down" "$(vtictl_at hq down branch)"
vtictl_at hq up branch --timeout 1s >/dev/null 2>&1 || true # lets go; hq itself only answers
expect 15 tunnel_is branch hq up
expect 5 ping_once branch "${inner[hq]}"

assert_match "down" "hq is down" "$(vtictl_at branch down hq)"
assert_match "up" "hq is up" "$(vtictl_at branch up hq)"
expect 5 ping_once branch "${inner[hq]}"

# On standby no packet asks.
assert_match "standby" "on standby" "$(vtictl_at branch role standby)"
expect 5 tunnel_is branch hq down
expect 5 eval '[[ -z $(swanctl_at branch --list-sas) ]]'
at branch ping -n -c 2 -W 1 "${inner[hq]}" >/dev/null || true
assert_eq "IKE_SAs on standby" "" "$(swanctl_at branch --list-sas)"
assert_match "active" "is active" "$(vtictl_at branch role active)"
expect 5 tunnel_is branch hq waiting
expect 10 eval "ping_once branch ${inner[hq]}"
