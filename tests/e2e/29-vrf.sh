#!/bin/bash
# The tunnel's interface of one site inside a VRF, whose customer has the networks that the site has in its main table too. Traffic and
# a monitor go through it; `vrf` is added to a running tunnel and taken out again, the VRF is removed and made again, and somebody takes the
# interface out: the interface stays the same one throughout, the SAs too.
. "$(dirname "$0")/lib.sh"

customer=10.1.0.10 # behind hq, in the VRF; the main table leads that network elsewhere
monitor='{ "interval": "100ms", "loss_interval": "400ms", "period": "2s", "alert": "100ms", "hold": "0s",
  "latency": { "low": "300ms", "high": "400ms" }, "loss": { "low": 20, "high": 50 } }'

edit() { # site jq-filter: its file is another
  jq --argjson monitor "$monitor" "$2" "/run/$1/etc/vtid.json" >"/run/$1/etc/new.json"
  mv "/run/$1/etc/new.json" "/run/$1/etc/vtid.json"
}
make_red() { # with the customer's LAN in it
  printf '%s\n' "link add red type vrf table 1001" "link set red up" "link set lan master red" "address add ${lan6[hq]}:1/64 dev lan" | ip -n hq -batch -
}
master() { ip -n hq -j link show ipsec1 | jq -r '.[0].master // "none"'; }
is_in() { [[ $(master) == "$1" ]]; } # master, or none
is_shut() { # down, without an address, and in no route
  [[ $(ip -n hq -j address show dev ipsec1 | jq -r '.[0] | "\(.operstate) \(.addr_info | length)"') == "DOWN 0" ]] &&
    ! ip -n hq route show table all | grep "dev ipsec1"
}
routed() { ip -n hq route show table "$1" | grep "^10.2.0.0/24 .* dev ipsec1 "; } # table
reaches() { at hq-lan ping -c 1 -W 1 10.2.0.10; } # from the customer's LAN to the peer's
reaches6() { at hq-lan ping -c 1 -W 1 "${lan6[branch]}:10"; }
gateway_is() { [[ $(vtictl_at hq --json show gateways VTI_VTIV4 | jq -r .state) == "$1" ]]; }
problem() { vtictl_at hq --json status | jq -r '.problems[].text' | grep "belongs into the VRF red"; }
writes() { grep -c 'kernel changed' /run/hq/vtid.log; }
sas() { ip -n hq xfrm state list | grep -o 'spi 0x[0-9a-f]*' | sort | tr '\n' ' '; }

modprobe vrf
make_network
for site in hq branch; do write_config "$site"; done
edit hq '.interfaces = { VTI: { tunnel: "branch" } } | .gateways = { VTI_VTIV4: { monitor: $monitor } } |
  .routes = [ { to: "10.2.0.0/24", via: "VTI_VTIV4" }, { to: "'"${lan6[branch]}"':/64", via: "VTI_VTIV6" } ]'
start_charon hq branch
for site in hq branch; do start_vtid "$site"; done
expect 30 tunnel_is hq branch up
expect 30 tunnel_is branch hq up
expect 20 reaches
expect 20 gateway_is online
first=$(ifindex hq ipsec1)
known=$(sas)

say "the VRF of the file is not there"
edit hq '.interfaces.VTI.vrf = "red"'
vtictl_at hq reload
expect 10 problem
assert_match "what status says" "no such device" "$(problem)"
expect 10 is_shut

say "the VRF appears, and the main table has the peer's networks elsewhere"
make_red
ip -n hq link add elsewhere type dummy
printf '%s\n' "link set elsewhere up" "address add 10.6.106.1/30 dev elsewhere" "route add 10.2.0.0/24 dev elsewhere" | ip -n hq -batch -
expect 10 is_in red
expect 10 routed 1001
expect 10 reaches
expect 10 reaches6
expect 20 gateway_is online
expect 10 converged hq
assert_eq "problems" "" "$(problem || true)"
assert_match "the main table's own way" "dev elsewhere" "$(ip -n hq route get 10.2.0.10)"
assert_match "where a device in the VRF leads" "dev ipsec1" "$(ip -n hq route get 10.2.0.10 vrf red)"
assert_eq "what vtictl shows" red "$(vtictl_at hq --json show interfaces VTI | jq -r .vrf)"
assert_match "what it explains" "in red, mtu" "$(vtictl_at hq explain branch)"
assert_eq "the interface's index" "$first" "$(ifindex hq ipsec1)"
assert_eq "the SAs" "$known" "$(sas)"

say "nothing is written without a change"
before=$(writes)
vtictl_at hq reload
sleep 2
assert_eq "changes" "$before" "$(writes)"

say "a monitor beyond the gateway goes by the VRF too"
edit hq '.gateways.VTI_VTIV4.monitor.targets = [ { address: "10.2.0.10" }, { address: "10.2.0.10", kind: "tcp", port: 5 } ] |
  .gateways.VTI_VTIV4.monitor.require = "all"'
sleep 1
vtictl_at hq reload
sleep 3
expect 20 gateway_is online

say "rules see the interface in the VRF"
edit hq '.filter.mode = "if_ipsec" | .rules = []'
vtictl_at hq reload
expect 10 converged hq
closed() { ! at branch-lan ping -c 1 -W 1 "$customer"; }
expect 10 closed
expect 10 reaches # replies
edit hq '.rules = [ { on: "VTI", action: "pass", protocol: "icmp" } ]'
vtictl_at hq reload
open() { at branch-lan ping -c 1 -W 1 "$customer"; }
expect 10 open
edit hq 'del(.rules, .filter)'
vtictl_at hq reload
expect 10 converged hq

say "somebody takes the interface out"
ip -n hq link set ipsec1 nomaster
expect 10 is_in red
expect 10 reaches
expect 10 reaches6

say "the VRF goes, and comes again with another table"
ip -n hq link delete red
expect 10 problem
expect 10 is_in none
expect 10 is_shut
printf '%s\n' "link add red type vrf table 1002" "link set red up" "link set lan master red" "address add ${lan6[hq]}:1/64 dev lan" | ip -n hq -batch -
expect 10 is_in red
expect 10 routed 1002
expect 10 reaches
expect 10 reaches6
expect 20 gateway_is online

say "the file has no VRF any more"
printf '%s\n' "link set lan nomaster" "address add ${lan6[hq]}:1/64 dev lan" "link delete elsewhere" | ip -n hq -batch -
edit hq 'del(.interfaces.VTI.vrf)'
vtictl_at hq reload
expect 10 is_in none
expect 10 routed main
expect 10 reaches
expect 10 reaches6
assert_eq "the interface's index" "$first" "$(ifindex hq ipsec1)"
assert_eq "the SAs" "$known" "$(sas)"
