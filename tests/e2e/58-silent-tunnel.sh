#!/bin/bash
# A peer that has lost its half of the SAs, without a word of IKE: the tunnel is "silent" and says so, a tunnel that may be renewed has
# new SAs by itself under the IKE_SA that it had, and one that may not stays as it is until somebody asks for new ones.
. "$(dirname "$0")/lib.sh"

dpd=10m # IKE has no word to say
renew_after() { # text
  write_config branch
  jq --arg after "$1" '.tunnels.hq.renew_when_silent = $after' /run/branch/etc/vtid.json >/run/branch/etc/renew.json
  mv /run/branch/etc/renew.json /run/branch/etc/vtid.json
}
ike() { swanctl_at branch --list-sas | sed -n 's/^hq: \(#[0-9]*\),.*/\1/p'; }
lose_half() { ip -n hq xfrm state deleteall reqid 5001; } # at the peer, which nobody watches
rekeys() { grep -c 'rekey asked tunnel=hq reason="its probes are not answered"' /run/branch/vtid.log || true; }

renew_after 5s
start_sites
gateway_is() { [[ $(vtictl_at branch --json show gateways VTI_VTIV4 | jq -r .state) == "$1" ]]; }
expect 15 gateway_is online
kill_vtid hq # or it would mend its end
before=$(ike)

lose_half
expect 5 tunnel_is branch hq silent
assert_match "problem" "nothing comes back: .*VTI_VTIV4 is silent" "$(problem_says branch tunnels/hq)"
expect 20 ping_once branch "${inner[hq]}"
expect 5 tunnel_is branch hq up
assert_eq "the IKE_SA" "$before" "$(ike)"
assert_eq "rekeys" 1 "$(rekeys)"

say "not without being told to"
renew_after off
vtictl_at branch reload
expect 30 gateway_is online
lose_half
expect 5 tunnel_is branch hq silent
sleep 12
tunnel_is branch hq silent || fail "it is $(tunnel_state branch hq)"
assert_eq "rekeys" 1 "$(rekeys)"
says 0 'new CHILD_SAs' branch rekey hq/v4
expect 5 tunnel_is branch hq up
