#!/bin/bash
# From file to ping: both sites by vtid alone, IPv4 and IPv6 inside, and the hosts behind them by the routes of the file.
. "$(dirname "$0")/lib.sh"
start_sites

for site in hq branch; do
  expect 10 ping_once "$site" "${inner[${peer[$site]}]}"
  expect 10 ping_once "$site" "${inner6[${peer[$site]}]}"
  expect 10 ping_once "$site-lan" "${lan[${peer[$site]}]}.10"
  expect 10 ping_once "$site-lan" "${lan6[${peer[$site]}]}:10"
  expect 5 converged "$site"
  expect 1 plan_is_empty "$site"
  assert_eq "$site: device, numbers" "ipsec1 5001 1" "$(status_of "$site" '.tunnels[0] | "\(.device) \(.reqid) \(.if_id)"')"
  assert_eq "$site: traffic is counted" true "$(status_of "$site" '.tunnels[0] | .packets_in > 0 and .packets_out > 0')"
  assert_eq "$site: no problem" 0 "$(status_of "$site" '.problems | map(select(.severity == "error")) | length')"
done

# What the router sees of a ping from host to host is ESP.
at wan timeout 20 tcpdump -c 6 -nni hq not port 500 and not port 4500 and not arp and not icmp6 >/run/seen 2>/dev/null &
wait_for 20 eval "at hq-lan ping -n -c 1 -W 1 ${lan[branch]}.10; ! kill -0 $!"
assert_eq "packets on the way" "6 ESP" "$(grep -o 'ESP\|ICMP' /run/seen | sort | uniq -c | xargs)"
