# two-paths.sh: a second link, directly between the two sites, and a second tunnel over it. A case sources it after lib.sh and says
# by write_site what it writes for a site.
outer_devices=wan,wan2
declare -A outer2=([hq]=203.0.113.1 [branch]=203.0.113.2)

# Adds to a site's usual file the second tunnel and the interfaces A and B, one over each link, and what the filter says; it knows
# $monitor (the case's), $lan (the peer's), $there (the peer on the second link) and the arguments.
add_second() { # site jq-filter [jq-arguments...]
  local remote=${peer[$1]} file=/run/$1/etc/vtid.json
  jq "${@:3}" --argjson monitor "$monitor" --arg here "${outer2[$1]}" --arg there "${outer2[$remote]}" --arg peer "$remote" \
    --arg lan "${lan[$remote]}.0/24" --arg inner "10.6.107.${inner[$1]##*.}/30" --arg far "10.6.107.${inner[$remote]##*.}" '
    .tunnels.second = (.tunnels[$peer] | .unit = 2 | .ike.local = { address: $here, id: "\($here)" } |
      .ike.remote = { address: $there, id: "\($there)" } |
      .children = { v4: (.children.v4 | .local = $inner | .remote = $far) }) |
    .interfaces = { A: { tunnel: $peer }, B: { tunnel: "second" } } | '"$2" "$file" >"$file.new"
  mv "$file.new" "$file"
}

start_two_paths() {
  local site
  modprobe sch_netem
  make_network
  cable hq wan2 "${outer2[hq]}/24" branch wan2 "${outer2[branch]}/24"
  start_charon hq branch
  for site in hq branch; do write_site "$site"; start_vtid "$site"; done
  for site in hq branch; do
    expect 30 tunnel_is "$site" "${peer[$site]}" up
    expect 30 tunnel_is "$site" second up
  done
}

goes_by() { [[ $(ip -n "$1" route get "$2") == *" dev $3 "* ]]; } # site address device
gateway_is() { [[ $(vtictl_at "$1" --json show gateways "$2" | jq -r .state) == "$3" ]]; } # site gateway state
# By the clock of the site's log, which an emulated processor that is busy with this script does not delay.
moved_at() { # site device: when the route to the peer's LAN last went there, in milliseconds
  local line
  line=$(grep "kernel changed.*replace route ${lan[${peer[$1]}]}.0/24 .*dev $2" "/run/$1/vtid.log" | tail -n 1)
  date -d "${line%% *}" +%s%3N
}
now() { echo $((${EPOCHREALTIME/./} / 1000)); }
