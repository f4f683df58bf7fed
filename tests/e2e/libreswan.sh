# libreswan.sh: Debian's libreswan at branch, which the lab brings along without installing it (tests/lab/libreswan).
libreswan=${LAB_LIBRESWAN:-}
[[ $libreswan ]] || fail "there is no libreswan: apt could not fetch it when the lab began (tests/lab/libreswan says why)"
# where pluto looks for its programs and they for their libraries, in an environment of pluto's own
for folder in "$libreswan"/{usr/libexec,usr/lib/*-linux-gnu,lib/*-linux-gnu}; do
  [[ ! -d $folder ]] || mount -t overlay -o "lowerdir=$folder:${folder#"$libreswan"}" overlay "${folder#"$libreswan"}"
done
mkdir -p /run/branch/nss /run/pluto

at_branch() { at branch env PATH="$libreswan/usr/sbin:$libreswan/usr/bin:$PATH" "$@"; }

start_pluto() { # with /run/branch/ipsec.conf and ipsec.secrets
  at_branch certutil -N -d sql:/run/branch/nss --empty-password
  at_branch /usr/libexec/ipsec/pluto --nofork --logfile /run/branch/charon.log --config /run/branch/ipsec.conf \
    --nssdir /run/branch/nss --secretsfile /run/branch/ipsec.secrets --rundir /run/branch >/dev/null 2>&1 &
  expect 60 grep -q "loading secrets" /run/branch/charon.log
}
