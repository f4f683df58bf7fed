# frr.sh: Debian's FRR at a site, with the very files that docs/cookbook shows. A case sources it after lib.sh.
cookbook=$(dirname "${BASH_SOURCE[0]}")/../../docs/cookbook
declare -A frr_pids

recipe() { # page site file: the block that stands on that page under `site:file`
  awk -v name="\`$2:$3\`" '$0 == name { found = 1; next } found && /^```/ { if (inside++) exit; next } inside' "$cookbook/$1.md" |
    grep . || fail "docs/cookbook/$1.md shows no $2:$3"
}

write_recipe() { # page site: the vtid.json of that page, for the charon of the lab
  local etc=/run/$2/etc
  mkdir -p "$etc"
  (umask 077; printf '%s\n' "$psk" >"$etc/peer.psk")
  recipe "$1" "$2" /etc/vtid/vtid.json >"$etc/recipe.json"
  jq ".charon.vici = \"unix:///run/$2/charon.vici\"" "$etc/recipe.json" >"$etc/vtid.json"
}

# FRR as its service starts it, at all these sites at once: zebra, the daemons, then the file by vtysh.
start_frr() { # page "site..." daemon...
  local site daemon readers=()
  for site in $2; do
    mkdir -p "/run/$site" "/run/frr/$site"
    recipe "$1" "$site" /etc/frr/frr.conf >"/run/$site/frr.conf"
    chown -R frr:frr /run/frr
    run_frr "$site" zebra
  done
  for site in $2; do
    wait_for 30 test -S "/run/frr/$site/zserv.api" || fail "zebra at $site: $(<"/run/$site/frr.log")"
    for daemon in "${@:3}"; do run_frr "$site" "$daemon"; done
  done
  for site in $2; do
    for daemon in "${@:3}"; do
      wait_for 30 test -S "/run/frr/$site/$daemon.vty" || fail "$daemon at $site: $(<"/run/$site/frr.log")"
    done
    frr_reads "$site" "/run/$site/frr.conf" &
    readers+=($!)
  done
  for daemon in "${readers[@]}"; do wait "$daemon" || fail "FRR refuses its file"; done
}

run_frr() { # site daemon: its sockets and files are those of "-N site"
  ip netns exec "$1" "/usr/lib/frr/$2" -N "$1" --log stdout >>"/run/$1/frr.log" 2>&1 &
  frr_pids[$1]+=" $!"
}

frr_reads() { at "$1" vtysh -N "$1" -f "$2" >>"/run/$1/frr.log" 2>&1 || fail "FRR at $1: $(tail -n 20 "/run/$1/frr.log")"; } # site file
frr_at() { at "$1" vtysh -N "$1" -c "$2" 2>/dev/null; } # site command

# Both sites of two-tunnels.md: a second way between them, and both tunnels up.
start_two_tunnels() {
  local site
  make_network
  cable hq line 203.0.113.1/24 branch line 203.0.113.2/24
  start_charon hq branch
  for site in hq branch; do
    write_recipe two-tunnels "$site"
  done
  for site in hq branch; do start_vtid "$site"; done
  for site in hq branch; do
    expect 20 tunnel_is "$site" "${peer[$site]}" up
    expect 20 tunnel_is "$site" "${peer[$site]}-line" up
  done
}

# The devices on which the kernel has a route to a network.
ways() { ip -n "$1" ${3:-} route show "$2" | grep -o 'dev [^ ]*' | sort -u | cut -c5- | xargs; } # site network [-6]
ways_are() { [[ $(ways "$1" "$2" "${4:-}") == "$3" ]]; } # site network devices [-6]

# What a routing protocol must not notice: rekeys by both sides, reloads of the same and of an edited file, a restart and a
# sudden death of vtid. No packet is lost, no interface is another one, and nothing is left to do.
disturb() {
  local site indexes
  indexes="$(ifindex hq ipsec1) $(ifindex hq ipsec2)"
  ping_start hq-lan "${lan[branch]}.10"
  says 0 . hq rekey branch
  says 0 . branch rekey hq-line
  says 0 . branch reload
  jq ".tunnels.branch.description = \"by the internet\" | .tunnels += {$(spare hq 3 '{ "psk": { "file": "peer.psk" } }')}" \
    /run/hq/etc/vtid.json >/run/hq/etc/edited.json
  mv /run/hq/etc/edited.json /run/hq/etc/vtid.json
  says 0 . hq reload
  expect 5 ip -n hq link show dev ipsec3
  kill -TERM "${vtid_pid[hq]}"
  wait "${vtid_pid[hq]}" || fail "vtid ended with $?"
  start_vtid hq
  kill_vtid branch
  start_vtid branch
  for site in hq branch; do
    expect 10 converged "$site"
    expect 1 plan_is_empty "$site"
  done
  ping_stop
  assert_eq "lost of $ping_answered" 0 "$ping_lost"
  assert_eq "interfaces" "$indexes" "$(ifindex hq ipsec1) $(ifindex hq ipsec2)"
}
