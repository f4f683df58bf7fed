#!/bin/bash
# The peer is Debian's libreswan with an XFRM interface of its own (ipsec-interface=1), over IKEv2 with a PSK, and 0/0 at both
# ends; its file is that of docs/cookbook/interop.md. Either end begins, either end rekeys, and our interface does not notice.
#
# What libreswan 4 cannot do: a CHILD_SA has one pair of selectors, so IPv4 and IPv6 do not share one, and the tunnel has IPv4
# only. With 0/0 at both ends it makes no routes ("leftsubnet == rightsubnet ... cannot add route") and gives the interface no
# address: its administrator makes them, here as there.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/frr.sh"
. "$(dirname "$0")/libreswan.sh"

does() { at_branch timeout 20 /usr/libexec/ipsec/whack --ctlsocket /run/branch/pluto.ctl --name hq "$@" >/dev/null; }

start_libreswan() {
  { echo 'config setup'; recipe interop branch /etc/ipsec.d/hq.conf; } | sed 's/auto=start/auto=add/' >/run/branch/ipsec.conf
  (umask 077; echo "@hq @branch : PSK \"$psk\"" >/run/branch/ipsec.secrets)
  start_pluto
}

live() { # jq-filter: of the CHILD_SA that is installed, with $ike, its IKE_SA
  vtictl_at hq --json list sas |
    jq -r "[.[] | select(.state == \"ESTABLISHED\") as \$ike | .children[] | select(.state == \"INSTALLED\") | $1] | join(\",\")"
}
began_by_us() { live '"\($ike.initiator) \(.local_ts[0]) \(.remote_ts[0]) \(.if_id_in)"'; }
renewed() { [[ $(live "$1") && $(live "$1") != "$2" ]]; } # jq-filter before

make_network
start_charon hq
write_config hq
only_ipv4 hq
start_vtid hq
start_libreswan

# we call it
assert_match "up" "branch is up: ipsec1" "$(vtictl_at hq up branch)"
assert_eq "begun by us, selectors, if_id" "true 0.0.0.0/0 0.0.0.0/0 1" "$(began_by_us)"
expect 10 ip -n branch link show dev ipsec1
ip -n branch address add 10.6.106.2/30 dev ipsec1
ip -n branch route add 10.1.0.0/24 dev ipsec1
expect 5 ping_once hq 10.6.106.2
expect 5 ping_once hq-lan 10.2.0.10
expect 5 ping_once branch-lan 10.1.0.10
index=$(ifindex hq ipsec1)

# down and up again
assert_match "down" "branch is down" "$(vtictl_at hq down branch)"
! ping_once hq 10.6.106.2 >/dev/null || fail "a tunnel that is down passes a ping"
assert_match "up" "branch is up: ipsec1" "$(vtictl_at hq up branch)"
expect 5 ping_once hq-lan 10.2.0.10

# it ends the tunnel, and calls us
does --terminate
expect 10 tunnel_is hq branch waiting
does --initiate
expect 10 tunnel_is hq branch up
assert_eq "begun by us, selectors, if_id" "false 0.0.0.0/0 0.0.0.0/0 1" "$(began_by_us)"
expect 5 ping_once branch-lan 10.1.0.10

# Rekeys. A peer that answers ours may use the new SA before we have heard of it, and one that has asked us may drop the old one while
# packets are on their way (RFC 7296 lets it; strongSwan waits at both places): up to a tenth of a second of pings each.
record_start hq
ping_start hq 10.6.106.2
assert_match "rekey" "branch has new CHILD_SAs and a new IKE_SA" "$(vtictl_at hq rekey branch)"
ping_stop
assert_eq "lost $ping_lost: at most 25" 1 "$((ping_lost <= 25))"
child=$(live .id) ike=$(live '$ike.id')
ping_start hq 10.6.106.2
child_option=--rekey-child # until libreswan 5 --rekey-ipsec
if at_branch /usr/libexec/ipsec/whack --help 2>&1 | grep -e --rekey-ipsec >/dev/null; then child_option=--rekey-ipsec; fi
does --asynchronous $child_option
expect 10 renewed .id "$child"
does --asynchronous --rekey-ike
expect 10 renewed '$ike.id' "$ike"
ping_stop
assert_eq "lost $ping_lost: at most 25" 1 "$((ping_lost <= 25))"
assert_eq "rtnetlink" "" "$(record_stop hq)"
assert_eq "ifindex" "$index" "$(ifindex hq ipsec1)"

# vtid adopts what is there when it comes back: both SAs of the one CHILD_SA, once charon has dropped those before it (delete_rekeyed_delay)
one_child() { [[ $(child_spis hq | wc -l) == 2 ]]; }
expect 15 one_child
spis=$(child_spis hq)
kill_vtid hq
expect 5 ping_once branch-lan 10.1.0.10
start_vtid hq
expect 5 tunnel_is hq branch up
expect 5 plan_is_empty hq
assert_eq "SPIs" "$spis" "$(child_spis hq)"
assert_eq "ifindex" "$index" "$(ifindex hq ipsec1)"
expect 5 ping_once branch-lan 10.1.0.10
