#!/bin/bash
# IPv6 outside with both families inside, a /31, and a transit of link-local addresses only.
. "$(dirname "$0")/lib.sh"
declare -A outer6=([hq]=2001:db8:1::1 [branch]=2001:db8:2::1)
declare -A last=([hq]=0 [branch]=1) # of the /31

make_network
for site in hq branch; do
  router=${outer6[$site]%1}fe
  ip -n wan address add "$router/64" dev "$site" nodad
  ip -n "$site" address add "${outer6[$site]}/64" dev wan nodad
  ip -n "$site" -6 route add default via "$router"
done
for site in hq branch; do
  remote=${peer[$site]} start=start
  if [[ $site == hq ]]; then start=none; fi
  n=$((last[$site] + 1)) m=$((last[$remote] + 1))
  ike() { # kind local remote
    echo "\"start\": \"$start\", \"ike\": { \"local\": { \"address\": \"$2\", \"id\": \"$site-$1\" },
      \"remote\": { \"address\": \"$3\", \"id\": \"$remote-$1\" }, \"auth\": { \"psk\": { \"file\": \"peer.psk\" } },
      \"proposals\": [\"aes128gcm16-prfsha256-x25519\"], \"dpd\": \"2s\" }"
  }
  start_charon "$site"
  mkdir -p "/run/$site/etc"
  (umask 077; echo "$psk" >"/run/$site/etc/peer.psk")
  cat >"/run/$site/etc/vtid.json" <<JSON
{ "charon": { "vici": "unix:///run/$site/charon.vici" },
  "tunnels": {
    "six": { $(ike six "${outer6[$site]}" "${outer6[$remote]}"), "children": {
      "v4": { "local": "10.6.5.${last[$site]}/31", "remote": "10.6.5.${last[$remote]}", "proposals": ["aes128gcm16"] },
      "v6": { "local": "fd00:6:5::$n/126", "remote": "fd00:6:5::$m" } } },
    "link-local": { $(ike ll "${outer[$site]}" "${outer[$remote]}"), "children": {
      "fe80": { "local": "fe80::$n/64", "remote": "fe80::$m", "proposals": ["aes128gcm16"] } } } },
  "interfaces": { "SIX": { "tunnel": "six" }, "LL": { "tunnel": "link-local" } },
  "routes": [ { "to": "${lan[$remote]}.0/24", "via": "SIX_VTIV4" }, { "to": "${lan6[$remote]}:/64", "via": "LL_VTIV6" } ] }
JSON
  start_vtid "$site"
done
expect 30 tunnel_is branch six up
expect 30 tunnel_is branch link-local up
expect 5 ping_once branch 10.6.5.0
expect 5 ping_once branch fd00:6:5::1
expect 5 ping_once branch fe80::1%ipsec2
expect 5 ping_once branch-lan 10.1.0.10
expect 5 ping_once branch-lan fd00:1::10
expect 5 ping_once hq-lan fd00:2::10
assert_match "MTU over IPv6" '1500 - 40 \(IPv6\) - 8 \(ESP\) - 8 \(IV\) - 16 \(ICV\) = 1428' "$(vtictl_at branch explain six)"
assert_match "MTU of the device" 'mtu 1426' "$(ip -n branch -o link show ipsec1)"
expect 15 eval '[[ $(status_of branch "[.tunnels[].gateways[].state] | unique | join(\" \")") == online ]]'

at wan tcpdump -n -l -c 2 -i hq ip6 proto 50 >/run/wire 2>/dev/null &
sleep 1
at branch-lan ping -q -n -c 3 -i 0.2 10.1.0.10 >/dev/null
expect 5 grep -q ESP /run/wire
assert_match "on the wire" "2001:db8:[12]::1 > 2001:db8:[12]::1: ESP" "$(head -1 /run/wire)"
