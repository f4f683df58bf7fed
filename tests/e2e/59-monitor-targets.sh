#!/bin/bash
# A gateway that answers no echo request is judged in other ways: by ARP, by a connection that is refused behind it, and by as many
# of several targets as the file requires. A route follows, and a gateway outside its device's network has one.
. "$(dirname "$0")/lib.sh"

target=203.0.113.77
quick='{ "interval": "200ms", "loss_interval": "1s", "period": "5s", "alert": "200ms", "hold": "1s" }'
arp='{ "kind": "arp" }' tcp='{ "kind": "tcp", "address": "'$target'", "port": 9 }' icmp='{ "kind": "icmp" }'
gateway_is() { [[ $(vtictl_at hq --json show gateways "$1" | jq -r .state) == "$2" ]]; } # gateway state
targets_are() { # states of the gateway ALL
  [[ $(vtictl_at hq --json show gateways ALL | jq -r '[.targets[].state] | join(" ")') == "$1" ]]
}
goes_to() { [[ $(ip -n hq route show 10.99.0.0/24) == *"via $1 "* ]]; } # next hop
drops() { # nft-matches of what the router takes no notice of
  at wan nft 'table ip mute { chain input { type filter hook input priority 0; }; }; flush chain ip mute input'
  for match; do at wan nft "add rule ip mute input $match drop"; done
}

make_network
ip -n wan address add "$target/32" dev lo
# A second router on hq's segment, at an address outside of its network.
modprobe macvlan
ip netns add far
ip -n wan link add link hq name far netns far type macvlan mode bridge
ip -n far address add 198.18.0.1/32 dev far
ip -n far link set far up
ip -n far route add "${outer[hq]}/32" dev far
start_charon hq
write_config hq
jq --argjson quick "$quick" --argjson arp "$arp" --argjson tcp "$tcp" --argjson icmp "$icmp" '
  def judged(targets; required): { interface: "WAN", address: "192.0.2.254", monitor: ($quick + { targets: targets, require: required }) };
  .interfaces += { WAN: { device: "wan" } } |
  .gateways = { ICMP: judged([$icmp]; "any"), ARP: judged([$arp]; "any"), TCP: judged([$tcp]; "any"),
    ANY: judged([$icmp, $arp, $tcp]; "any"), TWO: judged([$icmp, $arp, $tcp]; 2), ALL: judged([$icmp, $arp, $tcp]; "all"),
    NOBODY: { interface: "WAN", address: "192.0.2.252", monitor: ($quick + { targets: [$arp] }) },
    FAR: { interface: "WAN", address: "198.18.0.1", on_link: true, monitor: $quick } } |
  .gateway_groups = { OUT: { members: [ { gateway: "TCP" }, { gateway: "FAR", tier: 2 } ] } } |
  .routes += [ { to: "10.99.0.0/24", via: "OUT" } ]' /run/hq/etc/vtid.json >/run/hq/etc/targets.json
mv /run/hq/etc/targets.json /run/hq/etc/vtid.json
start_vtid hq

for gateway in ICMP ARP TCP ANY TWO ALL FAR; do expect 10 gateway_is "$gateway" online; done
expect 10 gateway_is NOBODY down
expect 5 goes_to 192.0.2.254
expect 10 converged hq
plan_is_empty hq

say "the router drops echo requests"
drops 'icmp type echo-request'
for gateway in ICMP ALL; do expect 10 gateway_is "$gateway" down; done
expect 5 targets_are "down online online"
for gateway in ARP TCP ANY TWO; do assert_eq "$gateway" online "$(vtictl_at hq --json show gateways "$gateway" | jq -r .state)"; done
assert_match "why" 'icmp 192\.0\.2\.254 is down' "$(vtictl_at hq --json show gateways ALL | jq -r .reason)"

say "and connections"
drops 'icmp type echo-request' 'tcp dport 9'
for gateway in TCP TWO; do expect 10 gateway_is "$gateway" down; done
expect 5 goes_to 198.18.0.1
assert_match "a route to the far one" 'dev wan' "$(ip -n hq route show 198.18.0.1)"
for gateway in ARP ANY FAR; do assert_eq "$gateway" online "$(vtictl_at hq --json show gateways "$gateway" | jq -r .state)"; done

say "it is away"
ip -n wan link set hq down
ip -n far link set far down
for gateway in ARP ANY FAR; do expect 10 gateway_is "$gateway" down; done

say "it is back"
drops
ip -n wan link set hq up
ip -n far link set far up
ip -n far route add "${outer[hq]}/32" dev far
for gateway in ICMP ARP TCP ANY TWO ALL; do expect 20 gateway_is "$gateway" online; done
expect 5 goes_to 192.0.2.254

say "the file takes them back"
write_config hq
vtictl_at hq reload
expect 5 converged hq
assert_eq "rules" "" "$(ip -n hq rule list | grep '^11699:' || true)"
assert_eq "the far one's route" "" "$(ip -n hq route show 198.18.0.1)"
