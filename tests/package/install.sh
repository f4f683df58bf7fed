#!/bin/bash
# install.sh: two Debians as debootstrap makes them, on the running kernel. The branch is installed as the page says, and its files
# stay in $LAB_INSTALLED for tunnel.sh. Headquarters gets first what the package depends on, then the package, which runs and is
# purged: its files are as before.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$(readlink -f "$0")")/site.sh"
files() { # site: what lies there, but for what any work of apt and of systemd leaves
  on "$1" find / -xdev \( -path /tmp -o -path /var/tmp -o -path /root -o -path /var/log -o -path /var/cache -o -path /var/lib/apt \
    -o -path /var/lib/systemd \) -prune -o ! -name '*-old' -print | LC_ALL=C sort
}

make_network
boot_sites "$LAB_FRESH" hq
boot_sites "$LAB_INSTALLED" branch
for site in hq branch; do
  cp "$LAB_OUT"/packages/* "/proc/${init[$site]}/root/root/"
  on "$site" sh -c 'echo "APT::Get::Assume-Yes \"true\";" >/etc/apt/apt.conf.d/90-nobody-answers'
done
say "$(on branch sed -n 's/^PRETTY_NAME=//p' /etc/os-release), $(uname -r)"
quietly hq sh -c 'apt-get install -s ./vtid_*.deb | sed -n "/^Inst vtid /d; s/^Inst \([^ ]*\) .*/\1/p" | xargs apt-get install -qq'
files hq >"$LAB_OUT/files.before"

for site in branch hq; do
  page "$site" 1.1
  waits "$site"
  assert_eq "$site: the folder of the configuration" "755 root root" "$(on "$site" stat -c '%a %U %G' /etc/vtid)"
  assert_eq "$site: groups" "vtid vtid-view" "$(on "$site" getent group vtid vtid-view | cut -d: -f1 | xargs)"
  for file in man8/vtid.8.gz man8/vtictl.8.gz man5/vtid.json.5.gz; do on "$site" test -s "/usr/share/man/$file"; done
  on "$site" bash -c '. /usr/share/bash-completion/completions/vtictl && complete -p vtictl' >/dev/null
done
on branch sh -c 'rm vtid_*; apt-get clean' # what apt fetches there is not wanted any more

say "hq without a tunnel: it runs, is removed with its configuration left, comes back to it and is purged"
on hq sh -c 'umask 077; echo secret >/etc/vtid/peer.psk; cat >/etc/vtid/vtid.json' <"$LAB_OUT/page/2.3"
quietly hq systemctl start vtid
assert_eq "hq: its state" "700 vtid vtid" "$(on hq stat -c '%a %U %G' /var/lib/vtid)"
quietly hq apt-get remove -qq vtid
cat /run/hq/said
assert_eq "hq, removed: what stays of the configuration" "peer.psk vtid.json" "$(on hq ls /etc/vtid | xargs)"
assert_eq "hq, removed: the unit" not-found "$(unit hq LoadState)"
quietly hq sh -c 'apt-get install -qq ./vtid_*.deb'
assert_eq "hq, installed again: it runs" active "$(unit hq ActiveState)"
quietly hq apt-get purge -qq vtid
purged hq
files hq >"$LAB_OUT/files.after"
assert_eq "hq: files after, against before" "" "$(diff "$LAB_OUT/files.before" "$LAB_OUT/files.after")"
on branch sync
