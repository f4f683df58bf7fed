#!/bin/bash
# The headquarters have two addresses. Packets of the first one are lost on the way: the branch calls the second, and stays there when
# the first one is back and when the file has another order, until packets of the second one are lost too.
. "$(dirname "$0")/lib.sh"

second=192.0.2.9
remote_is() { [[ $(status_of branch '.tunnels[0].remote') == "$1" ]]; } # address
called() { vtictl_at branch --json show tunnels hq | jq -c .peer_addresses; }
cut_off() { # address: what goes there and comes from there
  at wan nft -f - <<<"table ip cut { chain forward { type filter hook forward priority 0; ip daddr $1 drop; ip saddr $1 drop; }; }"
}
mend() { at wan nft delete table ip cut; }
order() { # addresses as JSON
  jq --argjson list "$1" '.tunnels.hq.ike.remote.address = $list' /run/branch/etc/vtid.json >/run/branch/etc/new
  mv /run/branch/etc/new /run/branch/etc/vtid.json
}

make_network
ip -n hq address add "$second/24" dev wan
start_charon hq branch
for site in hq branch; do write_config "$site"; done
sed -i 's/"local": { "address": "192.0.2.1"/"local": { "address": "any"/' /run/hq/etc/vtid.json
order "[\"${outer[hq]}\", \"$second\"]"
for site in hq branch; do start_vtid "$site"; done
expect 30 tunnel_is branch hq up
expect 10 ping_once branch "${inner[hq]}"
assert_eq "is at" "${outer[hq]}" "$(status_of branch '.tunnels[0].remote')"
assert_eq "order" "[\"${outer[hq]}\",\"$second\"]" "$(called)"
index=$(ifindex branch ipsec1)

say "the first address is cut off"
cut_off "${outer[hq]}"
expect 60 remote_is "$second"
expect 5 tunnel_is branch hq up
expect 10 ping_once branch "${inner[hq]}"
assert_eq "ifindex" "$index" "$(ifindex branch ipsec1)"
assert_eq "IKE_SAs" 1 "$(vtictl_at branch --json list sas | jq length)"
says 0 "called in this order: $second, ${outer[hq]}" branch explain hq

say "the first address is back, and the file has another order"
spis=$(child_spis branch)
mend
sleep 3
order "[\"192.0.2.77\", \"${outer[hq]}\", \"$second\"]"
says 0 accepted branch reload
sleep 3
assert_eq "is still at" "$second" "$(status_of branch '.tunnels[0].remote')"
assert_eq "SPIs" "$spis" "$(child_spis branch)"
assert_eq "order" "[\"$second\",\"192.0.2.77\",\"${outer[hq]}\"]" "$(called)"

say "the second address is cut off, and the next one is nobody's"
cut_off "$second"
expect 90 remote_is "${outer[hq]}"
expect 10 ping_once branch "${inner[hq]}"
assert_eq "ifindex" "$index" "$(ifindex branch ipsec1)"
