#!/bin/bash
# Tunnels with static SAs, without any charon: up, repaired, rekeyed by editing the file without a lost packet, kept over a
# restart of vtid; over IPv4 with AES-GCM and over IPv6 with AES-CBC and HMAC-SHA-256.
. "$(dirname "$0")/lib.sh"

declare -A outer6=([hq]=2001:db8:1::1 [branch]=2001:db8:2::1)
declare -A spi=([hq]=0x1001 [branch]=0x2001) # of the SA that leads to the site

umask 077
sa() { # spi algorithm digits
  local key=
  while ((${#key} < $3)); do key+=${1#0x}a5c3; done
  echo "${key:0:$3}" >"$etc/$1.key"
  echo "{ \"spi\": \"$1\", \"algorithm\": \"$2\", \"key\": { \"file\": \"$1.key\" } }"
}

# One inbound SA, or two: the peer's old and new one. The outbound one is the peer's inbound one.
write_static() { # site "inbound-spis" outbound-spi
  local site=$1 remote=${peer[$1]} in=() one etc=/run/$1/etc six_in=0x3001 six_out=0x3002
  [[ $site == hq ]] || { six_in=0x3002 six_out=0x3001; }
  mkdir -p "$etc"
  for one in $2; do in+=("$(sa "$one" aes256gcm16 72)"); done
  cat >"$etc/vtid.json" <<JSON
{
  "charon": { "vici": "unix:///run/$site/charon.vici" },
  "tunnels": {
    "lab": {
      "unit": 1,
      "outer": { "local": "${outer[$site]}", "remote": "${outer[$remote]}" },
      "keys": { "in": [ $(IFS=,; echo "${in[*]}") ], "out": $(sa "$3" aes256gcm16 72) },
      "children": {
        "v4": { "local": "${inner[$site]}/30", "remote": "${inner[$remote]}" },
        "v6": { "local": "${inner6[$site]}/64", "remote": "${inner6[$remote]}" }
      }
    },
    "six": {
      "unit": 2,
      "outer": { "local": "${outer6[$site]}", "remote": "${outer6[$remote]}" },
      "keys": { "in": $(sa $six_in aes256-sha256 128), "out": $(sa $six_out aes256-sha256 128), "replay_window": 256 },
      "children": {
        "v4": { "local": "10.6.108.${inner[$site]##*.}/30", "remote": "10.6.108.${inner[$remote]##*.}" },
        "v6": { "local": "fd00:8::${inner6[$site]##*:}/64", "remote": "fd00:8::${inner6[$remote]##*:}" }
      }
    }
  },
  "interfaces": { "VTI": { "tunnel": "lab" } },
  "routes": [
    { "to": "${lan[$remote]}.0/24", "via": "VTI_VTIV4" },
    { "to": "${lan6[$remote]}:/64", "via": "VTI_VTIV6" }
  ]
}
JSON
}
spis() { ip -n "$1" xfrm state | sed -n 's/.* spi 0x0*\([0-9a-f]*\) .*/0x\1/p' | sort | xargs; } # site
has_spis() { [[ $(spis "$1") == "$2" ]]; } # site spis
states_are() { [[ $(status_of "$1" '[.tunnels[].state] | join(" ")') == "$2" ]]; } # site states
changes() { grep -c 'kernel changed' "/run/$1/vtid.log" || true; } # site

make_network
for site in hq branch; do
  ip -n wan address add "${outer6[$site]%1}fe/64" dev "$site"
  ip -n "$site" address add "${outer6[$site]}/64" dev wan
  ip -n "$site" -6 route add default via "${outer6[$site]%1}fe"
  write_static "$site" "${spi[$site]}" "${spi[${peer[$site]}]}"
  start_vtid "$site"
done
for site in hq branch; do expect 10 states_are "$site" "up up"; done
assert_eq "SAs at hq" "0x1001 0x2001 0x3001 0x3002" "$(spis hq)"
for to in "hq ${inner[branch]}" "branch ${inner6[hq]}" "hq 10.6.108.2" "branch fd00:8::1" "hq-lan 10.2.0.10" "hq-lan fd00:2::10" \
  "branch-lan fd00:1::10"; do
  expect 5 ping_once $to
done
assert_eq "MTUs of AES-GCM over IPv4 and AES-CBC over IPv6" "1446 1406" "$(status_of hq '[.tunnels[].mtu] | join(" ")')"
assert_eq "SAs shown at hq" "lab 0x00001001 0x00002001" \
  "$(vtictl_at hq --json list sas | jq -r '.[] | select(.tunnel == "lab") | "\(.name) \(.children[0] | "\(.spi_in) \(.spi_out)")"')"
assert_match "caveat" "counts packets" "$(problem_says hq counts)"
assert_match "up is refused" 'static SAs' "$(vtictl_at hq up lab 2>&1 || echo "exit $?")"

say "an inbound SA deleted by hand"
ip -n hq xfrm state delete src "${outer[branch]}" dst "${outer[hq]}" proto esp spi 0x1001
expect 1 has_spis hq "0x1001 0x2001 0x3001 0x3002"
expect 5 ping_once hq "${inner[branch]}"

# A window lets the SAs' new packets in after as many as it had seen of the old ones.
say "all SAs flushed"
ip -n hq xfrm state flush
expect 1 has_spis hq "0x1001 0x2001 0x3001 0x3002"
at hq ping -q -f -c 300 "${inner[branch]}" >/dev/null || true
for to in "hq ${inner[branch]}" "branch ${inner6[hq]}"; do expect 5 ping_once $to; done

say "rekeyed by editing the file: beside the old one, out, the old one away; now one site is ahead, now the other"
steps=("hq 0x1001,0x1101 0x2001" "branch 0x2001,0x2101 0x1001"
  "branch 0x2001,0x2101 0x1101" "hq 0x1001,0x1101 0x2101"
  "hq 0x1101 0x2101" "branch 0x2101 0x1101")
for step in "${!steps[@]}"; do # beforehand: the ping leaves an emulated processor little time
  read -r site in out <<<"${steps[step]}"
  write_static "$site" "${in//,/ }" "$out"
  mv "/run/$site/etc/vtid.json" "/run/$step.json"
done
index="$(ifindex hq ipsec1) $(ifindex branch ipsec1)"
ups=$(grep -c 'tunnel changed.*lab' /run/hq/vtid.log)
ping_start hq "${inner[branch]}"
for step in "${!steps[@]}"; do
  read -r site in out <<<"${steps[step]}"
  mv "/run/$step.json" "/run/$site/etc/vtid.json"
  kill -HUP "${vtid_pid[$site]}"
  expect 10 has_spis "$site" "$(printf '%s\n' ${in//,/ } "$out" 0x3001 0x3002 | sort | xargs)"
done
ping_stop
assert_eq "lost of $ping_answered" 0 "$ping_lost"
assert_eq "answered more than 300" 1 "$((ping_answered > 300))"
assert_eq "interfaces" "$index" "$(ifindex hq ipsec1) $(ifindex branch ipsec1)"
assert_eq "changes of state at hq" "$ups" "$(grep -c 'tunnel changed.*lab' /run/hq/vtid.log)"

say "vtid killed and started: what is right is left alone, and counts on"
sent() { ip -n hq -s xfrm state list src "${outer[hq]}" | sed -n 's/.*anti-replay context: seq 0x[0-9a-f]*, oseq \(0x[0-9a-f]*\),.*/\1/p' | head -n 1; }
before=$(sent)
kill_vtid hq
at_start=$(changes hq)
start_vtid hq
expect 10 tunnel_is hq lab up
expect 5 plan_is_empty hq
assert_eq "changes by the new vtid" "$at_start" "$(changes hq)"
assert_eq "packets sent under the key, as before or more" 1 "$(($(sent) >= before && before > 30))"

say "an algorithm changed in place"
sed -i '/"0x3001"/s/aes256-sha256", "key": { "file": "0x3001/aes128-sha384", "key": { "file": "0x3001/' /run/{hq,branch}/etc/vtid.json
for site in hq branch; do vtictl_at "$site" reload >/dev/null; done
expect 5 grep -q 'replace SA 0x00003001 .*aes128-sha384.*has another algorithm' /run/hq/vtid.log
for to in "branch fd00:8::1" "hq 10.6.108.2"; do expect 5 ping_once $to; done

say "a tunnel that is disabled takes its SAs along"
sed -i 's/"unit": 2,/"unit": 2, "enabled": false,/' /run/hq/etc/vtid.json
vtictl_at hq reload >/dev/null
expect 2 has_spis hq "0x1101 0x2101"
assert_eq "its state" disabled "$(tunnel_state hq six)"

for site in hq branch; do
  for file in /run/"$site"/etc/*.key; do
    grep -qiF "$(cut -c 1-32 "$file")" "/run/$site/vtid.log" && fail "a key is in the log of $site"
  done
done
exit 0
