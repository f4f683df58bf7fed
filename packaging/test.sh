#!/bin/bash
# test.sh: everything that is checked about vtid, as root on a fresh Debian 12: it builds with warnings as errors, under the
# sanitizers and for FreeBSD on amd64 and arm64, and all tests pass, the ones on a real kernel with a real charon included.
# Ends with ctest's own closing line of the complete run, and with its status.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
. packaging/packages.sh

need "${build_packages[@]}" "${check_packages[@]}" "${lab_packages[@]}"
tests/lab/libreswan >/dev/null # fetched here, outside of the lab, which has no network
command -v npm >/dev/null || need nodejs npm # for the FreeBSD cross compiler

build() { # preset
  cmake --preset "$1" >/dev/null
  cmake --build --preset "$1"
}
build_for_freebsd() { # in what the lab leaves of the processors: it mostly waits
  renice -n 19 -p $BASHPID >/dev/null
  build freebsd && build freebsd-aarch64 && packaging/freebsd/needs.sh build/freebsd build/freebsd-aarch64 &&
    packaging/freebsd/plist.sh build/freebsd
}
build asan-ubsan
ctest --preset asan-ubsan --parallel "$(nproc)"
build ci
build_for_freebsd >build/freebsd.log 2>&1 &
freebsd=$!
ctest --preset ci --parallel "$(nproc)" && tested=0 || tested=$?
wait $freebsd || { tail -n 100 build/freebsd.log >&2; exit 1; }
exit "$tested"
