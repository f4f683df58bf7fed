#!/bin/bash
# Other hands take policies, SAs, the filter and rules away, whole or one by one: each is back within seconds, and nothing that is
# another's is touched.
. "$(dirname "$0")/lib.sh"

for site in hq branch; do
  write_config "$site" "" '"rules": [ { "on": "ipsec", "action": "pass", "protocol": "icmp" }, { "on": "ipsec", "action": "pass", "protocol": "icmp6" } ],
    "policy_routes": [ { "name": "voice", "in": "lan", "protocol": "udp", "ports": "5060", "via": "VTI_VTIV4" } ]'
  sed -i 's/"interfaces": {/"interfaces": { "LAN": { "device": "lan" },/' "/run/$site/etc/vtid.json"
  sed -i 's/"in": "lan"/"in": "LAN"/' "/run/$site/etc/vtid.json"
done
start_sites
for site in hq branch; do expect 10 converged "$site"; done

# Another's, in every kind.
ip -n branch xfrm policy add dir out src 172.31.1.0/24 dst 172.31.2.0/24 priority 7 tmpl src 192.0.2.77 dst 192.0.2.78 proto esp reqid 77 mode tunnel
ip -n branch xfrm state add src 192.0.2.77 dst 192.0.2.78 proto esp spi 0x7777 reqid 77 mode tunnel aead 'rfc4106(gcm(aes))' 0x0102030405060708090a0b0c0d0e0f1011121314 128
ip -n branch rule add from 172.31.9.0/24 lookup 99 priority 90
ip -n branch route add 172.31.8.0/24 dev lan
at branch nft 'add table inet theirs; add chain inet theirs c { type filter hook input priority 10; }; add rule inet theirs c tcp dport 7777 drop'
theirs() {
  ip -n branch xfrm policy list | grep -A1 172.31.1.0 | head -n 2
  ip -n branch xfrm state list | grep -A1 'dst 192.0.2.78' | head -n 2
  ip -n branch rule list | grep 172.31.9.0
  ip -n branch route list 172.31.8.0/24
  at branch nft list table inet theirs
}
before=$(theirs)

policies() { ip -n branch xfrm policy list nosock | grep -c 'if_id 0x1$' || true; }
passes() { ping_once branch "${inner[hq]}" && ping_once branch "${inner6[hq]}"; }
whole=$(policies)
say "policies of the tunnel: $whole"
mended() { # what seconds
  local began=${EPOCHREALTIME/./}
  wait_for "$2" passes || fail "after $1 nothing crosses within $2 s"
  say "ok: after $1 it crosses again in $(((${EPOCHREALTIME/./} - began) / 1000)) ms"
  expect 15 converged branch
  assert_eq "policies after $1" "$whole" "$(policies)"
  expect 5 tunnel_is branch hq up
}

index=$(ifindex branch ipsec1)
charons=$(ip -n branch xfrm policy list nosock | awk '/^src/ { s = $2; d = $4 } /dir (in|fwd|out)/ { print s, d, $2 }' | grep -v 172.31 | sort -u | head -n 1)
say "one policy: $charons"
read -r from to direction <<<"$charons"
ip -n branch xfrm policy delete src "$from" dst "$to" dir "$direction" if_id 1
lost() { (($(policies) < whole)); }
wait_for 10 eval '! lost' || fail "the policy is not back"
expect 15 converged branch
ip -n branch xfrm policy list nosock >/run/before
for dir in in out fwd; do
  for net in 0.0.0.0/0 ::/0; do ip -n branch xfrm policy delete src "$net" dst "$net" dir "$dir" if_id 1 2>/dev/null || true; done
done
mended "every policy of the tunnel was deleted one by one" 10
ip -n branch xfrm policy flush
sleep 0.2
ip -n branch xfrm policy add dir out src 172.31.1.0/24 dst 172.31.2.0/24 priority 7 tmpl src 192.0.2.77 dst 192.0.2.78 proto esp reqid 77 mode tunnel
said_or_mended() { problem_says branch 'tunnels/hq: charon says that it is up.*policy' || passes; } # which may be quicker
expect 5 said_or_mended
mended "ip xfrm policy flush" 20
ip -n branch xfrm state deleteall reqid 5001
mended "ip xfrm state deleteall reqid 5001" 20
ip -n branch xfrm state flush
ip -n branch xfrm state add src 192.0.2.77 dst 192.0.2.78 proto esp spi 0x7777 reqid 77 mode tunnel aead 'rfc4106(gcm(aes))' 0x0102030405060708090a0b0c0d0e0f1011121314 128
mended "ip xfrm state flush" 30
assert_eq "interface" "$index" "$(ifindex branch ipsec1)"

say "the filter"
filtered() { at branch nft list table inet vtid; }
at branch nft flush ruleset
wait_for 5 filtered || fail "the filter is not back after 5 s"
say "ok: the filter is back"
at branch nft delete table inet vtid
wait_for 5 filtered || fail "the table is not back after 5 s"
at branch nft flush table inet vtid
refilled() { [[ $(at branch nft list chain inet vtid tunnel_in) == *accept* ]]; }
wait_for 10 refilled || fail "the emptied table is not filled"
at branch nft 'add table inet theirs; add chain inet theirs c { type filter hook input priority 10; }; add rule inet theirs c tcp dport 7777 drop'

say "rules and routes"
carries() { [[ $(vtictl_at branch --json show gateways VTI_VTIV4 | jq -r .state) != down ]]; } # after the silence of before
expect 40 carries
ours() { ip -n branch rule list | grep -c 'proto 118' || true; }
rules=$(ours)
((rules > 0)) || fail "there are no rules of vtid"
has_rules() { [[ $(ours) == "$rules" ]]; }
ip -n branch rule flush
ip -n branch rule add from 172.31.9.0/24 lookup 99 priority 90
ip -n branch rule add lookup main priority 32766
ip -n branch rule add lookup default priority 32767
wait_for 5 has_rules || fail "the rules are not back after 5 s"
say "ok: $rules rules are back"
has_routes() { grep -q "^${lan[hq]}.0/24 .*ipsec1" <<<"$(ip -n branch route show table all)" && grep -q "^${lan6[hq]}:/64 .*ipsec1" <<<"$(ip -n branch -6 route show table all)"; }
# `ip route flush` goes on until nothing is left, and so takes again what vtid has just written.
ip -n branch route flush dev ipsec1 proto 118 # not those that the kernel made of the addresses: only a new address would bring them back
ip -n branch -6 route flush dev ipsec1 proto 118
wait_for 10 has_routes || fail "the routes are not back after 10 s"
for table in $(ip -n branch rule list | sed -n 's/.*lookup \(118[0-9]*\).*/\1/p' | sort -u); do
  [[ $(ip -n branch route show table "$table" | grep -c .) -gt 0 ]] || continue
  was=$(ip -n branch route show table "$table")
  ip -n branch route flush table "$table"
  wait_for 10 eval '[[ $(ip -n branch route show table '"$table"') == "$was" ]]' || fail "table $table is not back after 10 s"
done
say "ok: the routes are back"

say "the link"
ip -n branch link add vrf9 type vrf table 9
ip -n branch link set vrf9 up
stolen() { printf 'link set %s\n' 'ipsec1 down' 'ipsec1 name stolen' | ip -n branch -batch - 2>/dev/null; }
wait_for 5 stolen || fail "the link could not be renamed" # vtid sets it up again, and then it keeps its name
present() { ip -n branch link show dev ipsec1; }
wait_for 10 present || fail "the renamed link is not back"
say "ok: the renamed link is back"
mended "the link was renamed" 20
ip -n branch link set ipsec1 netns wan
moved_or_mended() { problem_says branch ipsec1 || passes; }
expect 5 moved_or_mended
ip -n wan link delete ipsec1 2>/dev/null || true
mended "the link was moved to another network namespace, and deleted there" 40

assert_eq "what is another's" "$before" "$(theirs)"
for site in hq branch; do expect 20 converged "$site"; done
