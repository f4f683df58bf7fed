#!/bin/bash
# A change that cuts the tunnel by which its maker is logged in: applied on trial it goes back by itself, also when the session that
# applied it hangs, and when vtid is killed meanwhile. One that is confirmed stays.
. "$(dirname "$0")/lib.sh"

start_sites
expect 20 tunnel_is hq branch up
expect 5 ping_once branch 10.6.106.1
config=/run/hq/etc/vtid.json
cp "$config" /run/hq/before.json
sed 's/"proposals": \["aes128gcm16-x25519"\]/"proposals": ["aes256gcm16-ecp384"]/; s/"10.6.106.1\/30"/"10.6.110.1\/30"/; s/"remote": "10.6.106.2"/"remote": "10.6.110.2"/' \
  "$config" >/run/hq/wrong.json
index=$(ifindex hq ipsec1)
cut_off() { ! ping_once branch 10.6.106.1; }

# from branch, over the tunnel: nothing of it comes back once the address is gone
at branch ping -q -i 0.2 10.6.106.1 >/run/ping.out 2>&1 & pinger=$!
vtictl_at hq apply /run/hq/wrong.json --confirm 5s
expect 3 cut_off
assert_eq "the file stays as it was" "" "$(cmp "$config" /run/hq/before.json 2>&1)"
assert_match "on trial" "on trial and goes back at" "$(vtictl_at hq status)"
expect 10 ping_once branch 10.6.106.1
kill -INT "$pinger"
assert_eq "ifindex" "$index" "$(ifindex hq ipsec1)"
expect 5 converged hq

# vtid dies during the trial
vtictl_at hq apply /run/hq/wrong.json --confirm 10m >/dev/null
expect 3 cut_off
kill_vtid hq
start_vtid hq
expect 10 ping_once branch 10.6.106.1
assert_eq "ifindex" "$index" "$(ifindex hq ipsec1)"

# vtid dies while it goes back
says 0 "goes back at" hq apply /run/hq/wrong.json --confirm 3s
expect 3 cut_off
before=$(grep -c "configuration not confirmed" /run/hq/vtid.log || true)
until (($(grep -c "configuration not confirmed" /run/hq/vtid.log || true) > before)); do :; done
kill_vtid hq
assert_eq "the file stays as it was" "" "$(cmp "$config" /run/hq/before.json 2>&1)"
start_vtid hq
expect 10 ping_once branch 10.6.106.1
expect 5 plan_is_empty hq
assert_eq "ifindex" "$index" "$(ifindex hq ipsec1)"

# a change that is meant
sed 's/"when_down": "keep"//; s/"routes": \[/"routes": [ { "to": "10.77.0.0\/16", "via": "VTI_VTIV4" },/' /run/hq/before.json >/run/hq/right.json
vtictl_at hq apply /run/hq/right.json --confirm 5s >/dev/null
expect 3 grep -q 10.77.0.0/16 <(ip -n hq route show)
says 0 "runs and is $config" hq confirm
sleep 6
assert_eq "the file is the new one" "" "$(cmp "$config" /run/hq/right.json 2>&1)"
assert_match "its route stays" "10.77.0.0/16" "$(ip -n hq route show)"
