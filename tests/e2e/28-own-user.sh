#!/bin/bash
# vtid as its systemd unit runs it: a user of its own with three ambient capabilities and no right to more, to whom /proc shows no
# process of others but by the group root. Tunnels, probes and the filter work; root's secrets are read, root's charon is asked.
. "$(dirname "$0")/lib.sh"
mount -o remount,hidepid=invisible /proc
rights=+net_admin,+net_raw,+dac_override
vtid_as=(setpriv --reuid=daemon --regid=daemon --groups=0 --inh-caps=-all,$rights --ambient-caps=-all,$rights --bounding-set=-all,$rights
  --no-new-privs)
for site in hq branch; do
  write_config "$site" '' '"rules": [ { "on": "ipsec", "direction": "in", "action": "pass", "from": "any", "to": "any" } ]'
done
start_sites

for site in hq branch; do
  expect 10 ping_once "$site" "${inner[${peer[$site]}]}"
  expect 10 ping_once "$site-lan" "${lan[${peer[$site]}]}.10"
  expect 5 converged "$site"
  expect 30 eval "[[ \$(status_of $site '[.tunnels[].gateways[].state] | unique | join(\" \")') == online ]]"
  assert_eq "$site: no problem" 0 "$(status_of "$site" '.problems | map(select(.severity == "error")) | length')"
  assert_eq "$site: whose process it is" daemon "$(ps -o user= -p "${vtid_pid[$site]}")"
done
