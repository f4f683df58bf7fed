# filter.sh: what the filter cases share: two sites with three tunnels, and flows whose fate can be told without a server: a
# closed port refuses at once what the filter lets through. Sourced after lib.sh.
#
#   branch   unit 1, assigned VTI:    10.1.0.0/24 to 10.2.0.0/24, transit 10.6.106.1 and .2
#   spare2   unit 2, unassigned VTI:  transit 10.7.2.1 and .2
#   policy   tunnel mode, no device:  10.1.1.0/24 to 10.2.1.0/24

policy_tunnel() { # site
  local remote=${peer[$1]} start=start local_net=10.2.1.0/24 remote_net=10.1.1.0/24
  if [[ $1 == hq ]]; then start=none local_net=10.1.1.0/24 remote_net=10.2.1.0/24; fi
  echo "\"policy\": { \"start\": \"$start\", \"ike\": {
    \"local\": { \"address\": \"${outer[$1]}\", \"id\": \"$1-policy\" },
    \"remote\": { \"address\": \"${outer[$remote]}\", \"id\": \"$remote-policy\" },
    \"auth\": { \"psk\": { \"file\": \"peer.psk\" } }, \"proposals\": [\"aes128gcm16-prfsha256-x25519\"] },
    \"children\": { \"lan\": { \"mode\": \"tunnel\", \"local\": \"$local_net\", \"remote\": \"$remote_net\", \"proposals\": [\"aes128gcm16-x25519\"] } } }"
}

write_filter() { # members of the file: hq's; the branch filters nothing
  local psk_file='{ "psk": { "file": "peer.psk" } }'
  write_config hq "$(spare hq 2 "$psk_file"), $(policy_tunnel hq)" "$1"
  write_config branch "$(spare branch 2 "$psk_file"), $(policy_tunnel branch)"
}

start_filtered_sites() { # members of the file
  local site
  make_network
  for site in hq branch; do
    ip -n "$site" address add "${lan[$site]/.0/.1}.1/24" dev lan
    ip -n "$site-lan" address add "${lan[$site]/.0/.1}.10/24" dev "$site"
    start_charon "$site"
  done
  write_filter "$1"
  for site in hq branch; do start_vtid "$site"; done
  for site in hq branch; do
    expect 30 tunnel_is "$site" "${peer[$site]}" up
    expect 20 tunnel_is "$site" spare2 up
    expect 20 tunnel_is "$site" policy up
  done
  expect 10 converged hq
}

# What becomes of a connection: "passed" when the far end answers, "blocked" when nobody does, "rejected" when a router says no.
fate() { # site address port seconds
  local answer
  answer=$(ip netns exec "$1" timeout "$4" bash -c "exec 3<>/dev/tcp/$2/$3" 2>&1) && { echo passed; return; }
  case $answer in
    *refused*) echo passed ;;
    *"No route"* | *prohibited* | *unreachable*) echo rejected ;;
    *) echo blocked ;;
  esac
}

flow() { # expected site address port what
  local patience=5  # a busy machine is slow to start a shell; an answer ends the wait
  if [[ $1 == blocked ]]; then patience=1.2; fi
  assert_eq "$5 ($2 to $3 port $4)" "$1" "$(fate "$2" "$3" "$4" "$patience")"
}

online() { [[ $(status_of "$1" '[.tunnels[].gateways[].state] | unique | join(" ")') == online ]]; } # site: all of its gateways

# Sends from the networks of the tunnel-mode child; hq-lan and branch-lan choose their address by route.
use_policy_networks() {
  ip -n hq-lan route add 10.2.1.0/24 via 10.1.0.1 src 10.1.1.10
  ip -n branch-lan route add 10.1.1.0/24 via 10.2.0.1 src 10.2.1.10
}

arrivals() { # site: echo requests that came in since count_arrivals
  ip netns exec "$1" nft list chain inet arrivals input | sed -n 's/.*packets \([0-9]*\).*/\1/p'
}
count_arrivals() { # site match
  ip netns exec "$1" nft "add table inet arrivals; delete table inet arrivals; add table inet arrivals;
    add chain inet arrivals input { type filter hook input priority -300; };
    add rule inet arrivals input $2 counter"
}
