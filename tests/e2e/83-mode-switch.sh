# Twenty switches of the filter mode under a flood: what is forbidden never gets through, what is permitted never stops.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/filter.sh"

enc='"rules": [ { "on": "ipsec", "action": "pass", "protocol": "icmp", "to": "10.1.0.1" } ]'
if_ipsec='"filter": { "mode": "if_ipsec", "allow_blocked_tunnels": true },
  "rules": [ { "on": "VTI", "action": "pass", "protocol": "icmp", "to": "10.1.0.1" } ]'

start_filtered_sites "$enc"
for mode in if_ipsec enc; do
  write_filter "${!mode}"
  cp /run/hq/etc/vtid.json "/run/$mode.json"
done
is_live() { grep -q "^filter: *$1\$" <<<"$(vtictl_at hq status)"; }
count_arrivals hq-lan "icmp type echo-request ip saddr 10.2.0.10"
ip netns exec branch-lan ping -n -q -i 0.004 10.1.0.10 >/run/forbidden.log 2>&1 &
forbidden=$!
ip netns exec branch-lan ping -n -q -i 0.02 10.1.0.1 >/run/permitted.log 2>&1 &
permitted=$!

for ((i = 0; i < 10; i++)); do
  for mode in if_ipsec enc; do
    cp "/run/$mode.json" /run/hq/etc/vtid.json
    vtictl_at hq reload >/dev/null
    wait_for 5 is_live "$mode" || fail "mode $mode is not live"
  done
done
expect 5 converged hq
kill -INT "$forbidden" "$permitted"
wait "$forbidden" "$permitted" || true
say "forbidden: $(grep transmitted /run/forbidden.log)"
assert_eq "forbidden packets that came through" 0 "$(arrivals hq-lan)"
say "permitted: $(grep transmitted /run/permitted.log)"
read -r sent answered < <(sed -n 's/^\([0-9]*\) packets transmitted, \([0-9]*\) received.*/\1 \2/p' /run/permitted.log)
((answered > 0 && (sent - answered) * 20 < 1000)) || fail "the permitted flow was interrupted: $answered of $sent answered, 20 ms apart"
# The flood was a flood: without the filter it gets through.
write_filter '"on_stop": "keep"'
vtictl_at hq reload >/dev/null
expect 5 ping_once branch-lan 10.1.0.10
