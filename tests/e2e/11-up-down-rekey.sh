#!/bin/bash
# vtictl up, down and rekey wait for what they asked for and say what came of it, with the reason when nothing did.
. "$(dirname "$0")/lib.sh"
start_sites

spis() { ip -n "$1" xfrm state | sed -n 's/.* spi \(0x[0-9a-f]*\) .*/\1/p' | sort; } # site

before=$(spis branch)
says 0 hq branch rekey hq
[[ $(spis branch) != "$before" ]] || fail "the SPIs are the same after a rekey"
expect 5 ping_once branch "${inner[hq]}"

says 0 hq branch down hq
assert_eq "state after down" down "$(tunnel_state branch hq)"
expect 5 tunnel_is hq branch waiting
ping_once branch "${inner[hq]}" >/dev/null && fail "a ping passes a tunnel that is down"
says 0 hq branch up hq
assert_eq "state after up" up "$(tunnel_state branch hq)"
expect 5 ping_once branch "${inner[hq]}"

says 1 'hq' branch up hqq
says 2 '.' branch up

# The peer does not answer.
says 0 hq branch down hq
ip -n wan link set hq down
says 1 "no answer from ${outer[hq]}" branch up hq --timeout 40s
ip -n wan link set hq up
says 0 hq branch down hq
says 0 hq branch up hq --timeout 30s

# The peer does not believe us.
says 0 hq branch down hq
psk=another-one write_config branch
says 0 . branch reload
says 1 '[Aa]uthentication|PSK|pre-shared' branch up hq --timeout 30s
assert_eq "state after a refused up" false "$(status_of branch '.tunnels[0].state == "up"')"
write_config branch
says 0 . branch reload
says 0 hq branch up hq --timeout 30s
expect 5 ping_once branch "${inner[hq]}"
