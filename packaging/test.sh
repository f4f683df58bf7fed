#!/bin/bash
# test.sh [--short|--here]: everything that is checked about vtid, as root on a fresh Debian 12 or 13: it builds with warnings as
# errors, for FreeBSD on amd64 and arm64, and all tests pass: those of the code under the sanitizers, those of the programs as they
# will run, on a real kernel with a real charon. It builds on the other Debian too and says the same there, a third of the cases
# pass there, and the packages for both do what docs/quickstart.md says. --short leaves out arm64, the packages and the source files
# one by one, as CI does; --here the other Debian as well.
# Prints how long each stage took, and ends with the closing lines of ctest's two runs, and with their status.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
. packaging/packages.sh

without=${1:-}
[[ $without =~ ^(|--short|--here)$ ]] || { sed -n '2,7s/^# //p' "$0" >&2; exit 2; }
other=trixie
! grep -q '^VERSION_CODENAME=trixie' /etc/os-release || other=bookworm
mkdir -p build

stage() { # NAME COMMAND...
  local began=$SECONDS status=0
  "${@:2}" || status=$?
  printf '%4d s  %s\n' $((SECONDS - began)) "$1" | tee -a build/stages
  return $status
}
declare -A jobs
# shellcheck disable=SC2154
trap 'for job in "${jobs[@]}"; do kill "$job" 2>/dev/null || true; done' EXIT
beside() { # [--after NAME] NAME COMMAND...: a stage beside the next ones, once that one has ended, until `result NAME`
  local before=
  [[ $1 != --after ]] || { before=${jobs[$2]}; shift 2; }
  {
    while [[ $before ]] && kill -0 "$before" 2>/dev/null; do sleep 1; done
    stage "$@"
  } >"build/$1.log" 2>&1 &
  jobs[$1]=$!
}
result() { # NAME
  wait "${jobs[$1]}" || { tail -n 200 "build/$1.log"; echo "test.sh: $1 failed; all that it said: build/$1.log"; exit 1; }
}
: >build/stages

# The stages. Each goes on only while all is well: `set -e` does not hold in them.
packages() {
  need "${build_packages[@]}" "${check_packages[@]}" "${lab_packages[@]}" &&
    tests/lab/libreswan >/dev/null && # fetched here, outside of the lab, which has no network
    { command -v npm >/dev/null || need nodejs npm; } # for the FreeBSD cross compiler
}
build() { # preset [option of the build...]
  cmake --preset "$1" >/dev/null && cmake --build --preset "$@"
}
tests() { # preset [option of ctest...]: what it said is in build/PRESET.log too
  ctest --preset "$1" --parallel "$(nproc)" --output-log "build/$1.log" "${@:2}"
}
# To see that it compiles, and what it needs: the linker keeps what nothing uses of libc++ unless it is told, or optimises.
cross_build() { # preset [option of the build...]
  cmake --preset "$1" -DCMAKE_CXX_FLAGS_RELEASE=-O0 -DCMAKE_EXE_LINKER_FLAGS=-Wl,--gc-sections >/dev/null &&
    cmake --build --preset "$@"
}
freebsd() {
  cross_build freebsd && packaging/freebsd/needs.sh build/freebsd && packaging/freebsd/plist.sh build/freebsd
}
arm64() {
  cross_build freebsd-aarch64 --target vtid vtictl && packaging/freebsd/needs.sh --without-tests build/freebsd-aarch64
}
roots() {
  tests/lab/debian bookworm true && tests/lab/debian trixie true
}
packaged() {
  tests/package/run bookworm && tests/package/run trixie
}

stage packages packages
[[ $without == --here ]] || beside roots roots
stage "build, sanitizers" build asan-ubsan
stage "tests, sanitizers" tests asan-ubsan
stage "build, programs" build ci --target programs
stage freebsd freebsd
[[ $without == --short ]] || stage "freebsd, arm64" arm64
if [[ $without != --here ]]; then
  result roots
  beside "code on $other" tests/e2e/on-debian --code "$other" # little beside the labs: it yields
  beside --after "code on $other" "clang-tidy on $other" tests/e2e/on-debian --tidy "$other"
fi
stage "tests, programs" tests ci --label-regex '^(e2e|lint)$' && tested=0 || tested=$?
if [[ $without != --here ]]; then
  result "code on $other"
  stage "lab on $other" tests/e2e/on-debian --lab "$other"
  result "clang-tidy on $other"
fi
if [[ ! $without ]]; then
  stage "sources on $other" tests/e2e/on-debian --sources "$other"
  stage "packages of both" packaged
fi
cat build/stages
for preset in asan-ubsan ci; do sed -n '/% tests passed/,$p' build/$preset.log; done
exit "$tested"
