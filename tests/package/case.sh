#!/bin/bash
# case.sh: what tests/package/run describes, in the lab. Headquarters has what the package depends on before it begins, so that the
# files before and after can be compared; the branch has nothing.
export VTID_BUILD=/nonexistent # the programs are the package's
# shellcheck source-path=SCRIPTDIR source=../e2e/lib.sh disable=SC2034,SC2154 # it reads and sets what looks unused and unset
. "$(dirname "$0")/../e2e/lib.sh"
outer=([hq]=198.51.100.1 [branch]=192.0.2.1) # as the page has them
lan=([hq]=10.20.0 [branch]=10.1.0)
inner=([hq]=10.6.106.1 [branch]=10.6.106.2)
declare -A init

on() { # site command...
  nsenter --target "${init[$1]}" --mount --uts --ipc --net --pid --cgroup --root --wd -- \
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive sh -c 'cd && exec "$@"' sh "${@:2}"
}
vtictl_at() { on "$1" vtictl "${@:2}"; }
unit() { on "$1" systemctl show --value --property "$2" "${3:-vtid}"; } # site property [unit]
page() { # site block: does what the page says
  local status=0
  say "$1 does:"
  sed 's/^/    /' "$LAB_OUT/page/$2"
  on "$1" bash -euo pipefail <"$LAB_OUT/page/$2" >"/run/$1/said" 2>&1 || status=$?
  sed 's/^/    | /' "/run/$1/said"
  ((status == 0)) || fail "$1: block $2 of the page ended with $status"
}

booted() { on "$1" systemctl is-system-running | grep -qE 'running|degraded'; } # site
boot_site() { # site
  mkdir -p "/run/$1" "/sys/fs/cgroup/$1"
  (
    echo "$BASHPID" >"/sys/fs/cgroup/$1/cgroup.procs"
    exec ip netns exec "$1" "$(dirname "$0")/boot" "$LAB_FRESH" "$1"
  ) >"/run/$1/boot.log" 2>&1 &
  wait_for 20 pgrep -P $! || fail "$1 does not boot: $(cat "/run/$1/boot.log")"
  init[$1]=$(pgrep -P $!)
}
files() { # site: what lies there, but for what any work of apt and of systemd leaves
  on "$1" find / -xdev \( -path /tmp -o -path /var/tmp -o -path /root -o -path /var/log -o -path /var/cache -o -path /var/lib/apt \
    -o -path /var/lib/systemd \) -prune -o ! -name '*-old' -print | LC_ALL=C sort
}

make_network
mount -t cgroup2 cgroup2 /sys/fs/cgroup
for site in hq branch; do boot_site "$site"; done
for site in hq branch; do
  expect 100 booted "$site"
  cp "$LAB_OUT"/packages/* "$LAB_OUT/newer.deb" "/proc/${init[$site]}/root/root/"
  echo 'APT::Get::Assume-Yes "true";' >"/proc/${init[$site]}/root/etc/apt/apt.conf.d/90-nobody-answers"
done
say "$(on branch sed -n 's/^PRETTY_NAME=//p' /etc/os-release), $(uname -r)"
on hq sh -c 'apt-get install -s ./vtid_*.deb | sed -n "/^Inst vtid /d; s/^Inst \([^ ]*\) .*/\1/p" | xargs apt-get install -qq' >/run/hq/said 2>&1 ||
  fail "$(tail -n 20 /run/hq/said)"
files hq >"$LAB_OUT/files.before"

# ---- installed, and waiting ----------------------------------------------------------------------------------------------

for site in hq branch; do
  page "$site" 1.1
  assert_eq "$site: at boot" enabled "$(on "$site" systemctl is-enabled vtid)"
  assert_eq "$site: it waits" "inactive success 0" "$(unit "$site" ActiveState) $(unit "$site" Result) $(unit "$site" NRestarts)"
  assert_match "$site: and says what for" "ConditionPathExists=/etc/vtid/vtid.json was not met" "$(on "$site" systemctl status vtid || true)"
  assert_eq "$site: the folder of the configuration" "755 root root" "$(on "$site" stat -c '%a %U %G' /etc/vtid)"
  assert_eq "$site: groups" "vtid vtid-view" "$(on "$site" getent group vtid vtid-view | cut -d: -f1 | xargs)"
  for file in man8/vtid.8.gz man8/vtictl.8.gz man5/vtid.json.5.gz; do on "$site" test -s "/usr/share/man/$file"; done
  on "$site" bash -c '. /usr/share/bash-completion/completions/vtictl && complete -p vtictl' >/dev/null
done

# ---- the page, to a ping through the tunnel --------------------------------------------------------------------------------

page branch 2.1
(umask 077; on branch cat /etc/vtid/peer.psk >"/proc/${init[hq]}/root/etc/vtid/peer.psk") # "copied to the other"
on branch sh -c 'umask 077; cat >/etc/vtid/vtid.json' <"$LAB_OUT/page/2.2"
on hq sh -c 'umask 077; cat >/etc/vtid/vtid.json' <"$LAB_OUT/page/2.3"
for site in hq branch; do page "$site" 2.4; done
for site in hq branch; do page "$site" 3.1; done
expect 30 tunnel_is branch hq up
page branch 3.2
assert_eq "doctor on charon's routes" "" "$(grep install_routes /run/branch/said)"
expect 10 ping_once branch-lan "${lan[hq]}.10"
for site in hq branch; do
  assert_eq "$site: who runs it" vtid "$(on "$site" ps -o user= -p "$(unit "$site" MainPID)")"
  assert_eq "$site: who may see it" "660 vtid vtid-view" "$(on "$site" stat -c '%a %U %G' /run/vtid/view.sock)"
done

# ---- upgraded under a ping -------------------------------------------------------------------------------------------------

# Headquarters would take its tunnels away when it stops.
on hq sed -i '0,/{/s//{ "on_stop": "remove",/' /etc/vtid/vtid.json
on hq vtictl reload
for site in branch hq; do
  index=$(ifindex "$site" ipsec1) daemon=$(unit "$site" MainPID) charon=$(unit "$site" MainPID strongswan)
  ping_start branch "${inner[hq]}"
  on "$site" dpkg -i newer.deb >"/run/$site/said" 2>&1 || fail "$(cat "/run/$site/said")"
  expect 10 eval "[[ \$(unit $site ActiveState) == active ]]"
  expect 10 plan_is_empty "$site"
  expect 10 converged "$site"
  ping_stop
  assert_match "$site: the version" '\+newer$' "$(on "$site" dpkg-query -W -f "\${Version}" vtid)"
  [[ $(unit "$site" MainPID) != "$daemon" ]] || fail "the daemon was not restarted"
  assert_eq "$site: the interface and charon are the same" "$index $charon" "$(ifindex "$site" ipsec1) $(unit "$site" MainPID strongswan)"
  assert_eq "$site: lost of $ping_answered while it was upgraded" 0 "$ping_lost"
done

# ---- removed, purged ---------------------------------------------------------------------------------------------------------

on branch apt-get remove -qq vtid >/run/branch/said 2>&1 || fail "$(cat /run/branch/said)"
cat /run/branch/said
assert_eq "branch, removed: what stays of the configuration" "peer.psk vtid.json" "$(on branch ls /etc/vtid | xargs)"
on hq apt-get purge -qq vtid >/run/hq/said 2>&1 || fail "$(cat /run/hq/said)"
cat /run/hq/said
on branch dpkg --purge vtid
for site in hq branch; do
  assert_eq "$site: interfaces" "" "$(ip -n "$site" -o link show type xfrm)"
  assert_eq "$site: routes" "" "$(ip -n "$site" route show proto 118 table all)$(ip -n "$site" rule show proto 118)"
  assert_eq "$site: filter" "" "$(at "$site" nft list tables)"
  assert_eq "$site: connections and SAs of charon" "" "$(on "$site" swanctl --list-conns)$(on "$site" swanctl --list-sas)"
  assert_eq "$site: SAs and policies" "" "$(ip -n "$site" xfrm state)$(ip -n "$site" xfrm policy list nosock)"
  assert_eq "$site: the user and the groups" "" "$(on "$site" getent passwd vtid)$(on "$site" getent group vtid vtid-view)"
  assert_eq "$site: what has its name" "" "$(on "$site" find / -xdev -path /root -prune -o -name '*vtid*' ! -path '/var/log/*' -print)"
  assert_eq "$site: what belongs to nobody" "" "$(on "$site" find / -xdev \( -nouser -o -nogroup \) -print)"
  assert_eq "$site: the unit" not-found "$(unit "$site" LoadState)"
done
files hq >"$LAB_OUT/files.after"
assert_eq "hq: files after, against before" "" "$(diff "$LAB_OUT/files.before" "$LAB_OUT/files.after")"
say "the package of $(on branch sed -n 's/^VERSION_ID=//p' /etc/os-release) works"
