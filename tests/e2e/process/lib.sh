# lib.sh: one vtid on a kernel in memory, outside of the lab, for what is true of the process alone. As root.
# VTID_BUILD is the build directory.
set -euo pipefail
: "${VTID_BUILD:?the build directory}"
process=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
vtid=$VTID_BUILD/src/daemon/vtid
folder=$(mktemp -d)
pids=()
finish() {
  local pid
  for pid in "${pids[@]}"; do kill -KILL "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true; done
  rm -rf "$folder"
}
trap finish EXIT

fail() {
  echo "FAIL: $*"
  [[ ! -s $folder/log ]] || tail -n 5 "$folder/log"
  exit 1
}
vtictl() { "$VTID_BUILD/src/ctl/vtictl" --socket "$folder/vtid.sock" "$@"; }
arguments=(--config "$folder/vtid.json" --socket "$folder/vtid.sock" --state "$folder/state" --kernel memory)

within=() # a command that runs vtid somewhere else

start() { # its log goes to $folder/log
  "${within[@]}" "$vtid" "${arguments[@]}" 2>"$folder/log" & pid=$!
  pids+=("$pid")
}
ready() { vtictl status >/dev/null 2>&1; }
await() { # command...: until it succeeds, for 30 s
  local i
  for ((i = 0; i < 300; i++)); do "$@" && return; sleep 0.1; done
  fail "not within 30 s: $*"
}
lives() { kill -0 "$pid" 2>/dev/null && ready || fail "${1:-vtid} does not answer any more"; }
ended() { ! kill -0 "$pid" 2>/dev/null; }
ends_well() { # with status 0, soon
  local i status=0
  for ((i = 0; i < 100; i++)); do ended && break; sleep 0.1; done
  ended || fail "still there 10 s later: $*"
  wait "$pid" || status=$?
  ((status == 0)) || fail "ended with status $status: $*"
}
# Until main has begun: before that a signal meets the shell or the loader.
in_main() { [[ $(readlink "/proc/$pid/exe") == "$(readlink -f "$vtid")" ]] && ! grep -q '^SigBlk:[[:space:]]*0*$' "/proc/$pid/status"; }

small_file() { # more top-level members
  printf '{ "charon": { "vici": "unix://%s/charon.vici" }, "tunnels": {}%s }\n' "$folder" "${1:-}" >"$folder/vtid.json"
}
