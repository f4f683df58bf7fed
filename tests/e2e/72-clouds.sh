#!/bin/bash
# AWS, Azure and Google as peers, one after the other, with the files of docs/cookbook: the far side is a strongSwan that has their
# published parameters, waits to be called at two addresses, and an FRR with their AS number. Both tunnels carry, and a rekey by either
# side loses nothing; when one is cut the other carries.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/frr.sh"
make_network
ip -n branch address add 198.51.100.2/24 dev wan
start_charon hq
start_charon branch

# The far side: IKE, ESP, the lifetimes of both in seconds, the two transit networks, its AS number.
far_side() { # name ike esp ike-life esp-life net net asn
  local n net connections='' secrets=''
  for n in 1 2; do
    net=${*:5+n:1}
    ip -n branch link add "cloud$n" type xfrm dev wan if_id "$n"
    ip -n branch address add "${net%.*}.1/30" dev "cloud$n"
    ip -n branch link set "cloud$n" mtu 1400 up
    connections+="$1-$n { version = 2
      local_addrs = 198.51.100.$n
      remote_addrs = 192.0.2.1
      proposals = $2
      rekey_time = ${4}s
      dpd_delay = 10s
      if_id_in = $n
      if_id_out = $n
      local { auth = psk
              id = 198.51.100.$n }
      remote { auth = psk
               id = 192.0.2.1 }
      children { all { local_ts = 0.0.0.0/0
                       remote_ts = 0.0.0.0/0
                       esp_proposals = $3
                       rekey_time = ${5}s } } }
    "
    secrets+="ike-$n { id-1 = 198.51.100.$n
      id-2 = 192.0.2.1
      secret = \"$1-$n\" }
    "
    (umask 077; mkdir -p /run/hq/etc; printf '%s\n' "$1-$n" >"/run/hq/etc/$1-$n.psk")
  done
  printf 'connections {\n%s}\nsecrets {\n%s}\n' "$connections" "$secrets" >/run/branch/swanctl.conf
  swanctl_at branch --load-all --clear --file /run/branch/swanctl.conf >/dev/null 2>&1
  cat >/run/branch/cloud.conf <<FRR
router bgp $8
 bgp router-id 198.51.100.1
 bgp bestpath as-path multipath-relax
 no bgp ebgp-requires-policy
 timers bgp 10 30
 neighbor ${6%.*}.2 remote-as 65000
 neighbor ${7%.*}.2 remote-as 65000
 neighbor ${6%.*}.2 timers connect 1
 neighbor ${7%.*}.2 timers connect 1
 address-family ipv4 unicast
  network 10.2.0.0/24
FRR
}

other_daemons() { # starts zebra and bgpd at a site, with a file
  local daemon
  mkdir -p "/run/frr/$1"
  chown -R frr:frr /run/frr
  run_frr "$1" zebra
  wait_for 30 test -S "/run/frr/$1/zserv.api" || fail "zebra at $1: $(<"/run/$1/frr.log")"
  run_frr "$1" bgpd
  wait_for 30 test -S "/run/frr/$1/bgpd.vty" || fail "bgpd at $1: $(<"/run/$1/frr.log")"
  frr_reads "$1" "$2"
}

meets() { # name
  start_vtid hq
  for n in 1 2; do expect 20 tunnel_is hq "$1-$n" up; done
  recipe "$1" hq /etc/frr/frr.conf >/run/hq/frr.conf
  other_daemons branch /run/branch/cloud.conf
  other_daemons hq /run/hq/frr.conf
  expect 40 ways_are hq 10.2.0.0/24 "ipsec1 ipsec2"
  expect 40 ways_are branch 10.1.0.0/24 "cloud1 cloud2"
  expect 5 ping_once hq-lan 10.2.0.10
  ping_start hq-lan 10.2.0.10
  says 0 . hq rekey "$1-1"
  peer_does --rekey --ike "$1-2" >/dev/null
  peer_does --rekey --child all >/dev/null
  expect 10 converged hq
  ping_stop
  assert_eq "lost of $ping_answered" 0 "$ping_lost"
}

loses_one() { # name: BGP notices after its hold time
  says 0 . hq down "$1-1"
  expect 40 ways_are hq 10.2.0.0/24 ipsec2
  expect 40 ways_are branch 10.1.0.0/24 cloud2
  expect 5 ping_once hq-lan 10.2.0.10
  says 0 . hq up "$1-1"
  expect 40 ways_are hq 10.2.0.0/24 "ipsec1 ipsec2"
}

leaves() {
  local site
  for site in hq branch; do
    # shellcheck disable=SC2086 # a list of processes
    kill -9 ${frr_pids[$site]}
    frr_pids[$site]=
    rm -rf "/run/frr/$site"
  done
  jq '{charon, tunnels: {}}' /run/hq/etc/vtid.json >/run/hq/etc/none.json
  mv /run/hq/etc/none.json /run/hq/etc/vtid.json
  vtictl_at hq reload >/dev/null
  expect 5 eval '! ip -n hq link show dev ipsec1'
  kill_vtid hq
  for site in cloud1 cloud2; do ip -n branch link delete "$site"; done
}

say "AWS"
write_recipe aws hq
far_side aws aes128-sha256-modp2048,aes256gcm16-prfsha384-ecp384 aes128-sha256-modp2048,aes256gcm16-ecp384 28800 3600 169.254.10.0 169.254.11.0 64512
meets aws
loses_one aws
leaves

say "Azure"
write_recipe azure hq
far_side azure aes256-sha256-modp2048 aes256gcm16-modp2048 28800 27000 169.254.21.0 169.254.22.0 65515
meets azure
leaves

say "Google"
write_recipe google hq
far_side google aes256gcm16-prfsha256-modp2048 aes256gcm16-modp2048 36000 10800 169.254.30.0 169.254.31.0 64513
meets google
