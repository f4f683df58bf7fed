#!/bin/bash
# demo.sh: headquarters and a branch, a real charon and a vtid each, joined by a routed tunnel, as root on a fresh Debian 12 or 13.
# It builds vtid and runs the two in network namespaces (under an emulated Debian kernel where the running one has no XFRM
# interfaces), shows what vtid reports and what the kernel has, and leaves nothing behind but the build directory.
set -euo pipefail
packaging=$(dirname "$(readlink -f "$0")")

if [[ ${1:-} != inside ]]; then
  cd "$packaging/.."
  . packaging/packages.sh
  need "${build_packages[@]}" "${lab_packages[@]}"
  cmake --preset release >/dev/null
  cmake --build --preset release
  export VTID_BUILD=$PWD/build/release LAB_OUT
  LAB_OUT=$(mktemp -d)
  trap 'rm -rf "$LAB_OUT"' EXIT
  echo "Two sites start now; under emulation that takes about a minute."
  tests/lab/run "$packaging/demo.sh" inside
  exit
fi

. "$packaging/../tests/e2e/lib.sh"
show() { # site command...: as somebody there would type it, and what it says
  printf "\n%s# %s\n" "$1" "${*:2}"
  if [[ $2 == vtictl ]]; then vtictl_at "$1" "${@:3}"; else ip netns exec "$@"; fi
}

start_sites >/run/starting || { cat /run/starting; exit 1; }
wait_for 10 converged branch
show branch cat /run/branch/etc/vtid.json
show branch vtictl status
show branch ip address show dev ipsec1
show branch ip route show dev ipsec1
show branch ping -n -c 3 -i 0.3 "${inner[hq]}"
echo
echo "A host behind the branch reaches a host behind headquarters, by the route of the file:"
show branch-lan ping -n -c 3 -i 0.3 "${lan[hq]}.10"
show branch vtictl rekey hq
show branch vtictl status
show branch vtictl plan
