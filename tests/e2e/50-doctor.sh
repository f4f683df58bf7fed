#!/bin/bash
# vtictl doctor names each trap with its remedy while it is there, and no longer once it is mended.
. "$(dirname "$0")/lib.sh"
export STRONGSWAN_CONF=/run/branch/strongswan.conf # for vtid: where charon's settings are

add_spare() { # site last last-of-peer: a second way to the same network behind the peer
  local file=/run/$1/etc/vtid.json
  write_config "$1"
  jq --arg remote "${peer[$1]}" --arg name "spare" --arg last "$2" --arg other "$3" --arg lan "${lan[${peer[$1]}]}.0/24" '
    .tunnels.spare = (.tunnels[$remote] | .unit = 2 | .ike.local.id += "-spare" | .ike.remote.id += "-spare"
      | .children = { "v4": { "local": "10.6.107.\($last)/30", "remote": "10.6.107.\($other)", "proposals": ["aes128gcm16-x25519"] } })
    | .interfaces.SPARE = { "tunnel": "spare" } | .routes += [ { "to": $lan, "via": "SPARE_VTIV4", "metric": 20 } ]' \
    "$file" >"$file.new"
  mv "$file.new" "$file"
}
add_spare hq 1 2
add_spare branch 2 1
start_sites
expect 20 tunnel_is branch spare up
all_online() { status_of branch '[.tunnels[].gateways[].state] | unique == ["online"]' | grep -q true; }
expect 15 all_online

answer=/run/answer
doctor() { # sets status; the answer is in $answer
  status=0
  vtictl_at branch --json doctor >"$answer" || status=$?
}
findings() { # each but those that are well, "!" where the consequence or the remedy is missing
  jq -r '[.checks[] | select(.state != "ok")
    | "\(if .state != "unknown" and (.consequence == "" or .remedy == "") then "!" else "" end)\(.state):\(.name)"]
    | unique | join(" ")' "$answer"
}
remedy() { jq -r --arg name "$1" 'first(.checks[] | select(.name == $name and .state != "ok")).remedy' "$answer"; } # check
# A charon before 5.9.11, as Debian 12's is, can deadlock, which is said all along.
version=$(dpkg-query -W -f '${Version}' charon-systemd)
old=warning:charon_version
if printf '%s\n' 5.9.11 "$version" | sort -CV; then old=; fi
finds() { # what finding...: exactly these, and the old charon
  local expected exit=0
  expected=$(printf '%s\n' "${@:2}" $old | LC_ALL=C sort | xargs)
  [[ $expected != *error:* && $expected != *warning:* ]] || exit=4
  doctor
  assert_eq "$1" "$expected, exit $exit" "$(findings), exit $status"
}
set_at() { at branch sysctl -qw "$@"; }

finds "nothing else"
as_text='[0-9]+ checks, all well'
if [[ $old ]]; then as_text='remedy: use strongSwan 5.9.11 or later.*[0-9]+ checks: 1 warning, [0-9]+ well'; fi
assert_match "as text" "$as_text" "$({ vtictl_at branch doctor || true; } | tr '\n' ' ')"

set_at net.ipv4.ip_forward=0
finds "no forwarding" caveat:redirects warning:forwarding
assert_match "its remedy" 'sysctl -w net.ipv4.ip_forward=1' "$(remedy forwarding)"
set_at net.ipv4.ip_forward=1

# What docker does to a router; the ends reach each other all the while.
at branch nft 'add table ip filter; add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }'
finds "a firewall that forwards nothing" warning:forward_chain
ping_once hq-lan 10.2.0.10 >/dev/null && fail "it does forward"
for _ in ipsec1 ipsec2; do
  at branch bash -c "$(remedy forward_chain | sed 's/, and the same .*//')"
  doctor
done
finds "a firewall that forwards the tunnels"
expect 5 ping_once hq-lan 10.2.0.10
at branch nft delete table ip filter

set_at net.ipv4.conf.ipsec1.rp_filter=1
finds "strict reverse path filter with two ways" warning:rp_filter
assert_match "its remedy" 'net.ipv4.conf.ipsec1.rp_filter=2' "$(remedy rp_filter)"
set_at net.ipv4.conf.ipsec1.rp_filter=2

ip -n branch route add "${outer[hq]}" via 198.51.100.254 mtu 1300
finds "a path narrower than the MTU" warning:path_mtu
ip -n branch route delete "${outer[hq]}"

sed -i 's/install_routes = no/install_routes = yes/; s/plugins {/plugins { kernel-netlink { install_routes_xfrmi = yes }/' "$STRONGSWAN_CONF"
finds "charon's own routes" caveat:install_routes error:install_routes_xfrmi
assert_match "its remedy" "set charon-systemd.install_routes = no in $STRONGSWAN_CONF" "$(remedy install_routes)"
sed -i 's/install_routes = yes/install_routes = no/; s/install_routes_xfrmi = yes//' "$STRONGSWAN_CONF"

set_at net.ipv4.conf.ipsec2.disable_xfrm=1
finds "a device without IPsec" error:disable_xfrm
set_at net.ipv4.conf.ipsec2.disable_xfrm=0

# ESP with an SPI that branch does not know.
selector=(src "${outer[hq]}" dst "${outer[branch]}")
ip -n hq xfrm state add "${selector[@]}" proto esp spi 0x7777 reqid 7777 mode transport \
  aead 'rfc4106(gcm(aes))' 0x0102030405060708090a0b0c0d0e0f1011121314 128
ip -n hq xfrm policy add "${selector[@]}" proto icmp dir out tmpl "${selector[@]}" proto esp mode transport reqid 7777
ping_once hq "${outer[branch]}" >/dev/null && fail "an unknown SA was answered"
ip -n hq xfrm policy delete "${selector[@]}" proto icmp dir out
ip -n hq xfrm state delete "${selector[@]}" proto esp spi 0x7777
finds "ESP with an unknown SPI" warning:xfrm_drops
assert_eq "its counter" XfrmInNoStates "$(jq -r '.checks[] | select(.name == "xfrm_drops").object' "$answer")"
# It really takes everything: the host's own packets are among what is dropped.
ip -n branch xfrm policy add src 0.0.0.0/0 dst 0.0.0.0/0 dir out priority 999999 \
  tmpl src "${outer[branch]}" dst "${outer[hq]}" proto esp mode tunnel reqid 9
finds "a policy that takes everything" caveat:xfrm_drops error:catch_all_policy
at branch bash -c "$(remedy catch_all_policy | sed 's/.*now: //')"
expect 30 all_online # the probes were dropped too
finds "what was dropped before doctor last looked" caveat:xfrm_drops

ip -n branch route add "${outer[hq]}" dev ipsec1
doctor
ip -n branch route delete "${outer[hq]}"
assert_match "a peer behind its own tunnel" 'error:peer_path' "$(findings)"
expect 10 ping_once branch "${inner[hq]}"

# What vtid cannot know is said to be unknown.
sed -i 's/charon.vici/other.vici/' "$STRONGSWAN_CONF"
doctor
assert_match "the file of another charon" 'names another socket' "$(jq -r '.checks[] | select(.name == "threads").text' "$answer")"
