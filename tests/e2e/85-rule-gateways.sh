# A rule with a gateway: what the branch sends and the rule passes takes that gateway at hq, its replies come back by the tunnel, and
# nothing of it takes another route while the gateway is down, unless the rule says so.
#
# 203.0.113.7 is at wan, where hq's routes lead, and at hq-lan, which is the gateway. 203.0.113.5 is a host of the branch that hq's
# routes do not lead back to.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/filter.sh"

start_filtered_sites '"filter": { "mode": "if_ipsec", "allow_blocked_tunnels": true }, "rules": []'
jq '.interfaces.LAN = { device: "lan" } |
  .gateways.LAN_GW = { interface: "LAN", address: "10.1.0.10", monitor: { interval: "100ms", loss_interval: "400ms",
    period: "2s", alert: "100ms", hold: "500ms", latency: { low: "300ms", high: "400ms" }, loss: { low: 30, high: 60 } } } |
  .rules = [
    { on: "VTI", action: "block", protocol: "tcp", ports: 442 },
    { on: "VTI", action: "pass", protocol: "tcp", ports: "440-445", gateway: "LAN_GW" },
    { on: "VTI", action: "pass", protocol: "tcp", ports: 8443, gateway: "LAN_GW", when_down: "withdraw" },
    { on: "VTI", action: "pass", protocol: "tcp", ports: 80 } ]' /run/hq/etc/vtid.json >/run/hq/etc/new.json
mv /run/hq/etc/new.json /run/hq/etc/vtid.json
vtictl_at hq reload >/dev/null
expect 5 converged hq
gateway_is() { [[ $(vtictl_at hq --json show gateways LAN_GW | jq -r .state) == "$1" ]]; } # state
expect 10 gateway_is online

for site in wan hq-lan; do ip -n "$site" address add 203.0.113.7/32 dev lo; done
ip -n wan route add 10.2.0.0/24 via 192.0.2.1
ip -n branch route add 203.0.113.7 dev ipsec1
ip -n branch-lan address add 203.0.113.5/32 dev branch
ip -n branch route add 203.0.113.5 via 10.2.0.10
at hq sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.lan.rp_filter=0 net.ipv4.conf.ipsec1.rp_filter=0

takes() { # what-happens port what: and at which of the two 203.0.113.7 it arrives
  local site found=
  for site in wan hq-lan; do count_arrivals "$site" "tcp dport $2"; done
  found=$(fate branch-lan 203.0.113.7 "$2" 3)
  for site in wan hq-lan; do if (($(arrivals "$site") > 0)); then found+=" at $site"; fi; done
  assert_eq "$3 (port $2)" "$1" "$found"
}

takes "passed at hq-lan" 443 "a rule with a gateway"
takes "passed at wan" 80 "a rule without one"
takes blocked 442 "what an earlier rule blocks"
takes blocked 25 "what no rule passes"
flow passed branch-lan 10.6.106.1 443 "what is for hq itself"
assert_match "explained" "what it passes in by VTI goes via LAN_GW" "$(vtictl_at hq explain LAN_GW)"

# The mark says both: where it goes, and by which tunnel its replies leave, where the routes lead elsewhere.
assert_match "where the routes lead" " dev wan " "$(ip -n hq route get 203.0.113.5)"
ip -n branch-lan route add 203.0.113.7 via 10.2.0.1 src 203.0.113.5
takes "passed at hq-lan" 443 "a source that is routed elsewhere"
ip -n branch-lan route delete 203.0.113.7
assert_eq "routing rules, one for each way" 2 "$(ip -n hq rule list | grep -c '^11701:.*fwmark 0x[89a-f][0-9a-f]*0000/0xffff0000 lookup 118')"

# Later packets of a connection go the same way.
head -c 100000 /dev/zero >/run/payload
ip netns exec hq-lan timeout 10 busybox nc -l -p 445 >/run/received &
listener=$!
expect 5 eval 'at hq-lan ss -Hltn sport 445 | grep -q .'
at branch-lan timeout 10 bash -c 'cat /run/payload >/dev/tcp/203.0.113.7/445'
wait "$listener"
assert_eq "bytes of a long connection" 100000 "$(stat -c %s /run/received)"

before=$(vtictl_at hq --json list rules | jq '.[1].packets')
ip -n hq-lan link set hq down
expect 10 gateway_is down
expect 5 converged hq
takes blocked 443 "while the gateway is down nothing leaks"
takes "passed at wan" 8443 "unless the rule says so"
takes "passed at wan" 80 "a rule without a gateway"
((before > 0)) || fail "the rule has counted nothing"
assert_eq "what the rule has counted: the filter was not written again" "$before" "$(vtictl_at hq --json list rules | jq '.[1].packets')"

ip -n hq-lan link set hq up
ip -n hq-lan route replace default via 10.1.0.1
expect 15 gateway_is online
takes "passed at hq-lan" 443 "the gateway is back"
takes "passed at hq-lan" 8443 "for the other rule too"
