#!/bin/bash
# Files that are not as they should be: a configuration that is a FIFO or that others may write, a plan that asks for files
# elsewhere, a damaged state, a full disk. The tunnel carries all the while, and everything heals.
. "$(dirname "$0")/lib.sh"

mkdir -p /run/branch/state
mount -t tmpfs -o size=256k,mode=0750 state /run/branch/state
start_sites
expect 5 converged branch
config=/run/branch/etc/vtid.json
state=/run/branch/state
assert_eq "mode of a state folder that was there" 750 "$(stat -c %a "$state")"
ping_start branch "${inner[hq]}"

mv "$config" "$config.away"
mkfifo "$config"
says 1 'is not a regular file' branch reload
rm "$config"; ln -s /dev/tty "$config"
says 1 'is not a regular file' branch reload
rm "$config"; mv "$config.away" "$config"
chmod 666 "$config"
says 1 'can be written by others.*' branch reload
expect 1 problem_says branch "chmod go-w $config"
chmod 644 "$config"; chmod 777 "${config%/*}"
says 1 "chmod go-w ${config%/*}" branch reload
chmod 755 "${config%/*}"
says 0 accepted branch reload
assert_eq "problems after the reload" 0 "$(status_of branch '[.problems[] | select(.object == "config" or .object == "state")] | length')"

# A draft elsewhere finds the running secret; what lies elsewhere is neither there nor not there.
cp "$config" /run/draft.json
says 0 nothing branch plan /run/draft.json
refusal() { sed "s#peer.psk#$1#" "$config" >/run/draft.json; vtictl_at branch plan /run/draft.json 2>&1 | sed "s#$1#NAME#"; } # name
there=$(refusal /etc/shadow || true)
assert_match "a plan with a file elsewhere" 'only files below /run/branch/etc are read' "$there"
ln -s /etc/shadow "${config%/*}/link"
for name in /etc/not-there ../../../etc/shadow ../../not-there link; do
  assert_eq "a plan with $name" "$there" "$(refusal "$name" || true)"
done
rm "${config%/*}/link"

# One byte of the state is another.
expect 5 test -s "$state/charon.json"
for file in charon.json units.json; do
  kill_vtid branch
  printf '\0' | dd of="$state/$file" bs=1 seek=5 conv=notrunc status=none
  start_vtid branch
  expect 10 tunnel_is branch hq up
  expect 5 converged branch
  assert_eq "$file is set aside" yes "$([[ -e $state/$file.damaged ]] && echo yes)"
done

# Nothing can be written, and then it can.
head -c 1M /dev/zero >"$state/fill" 2>/dev/null || true
says 1 'a restart will not know.*No space left' branch role active
expect 1 problem_says branch 'state: cannot write .*role.json.new: No space left on device'
sed -i 's/"tunnels": {/"tunnels": { "more": { "enabled": false, "ike": { "remote": { "address": "203.0.113.7" }, "auth": { "psk": { "file": "peer.psk" } } }, "children": { "v4": { "local": "10.8.0.1\/30", "remote": "10.8.0.2" } } },/' "$config"
says 1 'No space left' branch reload
rm "$state/fill"
expect 30 eval '[[ $(status_of branch ".tunnels | length") == 2 ]]'
expect 5 eval '[[ $(status_of branch "[.problems[] | select(.object == \"config\" or .object == \"state\")] | length") == 0 ]]'
expect 30 test -s "$state/role.json"

ping_stop
assert_eq "lost of $ping_answered" 0 "$ping_lost"
