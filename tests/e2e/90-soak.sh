#!/bin/bash
# Two sites under whatever happens to them, in random order: edits, kills, cuts, rekeys, clock steps, other hands. After each
# round everything must work within SOAK_PATIENCE seconds as the files of that moment say, nothing of others is touched, and
# memory and descriptors stay as they were.
#   SOAK_SECONDS   how long (default 90); tests/e2e/soak takes SOAK_MINUTES
#   SOAK_SEED      repeats a run: each run prints its own
#   SOAK_ONLY, SOAK_WITHOUT   deeds by name, separated by blanks
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/others.sh"
: "${SOAK_SECONDS:=90}" "${SOAK_PATIENCE:=60}" "${SOAK_SEED:=$((EPOCHSECONDS % 32768))}"
hq_start=start
most_rss=16384 # KiB, and
most_fds=8     # more than at the first calm moment
warm_up=2      # rounds

now() { local up; read -r up _ </proc/uptime; echo "${up/./}"; } # in 10 ms, whatever the wall clock does
within() { # seconds command...: until it succeeds
  local deadline=$(($(now) + $1 * 100))
  shift
  until "$@" >/dev/null 2>&1; do
    (($(now) < deadline)) || return 1
    sleep 0.1
  done
}

# ---- what the files say, and how they are written ----------------------------------------------------------------------

declare -A mtu_of=([hq]=1300 [branch]=1300) routes_of=([hq]=1 [branch]=1) words_of proposals_of mode_of=([hq]=enc [branch]=enc)
spares=0 # whether both sites have a second tunnel

write_site() { # site
  local site=$1 file=/run/$1/etc/vtid.json more= rules
  ((spares)) && more=$(spare "$site" 2 '{ "psk": { "file": "peer.psk" } }')
  rules=$(if [[ ${mode_of[$site]} == enc ]]; then echo ipsec; else echo VTI; fi)
  write_config "$site" "$more" "\"filter\": { \"mode\": \"${mode_of[$site]}\" },
    \"rules\": [ { \"on\": \"$rules\", \"action\": \"pass\" } ]"
  jq --arg mtu "${mtu_of[$site]}" --arg words "${words_of[$site]:-}" --arg peer "${peer[$site]}" --argjson swap "${proposals_of[$site]:-0}" \
    --argjson routes "${routes_of[$site]}" '
      .interfaces.VTI.mtu = ($mtu | tonumber)
      | .tunnels[$peer].description = $words
      | .tunnels[$peer].ike.proposals = (["aes128gcm16-prfsha256-x25519", "aes256gcm16-prfsha384-x25519"] | if $swap == 1 then reverse else . end)
      | .routes += [range(1; $routes) | { to: "10.77.\(.).0/24", via: "VTI_VTIV4" }]' "$file" >"$file.new"
  chmod 600 "$file.new"
  mv "$file.new" "$file"
}
reload() { within 10 vtictl_at "$1" reload; }

# ---- the deeds: each does one thing to a site; what it broke for long, it has mended when it returns -------------------

edits() { write_site "$1"; reload "$1"; }
edit_mtu() { mtu_of[$1]=$((1280 + RANDOM % 100)); edits "$1"; }
edit_routes() { routes_of[$1]=$((1 + RANDOM % 5)); edits "$1"; }
edit_description() { words_of[$1]="words $RANDOM"; edits "$1"; }
edit_proposals() { proposals_of[$1]=$((1 - ${proposals_of[$1]:-0})); edits "$1"; }
edit_mode() { if [[ ${mode_of[$1]} == enc ]]; then mode_of[$1]=if_ipsec; else mode_of[$1]=enc; fi; edits "$1"; }
edit_tunnels() { spares=$((1 - spares)); edits hq; edits branch; }
edit_badly() { # refused, and nothing happens
  echo '{' >"/run/$1/etc/vtid.json"
  vtictl_at "$1" reload >/dev/null 2>&1 && fail "an invalid file was accepted at $1"
  edits "$1"
}
vtid_kill() { kill_vtid "$1"; pause; run_vtid "$1"; }
vtid_term() { kill -TERM "${vtid_pid[$1]}"; wait "${vtid_pid[$1]}" || fail "vtid at $1 ended with $? on SIGTERM"; pause; run_vtid "$1"; }
vtid_hup() { kill -HUP "${vtid_pid[$1]}"; }
vtid_stop() { kill -STOP "${vtid_pid[$1]}"; sleep 3; kill -CONT "${vtid_pid[$1]}"; }
charon_kill() { kill_charon "$1"; pause; start_charon "$1"; }
charon_stop() { kill -STOP "${charon_pid[$1]}"; sleep 8; kill -CONT "${charon_pid[$1]}"; }
wan_down() { ip -n wan link set "$1" down; sleep 6; ip -n wan link set "$1" up; }
wan_drop() {
  at wan nft 'add table inet cut; add chain inet cut c { type filter hook forward priority 0; policy drop; }'
  sleep 6
  at wan nft delete table inet cut
}
wan_loss() { at wan tc qdisc add dev "$1" root netem loss 40%; sleep 5; at wan tc qdisc del dev "$1" root; }
order_rekey() { vtictl_at "$1" rekey "${peer[$1]}" >/dev/null 2>&1 || true; }
order_down_up() { vtictl_at "$1" down "${peer[$1]}" >/dev/null 2>&1 || true; vtictl_at "$1" up "${peer[$1]}" >/dev/null 2>&1 || true; }
clock_steps() { # both sites have one clock
  [[ ${LAB_OWN_CLOCK:-} ]] || return 0
  date -s "@$((EPOCHSECONDS + $2))" >/dev/null
  clock_off=$((clock_off + $2))
}
clock_on() { clock_steps "$1" 3600; }
clock_back() { clock_steps "$1" -3600; }
clock_while_down() { kill_vtid "$1"; clock_steps "$1" $((RANDOM % 2 * 1800 - 900)); run_vtid "$1"; }
hands_routes() { ip -n "$1" route flush proto 118; ip -n "$1" -6 route flush proto 118; }
hands_addresses() { ip -n "$1" address flush dev ipsec1; }
hands_link_down() { ip -n "$1" link set ipsec1 down; }
hands_link_deleted() { ip -n "$1" link delete ipsec1; }
hands_filter() { at "$1" nft delete table inet vtid; }
hands_policies() { ip -n "$1" xfrm policy flush; plant_xfrm "$1"; }
hands_states() { ip -n "$1" xfrm state deleteall reqid 5001; }
swanctl_unloads() { # as `systemctl reload strongswan` does with an empty swanctl.conf
  : >"/run/$1/empty.conf"
  swanctl_at "$1" --load-all --clear --file "/run/$1/empty.conf" >/dev/null 2>&1 || true
}
deeds=(edit_mtu edit_routes edit_description edit_proposals edit_mode edit_tunnels edit_badly vtid_kill vtid_term vtid_hup vtid_stop
  charon_kill charon_stop wan_down wan_drop wan_loss order_rekey order_down_up clock_on clock_back clock_while_down hands_routes
  hands_addresses hands_link_down hands_link_deleted hands_filter hands_policies hands_states swanctl_unloads)

pause() { sleep "$((RANDOM % 2)).$((RANDOM % 10))"; }
run_vtid() { # start_vtid, without a clock that may step
  ip netns exec "$1" "$vtid" --config "/run/$1/etc/vtid.json" --socket "/run/$1/vtid/vtid.sock" --state "/run/$1/state" \
    >>"/run/$1/vtid.log" 2>&1 &
  vtid_pid[$1]=$!
  within 60 vtictl_at "$1" status || fail "vtid at $1 did not start"
}

# ---- the oracle ---------------------------------------------------------------------------------------------------------

wanted_routes() { { echo "${lan[${peer[$1]}]}.0/24"; for ((n = 1; n < routes_of[$1]; n++)); do echo "10.77.$n.0/24"; done; } | sort; }
held_routes() { ip -n "$1" route show proto 118 | awk '{ print $1 }' | sort; }
says_well() { # site: what vtid complains of, or nothing
  vtictl_at "$1" --json status | jq -r --argjson mtu "${mtu_of[$1]}" --argjson count $((1 + spares)) '
    [ (.tunnels[] | select(.state != "up") | "\(.name) is \(.state)"), (.problems[] | select(.severity == "error") | .text),
      (select(.converged | not) | "not converged"), (select(.tunnels[0].mtu != $mtu) | "mtu \(.tunnels[0].mtu)"),
      (select(.tunnels | length != $count) | "not so many tunnels") ] | join("; ")'
}
complaint() { # site: what does not work, or nothing
  local site=$1 said
  said=$(says_well "$site" 2>&1) || said="no answer: $said"
  [[ -z $said ]] || { echo "$said"; return; }
  ping_once "$site" "${inner[${peer[$site]}]}" >/dev/null || { echo "no ping by IPv4"; return; }
  ping_once "$site" "${inner6[${peer[$site]}]}" >/dev/null || { echo "no ping by IPv6"; return; }
  ping_once "$site-lan" "${lan[${peer[$site]}]}.10" >/dev/null || { echo "no ping from LAN to LAN"; return; }
  ((spares == 0)) || ping_once "$site" "${spare_peer[$site]}" >/dev/null || { echo "no ping through the spare"; return; }
  [[ $(held_routes "$site") == "$(wanted_routes "$site")" ]] || { echo "routes: $(held_routes "$site" | xargs)"; return; }
  [[ $(swanctl_at "$site" --list-conns | grep -cE '^[a-z0-9]+: IKEv2') == $((1 + spares)) ]] || { echo "charon lacks connections"; return; }
  plan_is_empty "$site" >/dev/null || { echo "plan: $(vtictl_at "$site" plan)"; return; }
  [[ $(others "$site") == "${others_of[$site]}" ]] || diff <(echo "${others_of[$site]}") <(others "$site") || true
}
declare -A spare_peer=([hq]=10.7.2.2 [branch]=10.7.2.1)
all_works() { # both at once: here a process costs more than what it does
  complaint hq >/run/complaint.hq 2>&1 &
  complaint branch >/run/complaint.branch 2>&1
  wait $!
  ! [[ -s /run/complaint.hq || -s /run/complaint.branch ]]
}
complaints() { tail -n 3 /run/complaint.hq /run/complaint.branch; }

rss() { awk '/^VmRSS/ { print $2 }' "/proc/${vtid_pid[$1]}/status"; }
fds() { find "/proc/${vtid_pid[$1]}/fd" -mindepth 1 | wc -l; }
measure() {
  local site
  for site in "${sites[@]}"; do
    ((rounds > warm_up)) || { first_rss[$site]=$(rss "$site"); first_fds[$site]=$(fds "$site"); continue; }
    last_rss[$site]=$(rss "$site") last_fds[$site]=$(fds "$site")
    ((last_rss[$site] <= first_rss[$site] + most_rss)) || fail "vtid at $site grew from ${first_rss[$site]} to ${last_rss[$site]} KiB"
    ((last_fds[$site] <= first_fds[$site] + most_fds)) || fail "vtid at $site has ${last_fds[$site]} descriptors, once ${first_fds[$site]}"
  done
}

# ---- the run ------------------------------------------------------------------------------------------------------------

declare -A others_of first_rss first_fds last_rss last_fds times worst total
clock_off=0 rounds=0
chosen=()
for deed in "${deeds[@]}"; do
  [[ " ${SOAK_WITHOUT:-} " == *" $deed "* ]] && continue
  [[ -z ${SOAK_ONLY:-} || " $SOAK_ONLY " == *" $deed "* ]] && chosen+=("$deed")
done

for site in hq branch; do write_site "$site"; done
start_sites
for site in hq branch; do plant_others "$site"; others_of[$site]=$(others "$site"); done
within "$SOAK_PATIENCE" all_works || fail "at first: $(complaints)"
say "SOAK_SEED=$SOAK_SEED, $SOAK_SECONDS s, ${#chosen[@]} deeds"
RANDOM=$SOAK_SEED

# Each deed once in an order of chance, then again in another one.
began=$(now) bag=()
while (($(now) - began < SOAK_SECONDS * 100)); do
  done_now=()
  for ((n = 1 + RANDOM % 2; n > 0; n--)); do
    ((${#bag[@]})) || bag=("${chosen[@]}")
    pick=$((RANDOM % ${#bag[@]})) site=${sites[RANDOM % 2]}
    deed=${bag[pick]}
    bag=("${bag[@]:0:pick}" "${bag[@]:pick + 1}")
    say "round $rounds: $deed at $site"
    "$deed" "$site"
    done_now+=("$deed")
  done
  calm=$(now)
  within "$SOAK_PATIENCE" all_works || fail "round $rounds, ${done_now[*]}, SOAK_SEED=$SOAK_SEED: $(complaints)"
  took=$(($(now) - calm))
  for deed in "${done_now[@]}"; do
    times[$deed]=$((${times[$deed]:-0} + 1)) total[$deed]=$((${total[$deed]:-0} + took))
    ((took <= ${worst[$deed]:-0})) || worst[$deed]=$took
  done
  rounds=$((rounds + 1))
  measure
done
((clock_off == 0)) || date -s "@$((EPOCHSECONDS - clock_off))" >/dev/null

say "$rounds rounds, SOAK_SEED=$SOAK_SEED; seconds until all worked again, a check of everything included:"
printf '| %-18s | %5s | %7s | %7s |\n' deed times mean worst
for deed in "${chosen[@]}"; do
  n=${times[$deed]:-0}
  printf '| %-18s | %5d | %7s | %7s |\n' "$deed" "$n" "$(((n ? total[$deed] / n : 0) / 100)).$(((n ? total[$deed] / n : 0) / 10 % 10))" \
    "$((${worst[$deed]:-0} / 100)).$((${worst[$deed]:-0} / 10 % 10))"
done
for site in "${sites[@]}"; do
  say "vtid at $site: ${first_rss[$site]} KiB and ${first_fds[$site]} descriptors at first, ${last_rss[$site]:-} and ${last_fds[$site]:-} at last"
done
