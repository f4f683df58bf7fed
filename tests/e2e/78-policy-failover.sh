#!/bin/bash
# What a policy route matches follows its group under a TCP transfer, which lives: when the first tunnel's link is cut, when it is
# back, and when an administrator takes that tunnel down. All else stays with the first tunnel, so it is the policy that moves.
# A vtid that is killed meanwhile does not forget that the first tunnel has to prove itself. The program of docs/monitoring.md
# makes the kernel forget what was translated to the address of the tunnel that is down.
. "$(dirname "$0")/lib.sh"

dpd=30s # the monitors are to tell of the cut link, not IKE
outer_devices=wan,wan2
declare -A outer2=([hq]=203.0.113.1 [branch]=203.0.113.2)
monitor='{ "interval": "100ms", "loss_interval": "400ms", "period": "2s", "alert": "100ms", "hold": "2s",
  "latency": { "low": "300ms", "high": "400ms" }, "loss": { "low": 10, "high": 30 } }'

write_two() { # site ports: "ports" for those who call, "from_ports" for those who answer
  local remote=${peer[$1]}
  write_config "$1"
  jq --argjson monitor "$monitor" --arg here "${outer2[$1]}" --arg there "${outer2[$remote]}" --arg peer "$remote" \
    --arg lan "${lan[$remote]}.0/24" --arg ports "$2" \
    --arg inner "10.6.107.${inner[$1]##*.}/30" --arg far "10.6.107.${inner[$remote]##*.}" '
    .tunnels.second = (.tunnels[$peer] | .unit = 2 | .ike.local = { address: $here, id: "\($here)" } |
      .ike.remote = { address: $there, id: "\($there)" } |
      .children = { v4: (.children.v4 | .local = $inner | .remote = $far) }) |
    .interfaces = { A: { tunnel: $peer }, B: { tunnel: "second" } } |
    .gateways = { A_VTIV4: { monitor: $monitor }, A_VTIV6: { monitor: $monitor }, B_VTIV4: { monitor: $monitor } } |
    .gateway_groups = { BEST: { members: [ { gateway: "A_VTIV4" }, { gateway: "B_VTIV4", tier: 2 } ], when_all_down: "none" } } |
    .routes = [ { to: $lan, via: "A_VTIV4" } ] |
    .policy_routes = [ { name: "bulk", in: "lan", protocol: "tcp", to: $lan, via: "BEST", ($ports): 5001 } ]' \
    "/run/$1/etc/vtid.json" >"/run/$1/etc/two.json"
  mv "/run/$1/etc/two.json" "/run/$1/etc/vtid.json"
}

by() { # device: both ways of the transfer
  local there back
  there=$(ip -n hq route get 10.2.0.10 from 10.1.0.10 iif lan ipproto tcp sport 40000 dport 5001)
  back=$(ip -n branch route get 10.1.0.10 from 10.2.0.10 iif lan ipproto tcp sport 5001 dport 40000)
  [[ $there == *" dev $1 "* && $back == *" dev $1 "* ]]
}
logged() { local line; line=$(grep "$1" /run/hq/vtid.log | tail -n 1); date -d "${line%% *}" +%s%3N; } # text: when, in milliseconds
goes_on() { expect 15 arrived_more_than $(($(arrived) + 50000)); }
at_wan() { local site; for site in hq branch; do tc -n wan qdisc "$1" dev "$site" root "${@:2}"; done; } # action arguments...

tracked() { at hq conntrack -L "$@" 2>/dev/null | wc -l; } # filter...
track() { # port [reply-destination]: a connection that is known, and translated to that address
  at hq conntrack -I -p udp -s 10.1.0.10 -d 10.2.0.10 --sport "$1" --dport 5060 --timeout 600 \
    ${2:+--reply-src 10.2.0.10 --reply-dst "$2" --reply-port-src 5060 --reply-port-dst "$1"} 2>/dev/null
}

modprobe -a sch_netem nf_conntrack_netlink
make_network
cable hq wan2 "${outer2[hq]}/24" branch wan2 "${outer2[branch]}/24"
write_two hq ports
write_two branch from_ports
mkdir -p /run/hq/etc
{
  echo '#!/bin/sh'
  sed -n '/^# forgets what/,/^```$/{/^```$/!p}' "$(dirname "$0")/../../docs/monitoring.md" | sed 's/HQ_A_VTIV4/A_VTIV4/'
} >/run/hq/etc/flush
chmod +x /run/hq/etc/flush
jq '.on_change = { command: ["/run/hq/etc/flush"] }' /run/hq/etc/vtid.json >/run/hq/etc/new.json
mv /run/hq/etc/new.json /run/hq/etc/vtid.json
start_charon hq branch
for site in hq branch; do start_vtid "$site"; done
for site in hq branch; do
  expect 30 tunnel_is "$site" "${peer[$site]}" up
  expect 30 tunnel_is "$site" second up
  expect 10 converged "$site"
done
expect 15 by ipsec1

say "a transfer begins"
begin_transfer
record_start hq

track 5061 "${inner[hq]}"
track 5062
assert_eq "known connections, and those that were translated" "2 1" "$(tracked -p udp -s 10.1.0.10) $(tracked --reply-dst "${inner[hq]}")"

say "the first link is cut"
at_wan replace netem loss 100%
expect 15 by ipsec2
goes_on
assert_match "all else is where it was" " dev ipsec1 " "$(ip -n hq route get 10.2.0.10)"

expect 15 eval '[[ $(tracked --reply-dst "${inner[hq]}") == 0 ]]'
assert_eq "known connections that were not translated" 1 "$(tracked -p udp -s 10.1.0.10)"

say "the first link is back while vtid at hq is away"
expect 15 eval '[[ $(jq -r .gateways.A_VTIV4.state /run/hq/state/gateways.json) == down ]]'
kill_vtid hq
at_wan delete
start_vtid hq
expect 15 grep -q 'carriers=B_VTIV4 reason="A_VTIV4 is down: was so before vtid started; believed 2s after its first' /run/hq/vtid.log
expect 20 by ipsec1
started=$(logged "vtid started") moved=$(logged "replace route 0.0.0.0/0 via ${inner[branch]} dev ipsec1 ")
say "hq moved back $((moved - started)) ms after its start"
((moved - started >= 2000)) || fail "moved back before the hold: $((moved - started)) ms"
goes_on

say "the first tunnel is taken down"
vtictl_at branch down hq >/dev/null
expect 15 by ipsec2
goes_on

end_transfer
# The new way is there before the old one goes: never a moment in which the table's last resort, or the main table, has them.
record_stop hq | grep -E 'default via .* dev ipsec[12] table [0-9]+' >/run/record
assert_eq "moves" 3 "$(grep -vc Deleted /run/record)"
assert_eq "ways at the least" 1 "$(fewest_ways </run/record)"
