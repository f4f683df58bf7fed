# lib.sh: two sites behind a router, each with a real charon and a vtid. A case sources it, builds, and asserts.
#
#   hq-lan --- hq --------- wan --------- branch --- branch-lan
#   10.1.0.10  192.0.2.1    (router)   198.51.100.1   10.2.0.10       tunnel: 10.6.106.1/30, .2 and fd00:6::1/64, ::2
#
# Each name is a network namespace. Everything that a case starts ends with its process namespace (tests/lab/fresh).
set -eEuo pipefail
trap 'fail "line $LINENO of ${BASH_SOURCE[0]##*/}: $BASH_COMMAND"' ERR

: "${VTID_BUILD:?the build directory with vtid and vtictl}"
vtid=$VTID_BUILD/src/daemon/vtid
vtictl=$VTID_BUILD/src/ctl/vtictl
dpd=2s            # a case may change these before it writes a configuration
psk=only-a-lab
declare -A auth_of    # site -> "auth" of its usual tunnel; the PSK when there is none
declare -A id_of=([hq]=hq [branch]=branch)  # empty: none is written
hq_start=none    # one side calls
outer_devices="wan, line"  # that charon may use
more_plugins=  # of charon

sites=(hq branch)
declare -A peer=([hq]=branch [branch]=hq)
declare -A outer=([hq]=192.0.2.1 [branch]=198.51.100.1)
declare -A lan=([hq]=10.1.0 [branch]=10.2.0)
declare -A lan6=([hq]=fd00:1: [branch]=fd00:2:)
declare -A inner=([hq]=10.6.106.1 [branch]=10.6.106.2)
declare -A inner6=([hq]=fd00:6::1 [branch]=fd00:6::2)
vtid_as=() # a command that runs vtid as somebody else
declare -A charon_pid vtid_pid monitor_pid

# ---- saying so ---------------------------------------------------------------------------------------------------------

say() { printf '%(%T)T %s\n' -1 "$*"; }

fail() { # text: the case ends, with everything that explains it
  trap - ERR
  set +e
  say "FAIL: $*"
  local site
  for site in "${sites[@]}"; do
    [[ -d /run/$site ]] || continue
    echo "---- $site: vtid"; tail -n 40 "/run/$site/vtid.log" 2>/dev/null
    echo "---- $site: charon"; tail -n 25 "/run/$site/charon.log" 2>/dev/null
    echo "---- $site: status"; vtictl_at "$site" status 2>&1
    echo "---- $site: kernel"; ip -n "$site" -d address show type xfrm; ip -n "$site" route; ip -n "$site" xfrm policy list nosock
  done
  exit 1
}

assert_eq() { # what expected actual
  [[ $2 == "$3" ]] || fail "$1: expected '$2', got '$3'"
  say "ok: $1: $3"
}

assert_match() { # what regular-expression actual
  [[ $3 =~ $2 ]] || fail "$1: expected /$2/, got '$3'"
  say "ok: $1: ${3%%$'\n'*}"
}

wait_for() { # seconds command...: until it succeeds. Where a processor is emulated, each look takes seconds under load.
  local deadline=$((${EPOCHREALTIME/./} + $1 * ${LAB_SLOWNESS:-1} * 1000000))
  shift
  until "$@" >/dev/null 2>&1; do
    ((${EPOCHREALTIME/./} < deadline)) || return 1
    sleep 0.05
  done
}

expect() { # seconds command...: wait_for, or the case fails
  wait_for "$@" || fail "not within $1 s: ${*:2}"
  say "ok: ${*:2}"
}

# ---- the network -------------------------------------------------------------------------------------------------------

# Few programs are started here: where a processor is emulated, each takes a tenth of a second.
make_network() {
  local site places=(wan "${sites[@]}" "${sites[@]/%/-lan}")
  printf 'netns add %s\n' "${places[@]}" | ip -batch -
  for site in "${places[@]}"; do
    ip netns exec "$site" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
      net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
  done
  for site in "${sites[@]}"; do
    printf 'link add %s netns %s type veth peer name %s netns %s\n' "$site" wan wan "$site" lan "$site" "$site" "$site-lan"
  done | ip -batch -
  for site in "${sites[@]}"; do
    printf '%s\n' "link set lo up" "address add ${outer[$site]%.*}.254/24 dev $site" "link set $site up"
  done | ip -n wan -batch -
  for site in "${sites[@]}"; do
    printf '%s\n' "link set lo up" "address add ${outer[$site]}/24 dev wan" "link set wan up" "address add ${lan[$site]}.1/24 dev lan" \
      "address add ${lan6[$site]}:1/64 dev lan" "link set lan up" "route add default via ${outer[$site]%.*}.254" | ip -n "$site" -batch -
    printf '%s\n' "link set lo up" "address add ${lan[$site]}.10/24 dev $site" "address add ${lan6[$site]}:10/64 dev $site" "link set $site up" \
      "route add default via ${lan[$site]}.1" "route add default via ${lan6[$site]}:1" | ip -n "$site-lan" -batch -
  done
}

cable() { # namespace device address namespace device address
  ip link add "$2" netns "$1" type veth peer name "$5" netns "$4"
  printf '%s\n' "address add $3 dev $2" "link set $2 up" | ip -n "$1" -batch -
  printf '%s\n' "address add $6 dev $5" "link set $5 up" | ip -n "$4" -batch -
}

at() { ip netns exec "$@"; } # site command...

# ---- charon ------------------------------------------------------------------------------------------------------------

start_charon() { # site...
  local site
  for site; do launch_charon "$site"; done
  for site; do wait_for 20 test -S "/run/$site/charon.vici" || fail "charon at $site did not start"; done
}

launch_charon() { # site
  mkdir -p "/run/$1"
  cat >"/run/$1/strongswan.conf" <<CONF
charon-systemd {
  load = random nonce aes sha1 sha2 hmac kdf gcm curve25519 openssl pem pkcs1 pkcs8 x509 constraints pubkey kernel-netlink socket-default vici $more_plugins
  install_routes = no
  interfaces_use = $outer_devices
  delete_rekeyed_delay = 1
  retransmit_tries = 3
  retransmit_timeout = 1.0
  retransmit_base = 1.4
  filelog { log { path = /run/$1/charon.log
                  append = yes
                  flush_line = yes
                  default = 1
                  cfg = 2 } }
  plugins { vici { socket = unix:///run/$1/charon.vici } }
}
swanctl { load = nonce }
CONF
  rm -f "/run/$1/charon.vici"
  STRONGSWAN_CONF=/run/$1/strongswan.conf ip netns exec "$1" /usr/sbin/charon-systemd >>"/run/$1/charon.out" 2>&1 &
  charon_pid[$1]=$!
}

kill_charon() { # site
  kill -9 "${charon_pid[$1]}"
  wait "${charon_pid[$1]}" 2>/dev/null || true
}

charon_loads() { # site: how often it was given a connection or a key
  grep -cE '(added|updated|removed) vici connection|loaded .*(shared|private) key|unloaded' "/run/$1/charon.log" || true
}

# The branch as a strongSwan of its own administrator: the connection "hq" with these children, and more lines of the connection.
load_peer() { # children [lines]
  cat >/run/branch/swanctl.conf <<CONF
connections { hq {
  version = 2
  local_addrs = ${outer[branch]}
  remote_addrs = ${outer[hq]}
  ${2:-}
  proposals = aes128gcm16-prfsha256-x25519
  local { auth = psk
          id = branch }
  remote { auth = psk
           id = hq }
  children { $1 }
} }
secrets { ike { id-1 = hq
                id-2 = branch
                secret = "$psk" } }
CONF
  swanctl_at branch --load-all --file /run/branch/swanctl.conf >/dev/null
}
peer_does() { at branch timeout 20 env STRONGSWAN_CONF=/run/branch/strongswan.conf swanctl "$@" --uri unix:///run/branch/charon.vici; }

swanctl_at() { STRONGSWAN_CONF=/run/$1/strongswan.conf swanctl "${@:2}" --uri "unix:///run/$1/charon.vici"; } # site arguments...

# ---- vtid --------------------------------------------------------------------------------------------------------------

# The usual file: one tunnel named after the peer, with addresses of both families and the peer's networks behind it.
# $2 are more members of "tunnels", $3 more members of the whole file.
write_config() { # site [tunnels [members]]
  local remote=${peer[$1]} start=start
  local auth=${auth_of[$1]:-'{ "psk": { "file": "peer.psk" } }'}
  if [[ $1 == hq ]]; then start=$hq_start; fi
  mkdir -p "/run/$1/etc"
  (umask 077; printf '%s\n' "$psk" >"/run/$1/etc/peer.psk")
  cat >"/run/$1/etc/vtid.json" <<JSON
{
  "charon": { "vici": "unix:///run/$1/charon.vici" },
  "tunnels": {
    "$remote": {
      "unit": 1,
      "ike": {
        "local": { "address": "${outer[$1]}"${id_of[$1]:+, \"id\": \"${id_of[$1]}\"} },
        "remote": { "address": "${outer[$remote]}"${id_of[$remote]:+, \"id\": \"${id_of[$remote]}\"} },
        "auth": $auth,
        "proposals": ["aes128gcm16-prfsha256-x25519"],
        "dpd": "$dpd"
      },
      "start": "$start",
      "children": {
        "v4": { "local": "${inner[$1]}/30", "remote": "${inner[$remote]}", "proposals": ["aes128gcm16-x25519"] },
        "v6": { "local": "${inner6[$1]}/64", "remote": "${inner6[$remote]}" }
      }
    }${2:+, $2}
  },
  "interfaces": { "VTI": { "tunnel": "$remote" } },
  "routes": [
    { "to": "${lan[$remote]}.0/24", "via": "VTI_VTIV4" },
    { "to": "${lan6[$remote]}:/64", "via": "VTI_VTIV6" }
  ]${3:+, $3}
}
JSON
}

only_ipv4() { # site: takes IPv6 out of the inside of its usual file
  sed -i '/"v6": {/d; s/"proposals": \["aes128gcm16-x25519"\] },/"proposals": ["aes128gcm16-x25519"] }/; /VTI_VTIV6/d; s/"via": "VTI_VTIV4" },/"via": "VTI_VTIV4" }/' \
    "/run/$1/etc/vtid.json"
}

start_vtid() { # site
  ip netns exec "$1" "${vtid_as[@]}" "$vtid" --config "/run/$1/etc/vtid.json" --socket "/run/$1/vtid/vtid.sock" --state "/run/$1/state" \
    >>"/run/$1/vtid.log" 2>&1 &
  vtid_pid[$1]=$!
  wait_for 60 vtictl_at "$1" status || fail "vtid at $1 did not start"
}

kill_vtid() { # site
  kill -9 "${vtid_pid[$1]}"
  wait "${vtid_pid[$1]}" 2>/dev/null || true
}

says() { # exit-status regular-expression site arguments...: what vtictl at the site answers
  local status=0 text
  text=$(vtictl_at "$3" "${@:4}" 2>&1) || status=$?
  assert_eq "vtictl ${*:4}: exit status" "$1" "$status"
  assert_match "vtictl ${*:4}" "$2" "$text"
}

vtictl_at() { ip netns exec "$1" "$vtictl" --socket "/run/$1/vtid/vtid.sock" "${@:2}"; } # site arguments...

status_of() { vtictl_at "$1" --json status | jq -r "$2"; } # site jq-filter
tunnel_state() { status_of "$1" ".tunnels[] | select(.name == \"$2\").state"; } # site tunnel
tunnel_is() { [[ $(tunnel_state "$1" "$2") == "$3" ]]; } # site tunnel state
children_up() { status_of "$1" ".tunnels[] | select(.name == \"$2\").children_up"; } # site tunnel
converged() { [[ $(status_of "$1" .converged) == true ]]; } # site
problem_says() { status_of "$1" '.problems[] | "\(.object): \(.text) (\(.remedy))"' | grep -E "$2"; } # site regular-expression
plan_is_empty() { vtictl_at "$1" plan --expect-empty; } # site

child_spis() { ip -n "$1" xfrm state | sed -n 's/.* spi \(0x[0-9a-f]*\) .*/\1/p' | sort; } # site

spare() { # site unit auth [id id-of-peer]: one more tunnel between the two, for $2 of write_config
  local remote=${peer[$1]} start=start last=2
  if [[ $1 == hq ]]; then start=none last=1; fi
  echo "\"spare$2\": { \"unit\": $2, \"start\": \"$start\", \"ike\": {
    \"local\": { \"address\": \"${outer[$1]}\", \"id\": \"${4:-$1-spare$2}\" },
    \"remote\": { \"address\": \"${outer[$remote]}\", \"id\": \"${5:-$remote-spare$2}\" },
    \"auth\": $3, \"proposals\": [\"aes128gcm16-prfsha256-x25519\"] },
    \"children\": { \"v4\": { \"local\": \"10.7.$2.$last/30\", \"remote\": \"10.7.$2.$((3 - last))\", \"proposals\": [\"aes128gcm16-x25519\"] } } }"
}

ifindex() { ip -n "$1" -o link show dev "$2" | cut -d: -f1; } # site device

# Both sites, from file to traffic.
start_sites() {
  local site
  make_network
  start_charon hq branch
  for site in hq branch; do
    [[ -e /run/$site/etc/vtid.json ]] || write_config "$site"
    start_vtid "$site"
  done
  expect 30 tunnel_is branch hq up
  expect 10 tunnel_is hq branch up
  expect 10 ping_once hq "${inner[branch]}"
}

# ---- traffic and what the kernel reports -------------------------------------------------------------------------------

ping_once() { ip netns exec "$1" ping -n -c 1 -W 1 "$2"; } # site address

ping_start() { # site address: every 4 ms until ping_stop
  mkdir -p "/run/$1"
  ip netns exec "$1" ping -n -i 0.004 "$2" >"/run/$1/ping-$2.log" 2>&1 &
  ping_pid=$! ping_log=/run/$1/ping-$2.log
  wait_for 5 grep -q icmp_seq=50 "$ping_log" || fail "no ping from $1 to $2: $(tail -n 3 "$ping_log")"
}

# A gap in the answered numbers is a loss; what is still on its way at the end is none.
ping_stop() { # sets ping_answered, ping_lost
  local still
  still=$(grep -c icmp_seq= "$ping_log")
  wait_for 2 eval "(( \$(grep -c icmp_seq= '$ping_log') > $still + 50 ))" || fail "the ping has stopped: $(tail -n 3 "$ping_log")"
  kill -INT "$ping_pid"
  wait "$ping_pid" || true
  read -r ping_answered ping_lost < <(sed -n 's/.*icmp_seq=\([0-9]*\) ttl=.*/\1/p' "$ping_log" |
    awk '!seen[$1]++ { n++ } $1 > last { last = $1 } END { print n + 0, last - n }')
}

# ---- a TCP transfer from the LAN of hq to the branch's -----------------------------------------------------------------

begin_transfer() {
  # busybox nc hangs up when its input ends, so the receiver has one that does not
  at branch-lan busybox nc -l -p 5001 < <(sleep 600) >/run/received &
  receiver=$!
  expect 5 eval 'at branch-lan ss -ltn | grep :5001'
  until [[ -e /run/enough ]]; do head -c 10000 /dev/urandom; sleep 0.05; done | tee /run/sent | at hq-lan busybox nc 10.2.0.10 5001 >/dev/null &
  sender=$!
  expect 5 arrived_more_than 0
}
arrived() { stat -c %s /run/received; }
arrived_more_than() { (($(arrived) > $1)); } # bytes
end_transfer() { # all that was sent has to arrive
  touch /run/enough
  wait "$sender"
  wait "$receiver"
  assert_eq "what arrived of the transfer" "$(sha256sum </run/sent)" "$(sha256sum </run/received)"
}

# Everything that rtnetlink tells about links, addresses and routes of a site between start and stop. A marker, an address
# that comes and goes on lo, proves that the recording had begun and has seen all.
record_start() { # site
  ip -n "$1" -o -ts monitor link address route >"/run/$1/monitor" 2>&1 &
  monitor_pid[$1]=$!
  wait_for 5 record_marked "$1" 127.77.0.1 || fail "ip monitor at $1 does not answer"
}

record_marked() { # site address
  ip -n "$1" address replace "$2/32" dev lo
  ip -n "$1" address delete "$2/32" dev lo
  grep -q "Deleted.*$2" "/run/$1/monitor"
}

record_stop() { # site: prints what was recorded
  wait_for 5 record_marked "$1" 127.77.0.2 || fail "ip monitor at $1 does not answer"
  kill "${monitor_pid[$1]}"
  wait "${monitor_pid[$1]}" 2>/dev/null || true
  # charon 6 starts with a look whether the kernel can make XFRM interfaces
  grep -v -e "127\.77\.0\." -e " xfrmi-test-[0-9]" "/run/$1/monitor" || true
}
# How many ways there were at the least, out of what was recorded of a destination that had one.
fewest_ways() { awk 'BEGIN { n = least = 1 } { n += /Deleted/ ? -1 : 1 } n < least { least = n } END { print least }'; }
