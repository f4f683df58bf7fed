#!/bin/bash
# What is deleted or changed by hand is back within one second.
. "$(dirname "$0")/lib.sh"
start_sites
expect 5 converged branch

has() { ip -n branch -o "$1" show dev ipsec1 2>/dev/null | grep -qE "$2"; } # link|address|route pattern
restored() { # what pattern-kind pattern: within one second of the deed before it
  wait_for 1 has "$2" "$3" || fail "$1 is not back after one second"
  say "ok: $1 is back"
}
mtu=$(status_of branch .tunnels[0].mtu)

ip -n branch address delete "${inner[branch]}/30" dev ipsec1
restored "the IPv4 address" address " ${inner[branch]}/30 "
ip -n branch address delete "${inner6[branch]}/64" dev ipsec1
restored "the IPv6 address" address " ${inner6[branch]}/64 "
expect 1 has route "^${lan[hq]}.0/24 " # deleting the address takes the routes through it along
ip -n branch route delete "${lan[hq]}.0/24"
restored "the route" route "^${lan[hq]}.0/24 "
ip -n branch link set ipsec1 mtu 1300
restored "the MTU" link " mtu $mtu "
ip -n branch link set ipsec1 down
restored "the link that was set down" link "[<,]UP[,>]"
expect 1 has route "^${lan[hq]}.0/24 "
ip -n branch link delete ipsec1
restored "the link" link "[<,]UP[,>]"
expect 1 has address " ${inner[branch]}/30 "
expect 1 has route "^${lan[hq]}.0/24 "

expect 5 converged branch
expect 1 plan_is_empty branch
expect 5 ping_once branch "${inner[hq]}"
expect 5 ping_once branch-lan "${lan[hq]}.10"
expect 5 ping_once branch-lan "${lan6[hq]}:10"
