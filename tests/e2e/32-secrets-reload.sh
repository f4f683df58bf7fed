#!/bin/bash
# A PSK that changes on both sides leaves the running tunnel alone and serves the next; on one side only it is refused with
# the reason. Beside it, PSKs whose owners have identities of every kind.
. "$(dirname "$0")/lib.sh"

tunnels() { # site: the spare ones
  local number=2 ids all=
  local -a kinds=('@#0a1B2c|keyid:any text' 'C=CH, O=Lab, CN=hq|asn1dn:C=CH, O=Lab, CN=branch' 'ipv4:192.0.2.77|ipv6:fd00::77'
    'email:hq@example.org|@@user@branch' 'fqdn:hq.example.org|dns:branch.example.org')
  for ids in "${kinds[@]}"; do
    local own=${ids%|*} other=${ids#*|}
    if [[ $1 == branch ]]; then own=${ids#*|} other=${ids%|*}; fi
    all+="${all:+, }$(spare "$1" "$number" "{ \"psk\": { \"text\": \"spare-secret-$number\" } }" "$own" "$other")"
    number=$((number + 1))
  done
  # hq takes whoever the pattern fits.
  if [[ $1 == hq ]]; then all+=", $(spare hq "$number" '{ "psk": { "text": "pattern-secret" } }' hq.pattern '*.pattern')"; fi
  if [[ $1 == branch ]]; then all+=", $(spare branch "$number" '{ "psk": { "text": "pattern-secret" } }' me.pattern hq.pattern)"; fi
  echo "$all"
}
for site in hq branch; do write_config "$site" "$(tunnels "$site")"; done
start_sites
for number in 2 3 4 5 6 7; do
  expect 20 tunnel_is branch "spare$number" up
  expect 5 ping_once branch "10.7.$number.1"
done
sas=$(swanctl_at hq --list-sas)
for id in 'any text' 'C=CH, O=Lab, CN=branch' fd00::77 user@branch branch.example.org me.pattern; do
  assert_match "who hq sees" "remote '$id'" "$sas"
done

before=$(child_spis branch)
ping_start branch "${inner[hq]}"
psk=second-secret
for site in hq branch; do
  write_config "$site" "$(tunnels "$site")"
  says 0 . "$site" reload
done
sleep 1
ping_stop
assert_eq "lost during the reload, of $ping_answered" 0 "$ping_lost"
assert_eq "SPIs" "$before" "$(child_spis branch)"
says 0 . branch down hq
says 0 hq branch up hq --timeout 30s
expect 5 ping_once branch "${inner[hq]}"

says 0 . branch down hq
psk=third-secret write_config branch "$(tunnels branch)"
says 0 . branch reload
says 1 'PSK' branch up hq --timeout 30s
write_config branch "$(tunnels branch)"
says 0 . branch reload
says 0 hq branch up hq --timeout 30s
expect 5 ping_once branch "${inner[hq]}"
grep -rq -e -secret -e only-a-lab /run/branch/state /run/branch/vtid.log && fail "a secret was written down"
true
