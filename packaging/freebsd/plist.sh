#!/bin/bash
# plist.sh BUILD: whether the port's pkg-plist holds what a build for FreeBSD installs, and nothing else. Prints the difference.
set -euo pipefail
(($# == 1)) || { sed -n '2s/^# //p' "$0"; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

DESTDIR=$stage cmake --install "$1" --prefix /usr/local >/dev/null
# What ports do with it: manuals are compressed, newsyslog's file becomes a sample, and USE_RC_SUBR lists its own script.
(cd "$stage/usr/local" && find . -type f -printf '%P\n') | sed -E \
  -e '/^etc\/rc\.d\/vtid$/d' \
  -e 's#^(share/)?man/(.*)#share/man/\2.gz#' \
  -e 's#^etc/newsyslog\.conf\.d/.*#@sample &.sample#' \
  -e 's#^share/vtid/#%%DATADIR%%/#' \
  -e 's#^share/doc/vtid/#%%DOCSDIR%%/#' | LC_ALL=C sort >"$stage/installed"
grep -v '^@dir' "$here/port/pkg-plist" | LC_ALL=C sort | diff - "$stage/installed" ||
  { echo "plist.sh: < is in packaging/freebsd/port/pkg-plist, > is installed" >&2; exit 1; }
