#!/bin/bash
# The branch knows its peer by a host name. Nobody knows it, then it has an address, the same again, none, and another one:
# the tunnel waits, comes up, stays with its SAs, stays, and comes up again over there.
. "$(dirname "$0")/lib.sh"

name_is() { printf '%s\n' "127.0.0.1 localhost" "$@" >/run/hosts; } # lines of the hosts file
answered() { vtictl_at branch --json show tunnels hq | jq -r .host_name.answered; }
answered_after() { [[ $(answered) > $1 ]]; } # time
remote_is() { [[ $(status_of branch '.tunnels[0].remote') == "$1" ]]; }

name_is
echo 'hosts: files' >/run/nsswitch.conf
mount --bind /run/hosts /etc/hosts
mount --bind /run/nsswitch.conf /etc/nsswitch.conf
make_network
at hq sysctl -qw net.ipv4.conf.all.promote_secondaries=1 net.ipv4.conf.wan.promote_secondaries=1
start_charon hq branch
for site in hq branch; do
  write_config "$site"
done
sed -i 's/"local": { "address": "192.0.2.1"/"local": { "address": "any"/' /run/hq/etc/vtid.json
sed -i 's/"remote": { "address": "192.0.2.1"/"remote": { "address": "hq.example.org"/
        s/"dpd": "2s"/"dpd": "1m", "resolve": "5s"/' /run/branch/etc/vtid.json
for site in hq branch; do start_vtid "$site"; done

expect 10 tunnel_is branch hq down
assert_match "reason" "^cannot resolve hq.example.org: Host not found" "$(status_of branch '.tunnels[0].reason')"
assert_match "problem" "^tunnels/hq: .*getent ahosts hq.example.org" "$(problem_says branch tunnels/hq)"
assert_eq "connections in charon" 0 "$(charon_loads branch)"

name_is "192.0.2.1 hq.example.org"
says 0 '^hq is up' branch up hq  # looks at once
expect 10 ping_once branch "${inner[hq]}"
assert_eq "problem" "" "$(problem_says branch tunnels/hq || true)"
says 0 'hq.example.org: 192.0.2.1, as of' branch explain hq

index=$(ifindex branch ipsec1)
spis=$(child_spis branch)
loads=$(charon_loads branch)
before=$(answered)
name_is "192.0.2.1 hq.example.org # written again"
expect 15 answered_after "$before"
name_is
expect 15 problem_says branch 'cannot resolve hq.example.org: .*what it said last stays in use'
assert_eq "state without an answer" up "$(tunnel_state branch hq)"
assert_eq "SPIs" "$spis" "$(child_spis branch)"
assert_eq "loads of charon" "$loads" "$(charon_loads branch)"

ip -n hq address add 192.0.2.9/24 dev wan
ip -n hq address delete 192.0.2.1/24 dev wan
ip -n hq route replace default via 192.0.2.254
name_is "192.0.2.9 hq.example.org"
expect 20 remote_is 192.0.2.9
expect 10 tunnel_is branch hq up
expect 10 ping_once branch "${inner[hq]}"
expect 10 ping_once branch-lan 10.1.0.10
assert_eq "ifindex" "$index" "$(ifindex branch ipsec1)"
assert_eq "times that the branch began" 2 "$(grep -c 'initiation asked' /run/branch/vtid.log)"
