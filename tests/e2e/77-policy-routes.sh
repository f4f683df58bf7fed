#!/bin/bash
# Two tunnels between two sites: what a policy route matches takes the second one, all else the first. When its gateway is down
# nothing of it leaks to the first, unless it says so; with a group it moves there. Members share flows by weight.
. "$(dirname "$0")/lib.sh"
monitor='{ "interval": "100ms", "loss_interval": "400ms", "period": "2s", "alert": "100ms", "hold": "2s",
  "latency": { "low": "300ms", "high": "400ms" }, "loss": { "low": 30, "high": 60 } }'

declare -A last=([hq]=1 [branch]=2)
for site in hq branch; do
  write_config "$site" "$(spare "$site" 2 '{ "psk": { "file": "peer.psk" } }')"
  jq --argjson monitor "$monitor" --arg peer "${peer[$site]}" --arg lan "${lan[${peer[$site]}]}.0/24" '
    .interfaces = { A: { tunnel: $peer }, B: { tunnel: "spare2" }, LAN: { device: "lan" } } |
    .gateways = { A_VTIV4: { monitor: $monitor }, A_VTIV6: { monitor: $monitor }, B_VTIV4: { monitor: $monitor } } |
    .gateway_groups = {
      BEST: { members: [ { gateway: "B_VTIV4" }, { gateway: "A_VTIV4", tier: 2 } ], when_all_down: "none" },
      BOTH: { members: [ { gateway: "A_VTIV4", weight: 3 }, { gateway: "B_VTIV4" } ] } } |
    .routes = [ { to: $lan, via: "A_VTIV4" } ] |
    .policy_routes = [
      { name: "voice", in: "LAN", protocol: "udp", to: $lan, ports: "5060-5061", via: "B_VTIV4" },
      { name: "soft", in: "LAN", protocol: "udp", to: $lan, ports: 6000, via: "B_VTIV4", when_down: "withdraw" },
      { name: "bulk", in: "lan", protocol: "tcp", to: $lan, ports: 5001, via: "BEST" },
      { name: "shared", in: "LAN", protocol: "udp", to: $lan, ports: "7000-7999", via: "BOTH" },
      { name: "aside", in: "LAN", protocol: "udp", to: $lan, ports: 5070, via: "routes" },
      { name: "beside", in: "LAN", protocol: "udp", to: $lan, ports: "5070-5079", via: "B_VTIV4" } ]' \
    "/run/$site/etc/vtid.json" >"/run/$site/etc/new.json"
  mv "/run/$site/etc/new.json" "/run/$site/etc/vtid.json"
done
start_sites
for site in hq branch; do expect 30 tunnel_is "$site" spare2 up; expect 10 converged "$site"; done
gateway_is() { [[ $(vtictl_at "$1" --json show gateways "$2" | jq -r .state) == "$3" ]]; } # site gateway state
expect 15 gateway_is hq B_VTIV4 online

at hq sysctl -qw net.ipv4.fib_multipath_hash_policy=1
goes_by() { ip -n hq route get 10.2.0.10 from 10.1.0.10 iif lan ipproto "$1" sport "${3:-40000}" dport "$2" 2>&1; } # protocol port [source-port]
by() { [[ $(goes_by "$1" "$2") == *" dev $3 "* ]]; } # protocol port device

assert_match "voice" " dev ipsec2 " "$(goes_by udp 5060)"
assert_match "its last port" " dev ipsec2 " "$(goes_by udp 5061)"
assert_match "the next port" " dev ipsec1 " "$(goes_by udp 5062)"
assert_match "another protocol" " dev ipsec1 " "$(goes_by tcp 5060)"
assert_match "bulk" " dev ipsec2 " "$(goes_by tcp 5001)"

assert_match "an exception" " dev ipsec1 " "$(goes_by udp 5070)"
assert_match "beside the exception" " dev ipsec2 " "$(goes_by udp 5071)"
assert_match "the exception, explained" "goes by the routes" "$(vtictl_at hq explain aside)"

for ((port = 20000; port < 20400; ++port)); do
  echo "route get 10.2.0.10 from 10.1.0.10 iif lan ipproto udp sport $port dport 7000"
done >/run/flows
first=$(ip -n hq -batch /run/flows | grep -c ' dev ipsec1 ')
say "$first of 400 flows by the member of weight 3"
((first >= 270 && first <= 330)) || fail "$first of 400 flows went by the member of weight 3, 300 were meant"

vtictl_at branch down spare2 >/dev/null
expect 5 gateway_is hq B_VTIV4 down
expect 3 by tcp 5001 ipsec1
assert_match "voice does not leak" "RTNETLINK|nvalid|unreachable" "$(goes_by udp 5060)"
expect 2 by udp 6000 ipsec1
assert_match "explained" "blackhole" "$(vtictl_at hq explain voice)"

vtictl_at branch up spare2 >/dev/null
expect 20 by udp 5060 ipsec2
expect 5 by tcp 5001 ipsec2
expect 5 converged hq

old=$(ip -n hq rule list | grep -c 'proto 118')
assert_eq "rules at hq, and where an exception leads" 7 "$old"
ip -n hq rule delete priority 11800
expect 5 by udp 5060 ipsec2
jq 'del(.policy_routes)' /run/hq/etc/vtid.json >/run/hq/etc/new.json
mv /run/hq/etc/new.json /run/hq/etc/vtid.json
vtictl_at hq reload >/dev/null
expect 5 by udp 5060 ipsec1
assert_eq "rules of ours that are left" 0 "$(ip -n hq rule list | grep -c 'proto 118' || true)"
