#!/bin/bash
# A branch behind NAT calls headquarters, which does not know its address. Then the NAT gives it another one.
. "$(dirname "$0")/lib.sh"

make_network
at wan nft -f - <<'NFT'
table ip nat { chain out { type nat hook postrouting priority 100; oifname "hq" ip saddr 198.51.100.0/24 masquerade; }; }
NFT
start_charon hq branch
for site in hq branch; do write_config "$site"; done
sed -i 's/"address": "198.51.100.1"/"address": "any"/' /run/hq/etc/vtid.json
start_vtid hq

# the interface, its addresses and routes wait for a peer that has no address yet
expect 5 tunnel_is hq branch waiting
assert_eq "status of the remote end" any "$(status_of hq '.tunnels[0].remote')"
assert_match "the address" "10.6.106.1/30" "$(ip -n hq -o address show dev ipsec1)"
assert_match "the route" "dev ipsec1" "$(ip -n hq route show 10.2.0.0/24)"
start_vtid branch
expect 30 tunnel_is branch hq up
expect 10 tunnel_is hq branch up
expect 5 ping_once branch-lan 10.1.0.10
expect 5 ping_once hq-lan 10.2.0.10
expect 5 ping_once branch "${inner6[hq]}"
assert_eq "the peer, as hq sees it" 192.0.2.254 "$(status_of hq '.tunnels[0].remote')"
for site in hq branch; do
  expect 5 eval "vtictl_at $site explain ${peer[$site]} | grep -q '8 (UDP)'"
  expect 5 eval "ip -n $site -o link show ipsec1 | grep -q 'mtu 1438'"
done

index=$(ifindex hq ipsec1)/$(ifindex branch ipsec1)
# the NAT forgets it and comes out with another address: what the branch sends next tells hq where it is
ping_start branch "${inner[hq]}"
ip -n wan address add 192.0.2.253/24 dev hq
at wan nft -f - <<'NFT'
flush ruleset
table ip nat { chain out { type nat hook postrouting priority 100; oifname "hq" ip saddr 198.51.100.0/24 snat to 192.0.2.253; }; }
NFT
at wan conntrack -F 2>/dev/null
expect 15 eval '[[ $(status_of hq ".tunnels[0].remote") == 192.0.2.253 ]]'
ping_stop
say "rebinding: $ping_lost of $((ping_answered + ping_lost)) pings lost"
((ping_lost < 500)) || fail "the gap was longer than two seconds"
expect 10 ping_once hq-lan 10.2.0.10
expect 5 ping_once branch-lan 10.1.0.10
assert_eq "ifindexes" "$index" "$(ifindex hq ipsec1)/$(ifindex branch ipsec1)"
