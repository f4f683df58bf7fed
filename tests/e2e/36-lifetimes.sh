#!/bin/bash
# What the file says of SAs stands in the kernel and on the wire; what runs keeps its settings and says so; an SA is renewed after so
# many packets; named networks; and a charon that does not know a word is not asked.
. "$(dirname "$0")/lib.sh"
start_sites

edit() { # site jq-filter
  jq "$2" "/run/$1/etc/vtid.json" >/run/edited
  cat /run/edited >"/run/$1/etc/vtid.json"
  says 0 . "$1" reload
}
states() { ip -n branch -s -d xfrm state; }
negotiated_before='tunnels/hq: was negotiated with settings'
is_older() { problem_says branch "$negotiated_before"; }
is_not_older() { ! is_older; }
restarted() { says 0 hq branch down hq; says 0 hq branch up hq --timeout 30s; }

edit branch '.tunnels.hq.ike += { "spread": "1m", "grace": "5m", "childless": "force", "fragmentation": "accept", "dscp": "cs6" }
  | .tunnels.hq.children.v4 += { "replay_window": 256, "dscp": "none", "ecn": false, "df": "clear", "mark_in": "0x30/0xff",
      "mark_out": "0x20/0xff", "rekey_packets": 1000, "spread": "1m", "grace": "5m" }'
expect 10 is_older
says 0 hq branch rekey hq
expect 5 is_older
assert_eq "marks before" 0 "$(states | grep -c 'output-mark' || :)"

# With a key exchange of its own for the child, and the IKE packets in their class.
at wan tcpdump -v -l -nni branch "src host ${outer[branch]} and (udp port 500 or udp port 4500)" >/run/seen 2>/run/listening &
expect 10 grep -q 'listening on' /run/listening
restarted
expect 10 is_not_older
in_class() { (($(grep -c 'tos 0xc0' /run/seen) >= 3)); } # IKE_SA_INIT, IKE_AUTH, CREATE_CHILD_SA
expect 10 in_class
expect 5 ping_once branch "${inner[hq]}"
states >/run/states
assert_eq "SAs with a mark" 2 "$(grep -c 'output-mark 0x[23]0/0xff' /run/states || :)"
assert_match "window" 'replay_window 256' "$(cat /run/states)"
assert_match "flags" 'noecn.*nopmtudisc' "$(cat /run/states)"
assert_match "limit of packets" 'soft 1000\(packets\)|soft 9[0-9][0-9]\(packets\)' "$(cat /run/states)"

# So many packets later they are others, and none was lost on the way.
before=$(child_spis branch)
at branch ping -n -q -i 0.002 -c 1500 "${inner[hq]}" >/run/pings
assert_match "pings" ' 0% packet loss' "$(cat /run/pings)"
differ() { [[ $(child_spis branch) != "$before" ]]; }
expect 10 differ

# Named networks, at both ends: what is outside is not carried.
ours() { printf '"%s"' "${lan[$1]}.0/24" | sed "s|\$|, \"${inner[$1]}/32\", \"${inner6[$1]}/128\"|"; } # site
for site in branch hq; do
  edit "$site" ".tunnels.\"${peer[$site]}\".children.v4 += { \"selectors\": { \"local\": [$(ours "$site")], \"remote\": [$(ours "${peer[$site]}")] } }"
done
restarted
expect 10 ping_once branch "${inner[hq]}"
expect 10 ping_once branch-lan "${lan[hq]}.10"
ping_once branch-lan "${lan6[hq]}:10" >/dev/null && fail "a network that is not named is carried"
named=$(vtictl_at branch --json list sas | jq -r '[.. | objects | .remote_ts // empty] | flatten | join(" ")')
assert_match "selectors" "${lan[hq]}.0/24" "$named"

# What this charon does not know stays away from it, and the tunnel as it is.
if [[ $(status_of branch .charon.version) < 5.9.10 ]]; then
  edit branch '.tunnels.hq.ike.childless = "prefer"'
  expect 10 problem_says branch 'does not know "childless": "prefer", which came with 5.9.10'
  expect 5 ping_once branch "${inner[hq]}"
fi
