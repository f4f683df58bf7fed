#!/bin/bash
# A transport-mode child between the two hosts themselves, beside a VTI tunnel between the same two, in a connection of its own.
. "$(dirname "$0")/lib.sh"

make_network
for site in hq branch; do
  remote=${peer[$site]} start=start
  if [[ $site == hq ]]; then start=none; fi
  start_charon "$site"
  write_config "$site" "\"hosts\": { \"start\": \"$start\", \"ike\": {
      \"local\": { \"address\": \"${outer[$site]}\", \"id\": \"$site-hosts\" },
      \"remote\": { \"address\": \"${outer[$remote]}\", \"id\": \"$remote-hosts\" }, \"auth\": { \"psk\": { \"file\": \"peer.psk\" } },
      \"proposals\": [\"aes128gcm16-prfsha256-x25519\"], \"dpd\": \"2s\" },
    \"children\": { \"all\": { \"mode\": \"transport\", \"proposals\": [\"aes128gcm16\"] } } }"
  start_vtid "$site"
done
for tunnel in hq hosts; do expect 30 tunnel_is branch $tunnel up; done
expect 10 tunnel_is hq hosts up
assert_eq "device of hosts" "" "$(status_of branch '.tunnels[] | select(.name == "hosts").device')"

# between the hosts everything is ESP, and the routed tunnel goes on beside it
at wan tcpdump -n -l -i hq >/run/wire 2>/dev/null &
wire=$!
sleep 1
at branch ping -q -n -c 3 -i 0.2 -W 2 192.0.2.1 >/dev/null || fail "the transport-mode child carries nothing"
at branch-lan ping -q -n -c 3 -i 0.2 -W 2 10.1.0.10 >/dev/null || fail "the tunnel carries nothing"
sleep 0.5
kill $wire
assert_eq "echoes in clear on the wire" 0 "$(grep -c 'ICMP echo' /run/wire || true)"
assert_match "on the wire" ESP "$(grep -m1 ESP /run/wire)"

assert_match "rekey" "hosts has new CHILD_SAs" "$(vtictl_at branch rekey hosts)"
expect 5 ping_once branch 192.0.2.1
assert_match "down" "hosts is down" "$(vtictl_at branch down hosts)"
expect 5 ping_once branch "${inner[hq]}"
assert_eq "state of the tunnel" up "$(tunnel_state branch hq)"
