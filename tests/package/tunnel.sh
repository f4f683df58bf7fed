#!/bin/bash
# tunnel.sh: two Debians on which install.sh has installed the package, in the lab. They do the rest of the page, to a ping through
# the tunnel; the package is upgraded under a ping, removed and purged.
# shellcheck source-path=SCRIPTDIR disable=SC2154
. "$(dirname "$(readlink -f "$0")")/site.sh"

make_network
boot_sites "$LAB_INSTALLED" hq branch
say "$(on branch sed -n 's/^PRETTY_NAME=//p' /etc/os-release), $(uname -r)"
for site in hq branch; do waits "$site"; done

write_files
for site in hq branch; do page "$site" 2.4; done
for site in hq branch; do page "$site" 3.1; done
expect 30 tunnel_is branch hq up
page branch 3.2
assert_eq "doctor on charon's routes" "" "$(grep install_routes /run/branch/said || true)"
expect 10 ping_once branch-lan "${lan[hq]}.10"
for site in hq branch; do
  assert_eq "$site: who runs it" vtid "$(on "$site" ps -o user= -p "$(unit "$site" MainPID)")"
  assert_eq "$site: who may see it" "660 vtid vtid-view" "$(on "$site" stat -c '%a %U %G' /run/vtid/view.sock)"
done

# Headquarters would take its tunnels away when it stops.
on hq sed -i '0,/{/s//{ "on_stop": "remove",/' /etc/vtid/vtid.json
on hq vtictl reload
for site in branch hq; do
  cp "$LAB_OUT/newer.deb" "/proc/${init[$site]}/root/root/"
  index=$(ifindex "$site" ipsec1) daemon=$(unit "$site" MainPID) charon=$(unit "$site" MainPID strongswan)
  ping_start branch "${inner[hq]}"
  quietly "$site" dpkg -i newer.deb
  expect 10 eval "[[ \$(unit $site ActiveState) == active ]]"
  expect 10 plan_is_empty "$site"
  expect 10 converged "$site"
  ping_stop
  assert_match "$site: the version" '\+newer$' "$(on "$site" dpkg-query -W -f "\${Version}" vtid)"
  [[ $(unit "$site" MainPID) != "$daemon" ]] || fail "the daemon was not restarted"
  assert_eq "$site: the interface and charon are the same" "$index $charon" "$(ifindex "$site" ipsec1) $(unit "$site" MainPID strongswan)"
  assert_eq "$site: lost of $ping_answered while it was upgraded" 0 "$ping_lost"
done

quietly branch apt-get remove -qq -y vtid
quietly hq apt-get purge -qq -y vtid
cat /run/{branch,hq}/said
for site in hq branch; do
  assert_eq "$site: interfaces" "" "$(ip -n "$site" -o link show type xfrm)"
  assert_eq "$site: routes" "" "$(ip -n "$site" route show proto 118 table all)$(ip -n "$site" rule show | grep "proto 118" || true)"
  assert_eq "$site: filter" "" "$(at "$site" nft list tables)"
  assert_eq "$site: connections and SAs of charon" "" "$(on "$site" swanctl --list-conns)$(on "$site" swanctl --list-sas)"
  assert_eq "$site: SAs and policies" "" "$(ip -n "$site" xfrm state)$(ip -n "$site" xfrm policy list nosock)"
done
quietly branch dpkg --purge vtid
for site in hq branch; do purged "$site"; done
say "the package works on $(on branch sed -n 's/^PRETTY_NAME=//p' /etc/os-release)"
