#!/bin/bash
# needs.sh [--without-tests] BUILD...: what the programs of a build for FreeBSD need of the system: libraries, and symbols newer than
# FreeBSD 12 (FBSD_1.5). Prints both for each program, and fails when there is one that is not listed here with its reason.
set -euo pipefail

programs=(src/daemon/vtid src/ctl/vtictl tests/contract/vtid-contract-tests tests/selftest/vtid-dataplane-selftest)
if [[ ${1:-} == --without-tests ]]; then
  programs=("${programs[@]:0:2}")
  shift
fi
(($# > 0)) || { sed -n '2,3s/^# //p' "$0"; exit 2; }
# all of the base system; libc++ is linked in, because that of the base has another ABI than the compiler's
libraries=(libc.so.7 libthr.so.3 libm.so.5)
declare -A newer=(
  [__libc_start1]="how a program for 14 is started; one that is built on 12 or 13 has another"
)

wrong=0
complain() { echo "$0: $*" >&2; wrong=1; }

for build; do
  for program in "${programs[@]}"; do
    file=$build/$program
    needed=$(readelf --dynamic --wide "$file" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
    symbols=$(readelf --dyn-syms --wide "$file" | awk '$7 == "UND" && $8 ~ /@/ { print $8 }')
    # what is not FBSD_1.0 to FBSD_1.5, so that a version with another name is seen too
    late=$(grep -vE '@FBSD_1\.[0-5]$' <<<"$symbols" || true)
    [[ -n $needed && -n $symbols ]] || complain "$file: readelf finds no libraries or no symbols"
    echo "$file:" $needed
    for library in $needed; do
      [[ " ${libraries[*]} " == *" $library "* ]] || complain "$file needs $library, which is not of the base system or not listed"
    done
    for symbol in $late; do
      reason=${newer[${symbol%%@*}]:-}
      echo "  $symbol: ${reason:-?}"
      [[ -n $reason ]] || complain "$file needs $symbol, newer than FreeBSD 12 and not listed"
    done
  done
done
exit "$wrong"
