#!/bin/bash
# Two gateways and one address between them, with the files of docs/cookbook/keepalived.md: the standby calls nobody, restarted or
# not, and takes the tunnel over when the active one loses its power.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/frr.sh"
sites=(hq branch hq2)
outer[hq2]=203.0.113.1 lan[hq2]=10.3.0 lan6[hq2]=fd00:3:
make_network

# both gateways on one segment outside and one inside
join() { # namespace address device...
  ip -n "$1" link add segment type bridge
  ip -n "$1" link set segment up
  ip -n "$1" address flush dev "$3"
  ip -n "$1" address add "$2" dev segment
  for device in "${@:3}"; do ip -n "$1" link set "$device" master segment; done
}
ip -n hq2 link delete lan
cable hq2 lan 10.1.0.2/24 hq-lan hq2 10.3.0.10/24
join wan 192.0.2.254/24 hq hq2
join hq-lan 10.1.0.10/24 hq hq2
ip -n hq2 address flush dev wan
ip -n hq2 address add 192.0.2.2/24 dev wan
ip -n hq2 route add default via 192.0.2.254
ip -n hq-lan route add default via 10.1.0.254

declare -A keepalived_pid
# Each with files of its own: keepalived locks every one of them as it starts, also of what it does not run, and two that start at
# once with the same /run/bfd.pid take each other for "already running".
start_keepalived() { # site
  recipe keepalived hq /usr/local/sbin/vtid-role |
    sed "s|/usr/bin/vtictl|$vtictl --socket /run/$1/vtid/vtid.sock|" >"/run/$1/vtid-role"
  chmod 755 "/run/$1/vtid-role"
  recipe keepalived "$1" /etc/keepalived/keepalived.conf |
    sed "s|/run/vtid-role|/run/$1/states|; s|/usr/local/sbin/vtid-role|/run/$1/vtid-role|" >"/run/$1/keepalived.conf"
  ip netns exec "$1" keepalived --dont-fork --log-console --vrrp --use-file "/run/$1/keepalived.conf" \
    --pid "/run/$1/keepalived.pid" --vrrp_pid "/run/$1/vrrp.pid" \
    --checkers_pid "/run/$1/checkers.pid" --bfd_pid "/run/$1/bfd.pid" >>"/run/$1/keepalived.log" 2>&1 &
  keepalived_pid[$1]=$!
}
role_is() { [[ $(status_of "$1" .role) == "$2" ]]; } # site role

start_charon "${sites[@]}"
for site in hq branch; do write_recipe keepalived "$site"; done
mkdir -p /run/hq2/etc
cp -p /run/hq/etc/peer.psk /run/hq2/etc
sed 's|/run/hq/|/run/hq2/|' /run/hq/etc/vtid.json >/run/hq2/etc/vtid.json
for site in hq hq2; do
  start_vtid "$site"
  says 0 standby "$site" role standby
done
start_vtid branch
assert_eq "IKE_SAs of two that stand by" "" "$(swanctl_at hq --list-sas)$(swanctl_at hq2 --list-sas)"
for site in hq hq2; do start_keepalived "$site"; done

expect 15 role_is hq active
expect 15 tunnel_is hq branch up
expect 10 ping_once hq-lan 10.2.0.10
assert_eq "the other" standby "$(status_of hq2 .role)"
says 1 'standby' hq2 up branch
index=$(ifindex hq2 ipsec1)
kill_vtid hq2
start_vtid hq2
assert_eq "the other, after a restart" standby "$(status_of hq2 .role)"
assert_eq "its interface" "$index" "$(ifindex hq2 ipsec1)"
assert_eq "its IKE_SAs" "" "$(swanctl_at hq2 --list-sas)"

# without power
at hq nft 'add table inet dead; add chain inet dead in { type filter hook input priority -400; policy drop; };
  add chain inet dead out { type filter hook output priority -400; policy drop; };
  add chain inet dead on { type filter hook forward priority -400; policy drop; }'
kill -9 "${vtid_pid[hq]}" "${charon_pid[hq]}" "${keepalived_pid[hq]}"
ip -n hq link set wan down
ip -n hq link set lan down
began=$SECONDS
expect 15 tunnel_is hq2 branch up
expect 10 ping_once hq-lan 10.2.0.10
say "traffic by the other after $((SECONDS - began)) s"
assert_eq "its interface" "$index" "$(ifindex hq2 ipsec1)"
