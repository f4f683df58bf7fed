# shellcheck shell=bash source-path=SCRIPTDIR source=../e2e/lib.sh disable=SC2034 # lib.sh reads what looks unused
# site.sh: a site of tests/package is a whole Debian with a systemd of its own. Sourced by install.sh and tunnel.sh.
export VTID_BUILD=/nonexistent # the programs are the package's
here=$(dirname "$(readlink -f "$0")")
. "$here/../e2e/lib.sh"
outer=([hq]=198.51.100.1 [branch]=192.0.2.1) # as docs/quickstart.md has them
lan=([hq]=10.20.0 [branch]=10.1.0)
inner=([hq]=10.6.106.1 [branch]=10.6.106.2)
declare -A init # the first process of each, as it is seen here

on() { # site command...
  nsenter --target "${init[$1]}" --mount --uts --ipc --net --pid --cgroup --root --wd -- \
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive sh -c 'cd && exec "$@"' sh "${@:2}"
}
vtictl_at() { on "$1" vtictl "${@:2}"; }
unit() { on "$1" systemctl show --value --property "$2" "${3:-vtid}"; } # site property [unit]

groups=/sys/fs/cgroup/vtid-package-$RANDOM # the control groups of each are below it, and end with it
boot_sites() { # folder, as ./boot has it; site...
  local site
  mountpoint -q /sys/fs/cgroup && [[ -e /sys/fs/cgroup/cgroup.procs ]] || mount -t cgroup2 cgroup2 /sys/fs/cgroup
  for site in "${@:2}"; do
    mkdir -p "/run/$site" "$groups/$site"
    (
      echo "$BASHPID" >"$groups/$site/cgroup.procs"
      exec ip netns exec "$site" "$here/boot" "$1" "$site"
    ) >"/run/$site/boot.log" 2>&1 &
    disown $! # it is killed in the end, and nobody needs to be told
    wait_for 20 pgrep -P $! || fail "$site does not boot: $(cat "/run/$site/boot.log")"
    init[$site]=$(pgrep -P $!)
  done
  trap end_sites EXIT
  for site in "${@:2}"; do expect 100 booted "$site"; done
}
booted() { on "$1" systemctl is-system-running | grep -qE 'running|degraded'; } # site
end_sites() {
  local site
  for site in "${!init[@]}"; do echo 1 >"$groups/$site/cgroup.kill" || true; done
  sleep 0.5
  find "$groups" -depth -type d -exec rmdir {} +
}

page() { # site block: does what the page says
  local status=0
  say "$1 does:"
  sed 's/^/    /' "$LAB_OUT/page/$2"
  on "$1" bash -euo pipefail <"$LAB_OUT/page/$2" >"/run/$1/said" 2>&1 || status=$?
  sed 's/.*\r//; s/^/    | /' "/run/$1/said"
  ((status == 0)) || fail "$1: block $2 of the page ended with $status"
}
quietly() { # site command...: what it says only if it fails
  on "$@" >"/run/$1/said" 2>&1 || fail "$1: ${*:2}: $(tail -n 30 "/run/$1/said")"
}

waits() { # site: the unit is there, and tells what it lacks
  assert_eq "$1: at boot" enabled "$(on "$1" systemctl is-enabled vtid)"
  assert_eq "$1: it waits" "inactive success 0" "$(unit "$1" ActiveState) $(unit "$1" Result) $(unit "$1" NRestarts)"
  assert_match "$1: and says what for" "ConditionPathExists=/etc/vtid/vtid.json was not met" "$(on "$1" systemctl status vtid || true)"
}
write_files() { # the page's, at both
  page branch 2.1
  (umask 077; on branch cat /etc/vtid/peer.psk | on hq sh -c 'umask 077; cat >/etc/vtid/peer.psk') # "copied to the other"
  on branch sh -c 'umask 077; cat >/etc/vtid/vtid.json' <"$LAB_OUT/page/2.2"
  on hq sh -c 'umask 077; cat >/etc/vtid/vtid.json' <"$LAB_OUT/page/2.3"
}
purged() { # site: nothing of it is left
  assert_eq "$1: the user and the groups" "" "$(on "$1" sh -c 'getent passwd vtid; getent group vtid vtid-view' || true)"
  assert_eq "$1: what has its name, or belongs to nobody" "" "$(on "$1" find / -xdev \( -path /root -o -path /tmp -o -path /var/log \) -prune \
    -o \( -name '*vtid*' -o -nouser -o -nogroup \) -print)"
  assert_eq "$1: the unit" not-found "$(unit "$1" LoadState)"
}
