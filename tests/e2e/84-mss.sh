# A path of 1,400 bytes whose router says nothing of what it drops: TCP with DF set crosses it with the MSS clamped, and stalls
# without. What the clamp says is seen where `vtictl capture` looks.
. "$(dirname "$0")/lib.sh"

set_mss() { # site what: of the tunnel's interface
  jq --argjson mss "$2" '.interfaces.VTI.mss = $mss' "/run/$1/etc/vtid.json" >"/run/$1/etc/new.json"
  mv "/run/$1/etc/new.json" "/run/$1/etc/vtid.json"
}

for site in hq branch; do write_config "$site"; done
set_mss hq '"none"'
start_sites
for site in hq branch; do expect 10 converged "$site"; done

# The narrow link is beyond the sites' own devices, which keep 1,500 bytes, and so is what would tell them.
ip -n wan link set branch mtu 1400
at wan nft 'add table inet silent; add chain inet silent output { type filter hook output priority 0; };
  add rule inet silent output icmp type destination-unreachable icmp code 4 counter drop'
silenced() { at wan nft list chain inet silent output | sed -n 's/.*packets \([0-9]*\).*/\1/p'; }

readonly size=200000
head -c "$size" /dev/zero >/run/payload
transfer() { # address seconds: how many bytes of the payload hq-lan gets over to it
  ip netns exec branch-lan timeout "$2" busybox nc -l -p 5001 >/run/received 2>/dev/null &
  local listener=$!
  wait_for 5 eval 'at branch-lan ss -Hltn sport 5001 | grep -q .' || fail "nobody listens"
  ip netns exec hq-lan timeout "$2" bash -c "cat /run/payload >/dev/tcp/$1/5001" 2>/dev/null || true
  wait "$listener" || true
  stat -c %s /run/received
}

# What branch-lan gets of it by rules of its own: SYNs with the size, and what came without DF.
at branch-lan nft 'add table inet seen; add chain inet seen input { type filter hook input priority -300; };
  add rule inet seen input tcp dport 5001 tcp flags & (syn | ack) == syn tcp option maxseg size 1286 counter comment "clamped";
  add rule inet seen input tcp dport 5001 ip frag-off & 0x4000 == 0 counter comment "fragmentable"'
seen() { at branch-lan nft list chain inet seen input | sed -n "s/.*packets \([0-9]*\) .*\"$1\".*/\1/p"; }

got=$(transfer 10.2.0.10 4)
say "without the clamp: $got of $size bytes"
((got < size / 2)) || fail "without a clamp the transfer should stall, and $got bytes crossed"
(($(silenced) > 0)) || fail "the router has dropped nothing silently"
assert_eq "SYNs clamped without a clamp" 0 "$(seen clamped)"

# 1,400 bytes less outer header, ESP and padding leave 1,346, which fits IPv6 too.
set_mss hq 1286
vtictl_at hq reload >/dev/null
expect 5 converged hq
syn='tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn'
vtictl_at hq capture branch -- -c 1 "$syn" >/run/syns 2>/run/command &
capture=$!
expect 5 grep -q 'listening on ipsec1' /run/command
assert_eq "bytes with the clamp" "$size" "$(transfer 10.2.0.10 15)"
wait "$capture" || fail "the capture: $(cat /run/command)"
assert_eq "the command that captured" "tcpdump -n -i ipsec1 -c 1 '$syn'" "$(head -n 1 /run/command)"
assert_eq "the size in the SYN" "mss 1286" "$(grep -o 'mss [0-9]*' /run/syns)"
(($(seen clamped) > 0)) || fail "no SYN with the clamped size came through"
assert_eq "packets without DF" 0 "$(seen fragmentable)"
assert_eq "bytes with the clamp, IPv6" "$size" "$(transfer fd00:2::10 15)"

# Outside of the tunnel: ESP between the two, on the device that has the outer address.
vtictl_at hq capture branch --outer -- -c 4 >/run/outer 2>/run/command &
capture=$!
expect 5 grep -q 'listening on wan' /run/command
for _ in 1 2; do expect 3 ping_once hq 10.6.106.2; done
wait "$capture" || fail "the capture: $(cat /run/command)"
assert_match "the outer packets" '192\.0\.2\.1 > 198\.51\.100\.1: ESP|198\.51\.100\.1 > 192\.0\.2\.1: ESP' "$(cat /run/outer)"
says 0 "^tcpdump -n -i wan '\(esp or udp port 500 or udp port 4500\) and host 192.0.2.1 and host 198.51.100.1'$" \
  hq capture branch --outer --print
says 1 'did you mean branch' hq capture barnch
