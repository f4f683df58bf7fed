#!/bin/bash
# A charon that is killed and started again moves no route: its SAs stay in the kernel and carry, and the monitors' probes say so. The
# route goes by a group whose other member, a second tunnel, is as good. It is so at the end that calls and at the end that does
# not, which calls once by itself, because its peer has no reason to.
. "$(dirname "$0")/lib.sh"

dpd=30s
monitor='{ "interval": "200ms", "loss_interval": "1s", "period": "5s", "alert": "200ms", "hold": "2s",
  "latency": { "low": "500ms", "high": "900ms" }, "loss": { "low": 20, "high": 40 } }'
write_two() { # site
  local remote=${peer[$1]}
  write_config "$1" "$(spare "$1" 2 '{ "psk": { "file": "peer.psk" } }')"
  jq --argjson monitor "$monitor" --arg lan "${lan[$remote]}.0/24" '
    .interfaces = { A: { tunnel: "'"$remote"'" }, B: { tunnel: "spare2" } } |
    .gateways = { A_VTIV4: { monitor: $monitor }, A_VTIV6: { monitor: $monitor }, B_VTIV4: { monitor: $monitor } } |
    .gateway_groups = { SITE: { members: [ { gateway: "A_VTIV4" }, { gateway: "B_VTIV4", tier: 2 } ] } } |
    .routes = [ { to: $lan, via: "SITE" }, { to: "10.9.0.0/24", via: "A_VTIV4", when_down: "blackhole" } ]' \
    "/run/$1/etc/vtid.json" >"/run/$1/etc/two.json"
  mv "/run/$1/etc/two.json" "/run/$1/etc/vtid.json"
}
gateway_is() { [[ $(vtictl_at "$1" --json show gateways "$2" | jq -r .state) == "$3" ]]; } # site gateway state
fallen() { grep -cE 'gateway changed.*state=(down|loss|pending)' "/run/$1/vtid.log" || true; } # site
left_alone() { ip -n "$1" xfrm state | grep -c "reqid 5001 " || true; }

make_network
start_charon hq branch
for site in hq branch; do write_two "$site"; start_vtid "$site"; done
for site in hq branch; do
  for tunnel in "${peer[$site]}" spare2; do expect 30 tunnel_is "$site" "$tunnel" up; done
  for gateway in A_VTIV4 B_VTIV4; do expect 20 gateway_is "$site" "$gateway" online; done
  expect 10 converged "$site"
done

for site in branch hq; do # the end that calls, then the one that does not
  other=${peer[$site]}
  falls="$(fallen hq) $(fallen branch)"
  record_start hq
  record_start branch
  ping_start branch 10.1.0.1
  kill_charon "$site"
  expect 10 tunnel_is "$site" "$other" unknown
  sleep 2
  say "SAs of before: $(left_alone "$site")"
  start_charon "$site"
  began=$((${EPOCHREALTIME/./} / 1000))
  for tunnel in "$other" spare2; do expect 40 tunnel_is "$site" "$tunnel" up; done
  say "charon at $site: up again $((${EPOCHREALTIME/./} / 1000 - began)) ms after its start"
  sleep 3
  ping_stop
  say "of $ping_answered packets $ping_lost were lost"
  for end in hq branch; do assert_eq "rtnetlink at $end" "" "$(record_stop "$end" | grep -v 'proto kernel' || true)"; done
  assert_eq "gateways that fell at hq and branch" "$falls" "$(fallen hq) $(fallen branch)"
  ((ping_lost <= ping_answered / 100 + 2)) || fail "too many were lost"
  for end in hq branch; do expect 20 converged "$end"; done
done

say "a tunnel that is held down is down at once, whatever is left in the kernel"
kill_charon branch
expect 10 tunnel_is branch hq unknown
start_charon branch
expect 30 tunnel_is branch hq up
vtictl_at branch down hq >/dev/null
expect 2 gateway_is branch A_VTIV4 down
