#!/bin/bash
# Two active gateways, with the files of docs/cookbook/ecmp.md: both carry, and when one loses its power under load its flows go on
# over the other.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/frr.sh"
sites=(hq branch hq2)
outer[hq2]=203.0.113.1 lan[hq2]=10.3.0 lan6[hq2]=fd00:3:
make_network
cable hq2 core 10.1.1.1/24 hq-lan hq2 10.1.1.10/24
ip -n hq-lan route delete default
ip -n hq-lan link add hosts type dummy
ip -n hq-lan link set hosts up
sources=(10.1.2.{1..8})
for source in "${sources[@]}"; do ip -n hq-lan address add "$source/24" dev hosts; done
for node in hq-lan branch; do at "$node" sysctl -qw net.ipv4.fib_multipath_hash_policy=1; done
start_charon "${sites[@]}"
for site in "${sites[@]}"; do
  write_recipe ecmp "$site"
done
for site in "${sites[@]}"; do start_vtid "$site"; done
start_frr ecmp "hq hq2 branch hq-lan" bgpd bfdd
expect 30 ways_are hq-lan 10.2.0.0/24 "hq hq2"
expect 30 ways_are branch 10.1.2.0/24 "ipsec1 ipsec2"
bfd_up() { frr_at "$1" 'show bfd peers json' | jq -e 'map(select(.status == "up")) | length == 2'; } # site
for node in hq-lan branch; do expect 20 bfd_up "$node"; done

# a stream of pings from every host, each 20 ms, all through the death of a gateway
pings=()
for source in "${sources[@]}"; do
  ip netns exec hq-lan ping -n -D -i 0.02 -I "$source" 10.2.0.10 >"/run/ping-$source" 2>&1 &
  pings+=($!)
done
expect 10 grep -q icmp_seq=50 "/run/ping-${sources[-1]}"
packets() { ip -n branch -s -j link show dev "$1" | jq '.[0].stats64 | .rx.packets + .tx.packets'; } # device
for device in ipsec1 ipsec2; do assert_eq "$device carries" 1 "$(($(packets "$device") > 100))"; done

# without power: nothing goes in or out any more, though the cables still show a link
at hq nft 'add table inet dead; add chain inet dead in { type filter hook input priority -400; policy drop; };
  add chain inet dead out { type filter hook output priority -400; policy drop; };
  add chain inet dead on { type filter hook forward priority -400; policy drop; }'
kill -9 "${vtid_pid[hq]}" "${charon_pid[hq]}" ${frr_pids[hq]}
expect 5 ways_are hq-lan 10.2.0.0/24 hq2
expect 5 ways_are branch 10.1.2.0/24 ipsec2
sleep 1
stop=$EPOCHREALTIME
kill -INT "${pings[@]}"
wait "${pings[@]}" || true

# the longest gap between two answers to one host, and how many hosts have answers to the end
read -r worst flows < <(for source in "${sources[@]}"; do sed -n "s/^\[\([0-9.]*\)\].* ttl=.*/$source \1/p" "/run/ping-$source"; done |
  awk -v stop="$stop" '$1 == flow && $2 - last > most { most = $2 - last } { flow = $1; last = $2; at[flow] = last }
    END { for (flow in at) alive += at[flow] > stop - 1; printf "%d %d\n", most * 1000, alive }')
assert_eq "flows that go on" "${#sources[@]}" "$flows"
assert_eq "the longest gap of a flow, $worst ms, is short" 1 "$((worst < 3000))"
