#!/bin/bash
# What `vtictl export` prints for the peer brings the real thing up there: another vtid, a swanctl.conf, and libreswan.
. "$(dirname "$0")/lib.sh"

make_network
start_charon hq branch
write_config hq
start_vtid hq

put_secret() { sed "s/PUT THE PRE-SHARED KEY HERE/$psk/"; }
run_hints() { sed -n "s/^#   \(ip .*\)/\1/p" "$1" | grep -v NETWORK | while read -r words; do at branch sh -c "${words//dev lo/dev wan}"; done; } # file: what it says of the interface

say "as swanctl.conf"
vtictl_at hq export branch --as swanctl | put_secret >/run/branch/swanctl.conf
run_hints /run/branch/swanctl.conf
swanctl_at branch --load-all --file /run/branch/swanctl.conf >/dev/null
expect 20 tunnel_is hq branch up
expect 5 ping_once hq 10.6.106.2
expect 5 ping_once branch 10.6.106.1
peer_does --terminate --ike branch >/dev/null
echo 'connections { }' >/run/branch/swanctl.conf
swanctl_at branch --load-all --file /run/branch/swanctl.conf >/dev/null
ip -n branch link delete ipsec1

say "as vtid"
mkdir -p /run/branch/etc
(umask 077; printf '%s\n' "$psk" >/run/branch/etc/branch.psk)
vtictl_at hq export branch --as vtid | sed 's|^{$|{ "charon": { "vici": "unix:///run/branch/charon.vici" },|' >/run/branch/etc/vtid.json
start_vtid branch
expect 20 tunnel_is hq branch up
expect 5 ping_once hq 10.6.106.2
vtictl_at hq --json compare /run/hq/etc/vtid.json /run/branch/etc/vtid.json | jq -e .pairs >/dev/null || [[ $? != 2 ]] || fail "compare says nothing"
kill_vtid branch
kill_charon branch
ip -n branch link delete ipsec1

say "as libreswan's ipsec.conf, which has no IPv6 beside IPv4 in one tunnel"
only_ipv4 hq
vtictl_at hq reload >/dev/null
. "$(dirname "$0")/libreswan.sh"
vtictl_at hq export branch --as libreswan >/run/branch/ipsec.conf
(umask 077; sed -n 's/^# In ipsec.secrets:  //p' /run/branch/ipsec.conf | put_secret >/run/branch/ipsec.secrets)
start_pluto
expect 30 tunnel_is hq branch up
run_hints /run/branch/ipsec.conf
expect 5 ping_once hq 10.6.106.2
expect 5 ping_once branch 10.6.106.1
