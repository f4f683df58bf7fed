# lab.sh: two sites behind a router, in jails with networks of their own (jail(8), vnet), joined by epair(4). Sourced by `run`.
#
#   hqlan ----- hq ------------ wan ------------ branch ----- branchlan
#   10.1.0.10   192.0.2.1     (router)     198.51.100.1       10.2.0.10      tunnel: 10.6.106.1/30, .2 and fd00:6::1/64, ::2
#
# A jail is vtt_NAME; an end of a cable is vtt_HERE_THERE0. What is made is noted in $work/now/made before it is made, so that
# lab_down takes away all of it and nothing else, however a case ends. The jails share the host's files: what a site writes is in
# $work/now/SITE.
# shellcheck shell=sh disable=SC2154  # vtid, vtictl, charon, work and slow are set by run

prefix=vtt_
skip_status=77
psk=only-a-lab
charon_pid_file=/var/run/charon.pid

say() { printf '%s %s\n' "$(date +%H:%M:%S)" "$*"; }
fail() { # text
	printf 'FAIL: %s\n' "$*" >&2
	exit 1
}
skip() { # reason and remedy
	printf 'SKIP: %s\n' "$*" >&2
	exit "$skip_status"
}
must() { # command...: what has to succeed for a case to make sense
	"$@" || fail "exit status $?: $*"
}
are_equal() { # what, expected, found
	[ "$2" = "$3" ] || fail "$1: expected '$2', found '$3'"
	say "ok: $1: $3"
}

# The clock in ms: stat(1) shows the fraction of a file's time, date(1) has none.
now_ms() {
	echo >"$work/clock"
	stamp=$(stat -f %Fm "$work/clock")
	fraction=$(printf '%s' "${stamp#*.}000" | cut -c 1-3)
	echo "$((${stamp%.*} * 1000 + 1$fraction - 1000))"
}

within_ms() { # ms, what, command...: until it succeeds
	limit=$(($1 * slow)) goal=$2
	shift 2
	began_ms=$(now_ms)
	until "$@" >/dev/null 2>&1; do
		[ $(($(now_ms) - began_ms)) -le "$limit" ] || fail "not within $limit ms: $goal"
		sleep 0.05
	done
	say "ok: $goal, after $(($(now_ms) - began_ms)) ms"
}
expect() { # seconds, command...
	expect_seconds=$1
	shift
	within_ms "$((expect_seconds * 1000))" "$*" "$@"
}

# ---- the network -------------------------------------------------------------------------------------------------------

outer_of() { case $1 in hq) echo 192.0.2.1 ;; branch) echo 198.51.100.1 ;; esac; }
inner_of() { case $1 in hq) echo 10.6.106.1 ;; branch) echo 10.6.106.2 ;; esac; }
inner6_of() { case $1 in hq) echo fd00:6::1 ;; branch) echo fd00:6::2 ;; esac; }
lan_of() { case $1 in hq) echo 10.1.0 ;; branch) echo 10.2.0 ;; esac; }
lan6_of() { case $1 in hq) echo fd00:1: ;; branch) echo fd00:2: ;; esac; }
peer_of() { case $1 in hq) echo branch ;; branch) echo hq ;; esac; }

at() { # name, command...: in the jail, with no input
	at_name=$1
	shift
	jexec "$prefix$at_name" "$@" </dev/null
}

# The same parameters as vtid-contract-tests gives its jails.
make_jail() { # name
	: >"$work/now/made/jail.$prefix$1"
	must jail -c name="$prefix$1" path=/ host.hostname="$1" persist vnet allow.raw_sockets
	mkdir -p "$work/now/$1"
	must at "$1" ifconfig lo0 inet 127.0.0.1/8 up
	at "$1" sysctl net.inet6.ip6.dad_count=0 >/dev/null
	case $1 in *lan) ;; *) must at "$1" sysctl net.inet.ip.forwarding=1 net.inet6.ip6.forwarding=1 >/dev/null ;; esac
}

cable() { # name, interface, address, name, interface, address
	pair=$(ifconfig epair create) || fail "no epair(4) can be made: kldload if_epair"
	: >"$work/now/made/interface.$pair"
	must ifconfig "$pair" name "$prefix$2" >/dev/null
	mv "$work/now/made/interface.$pair" "$work/now/made/interface.$prefix$2.$prefix$1"
	must ifconfig "${pair%a}b" name "$prefix$5" >/dev/null
	: >"$work/now/made/interface.$prefix$5.$prefix$4"
	plug "$1" "$prefix$2" "$3"
	plug "$4" "$prefix$5" "$6"
}

# Without checksum offload: a packet that is to be encrypted on its way has to have its checksum.
plug() { # name, interface, address
	must ifconfig "$2" vnet "$prefix$1"
	at "$1" ifconfig "$2" -txcsum -rxcsum -txcsum6 -rxcsum6 2>/dev/null
	at "$1" ifconfig "$2" inet6 -ifdisabled 2>/dev/null
	must at "$1" ifconfig "$2" inet "$3" up
}

make_network() {
	for jail in wan hq branch hqlan branchlan; do make_jail "$jail"; done
	for site in hq branch; do
		lan=$(lan_of "$site") lan6=$(lan6_of "$site") outer=$(outer_of "$site")
		cable wan "wan_${site}0" "${outer%.*}.254/24" "$site" "${site}_wan0" "$outer/24"
		cable "$site" "${site}_lan0" "$lan.1/24" "${site}lan" "${site}lan0" "$lan.10/24"
		must at "$site" ifconfig "${prefix}${site}_lan0" inet6 "${lan6}:1/64"
		must at "${site}lan" ifconfig "${prefix}${site}lan0" inet6 "${lan6}:10/64"
		must at "$site" route -n add default "${outer%.*}.254" >/dev/null
		must at "${site}lan" route -n add default "$lan.1" >/dev/null
		must at "${site}lan" route -n add -inet6 default "${lan6}:1" >/dev/null
		must at "$site" sysctl net.key.preferred_oldsa=0 >/dev/null
	done
}

# What the jail's own kill(1) can reach is in the jail.
note_process() { echo "$2" >>"$work/now/made/jail.$prefix$1"; } # name, pid

# Addresses and tunnels go before their jail: FreeBSD 15.1 panics otherwise (nd6_timer, docs/freebsd.md).
strip_jail() { # jail
	while read -r pid; do jexec "$1" /bin/kill -9 "$pid" </dev/null 2>/dev/null; done <"$2"
	for device in $(jexec "$1" ifconfig -l 2>/dev/null); do
		for address in $(jexec "$1" ifconfig "$device" inet6 2>/dev/null | sed -n 's/^[[:space:]]*inet6 \([^ ]*\) .*/\1/p'); do
			[ "$device" = lo0 ] || jexec "$1" ifconfig "$device" inet6 "$address" delete 2>/dev/null
		done
		case $device in ipsec[0-9]*) jexec "$1" ifconfig "$device" destroy ;; esac
	done
}

is_here() { ifconfig "$1" >/dev/null 2>&1; }
destroy_interface() { # interface: the other end goes with it
	tries=0
	until is_here "$1" && ifconfig "$1" destroy 2>/dev/null; do
		tries=$((tries + 1))
		[ "$tries" -lt 50 ] || return 0
		# with the first end of a cable the second is gone
		if [ "$tries" -gt 1 ] && ! is_here "$1"; then return 0; fi
		sleep 0.1
	done
}

lab_down() {
	[ -d "$work/now/made" ] || return 0
	if [ -e "$work/now/made/host" ]; then
		kill "$(cat "$work/now/made/host")" 2>/dev/null
		rm "$work/now/made/host"
	fi
	for note in "$work/now/made"/jail.*; do
		[ -e "$note" ] || continue
		if jls -j "${note##*/jail.}" >/dev/null 2>&1; then strip_jail "${note##*/jail.}" "$note"; fi
	done
	for note in "$work/now/made"/interface.*; do
		[ -e "$note" ] || continue
		rest=${note##*/interface.}
		case $rest in *.*) ifconfig "${rest%%.*}" -vnet "${rest#*.}" 2>/dev/null ;; esac
	done
	for note in "$work/now/made"/interface.*; do
		[ -e "$note" ] || continue
		rest=${note##*/interface.}
		destroy_interface "${rest%%.*}"
		rm -f "$note"
	done
	for note in "$work/now/made"/jail.*; do
		[ -e "$note" ] || continue
		if jls -j "${note##*/jail.}" >/dev/null 2>&1; then jail -r "${note##*/jail.}" >/dev/null; fi
		await_end_of_jail "${note##*/jail.}"
		rm -f "$note"
	done
}
# A jail that was removed is "dying" until the last of it is gone; the next case's has the same name.
await_end_of_jail() { # jail
	tries=0
	while jls -d name | grep -qx "$1" && [ "$tries" -lt 100 ]; do
		tries=$((tries + 1))
		sleep 0.1
	done
}

list_leftovers() {
	jls name 2>/dev/null | sed -n "/^$prefix/s/^/jail /p"
	for device in $(ifconfig -l); do
		case $device in "$prefix"*) echo "interface $device" ;; esac
	done
}

# A jail that was interrupted still holds its interfaces; they come back to the host when they are fetched.
clean_leftovers() {
	for jail in $(jls name | grep "^$prefix"); do
		strip_jail "$jail" /dev/null
		for device in $(jexec "$jail" ifconfig -l); do
			case $device in "$prefix"*) ifconfig "$device" -vnet "$jail" ;; esac
		done
		echo "removed $(jail -r "$jail" 2>&1)"
	done
	for device in $(ifconfig -l); do
		case $device in "$prefix"*) is_here "$device" && ifconfig "$device" destroy && echo "removed $device" ;; esac
	done
}

# ---- charon ------------------------------------------------------------------------------------------------------------

# charon's pid file has a fixed name, and processes of another jail look dead to it: it writes its own over the host's.
keep_charon_pid() { if [ -e "$charon_pid_file" ]; then cp -p "$charon_pid_file" "$work/charon.pid"; fi; }
give_back_charon_pid() {
	if [ -e "$work/charon.pid" ]; then cp -p "$work/charon.pid" "$charon_pid_file"; fi
	if [ ! -e "$work/charon.pid" ] && [ -e "$work/charon.used" ]; then rm -f "$charon_pid_file"; fi
}

charon_words() {
	if [ -x "$charon" ]; then "$charon" --version 2>&1 | head -n 1; else echo "no charon at $charon"; fi
}

need_charon() {
	[ -x "$charon" ] || skip "no charon at $charon: pkg install strongswan, or --charon PATH"
}
need_pf() {
	[ -c /dev/pf ] || skip "no /dev/pf: kldload pf"
	sysctl -n net.enc.in.ipsec_filter_mask >/dev/null 2>&1 || skip "no enc(4): kldload if_enc"
}

start_charon() { # site
	folder=$work/now/$1
	cat >"$folder/strongswan.conf" <<CONF
charon {
  load = random nonce openssl aes sha1 sha2 hmac kdf gcm curve25519 x509 pubkey pem pkcs1 pkcs8 constraints kernel-pfkey kernel-pfroute socket-default vici
  install_routes = no
  interfaces_use = ${prefix}${1}_wan0
  delete_rekeyed_delay = 1
  retransmit_tries = 3
  retransmit_timeout = 1.0
  retransmit_base = 1.4
  filelog { log { path = $folder/charon.log
                  append = yes
                  flush_line = yes
                  default = 1 } }
  plugins { vici { socket = unix://$folder/charon.vici } }
}
CONF
	rm -f "$folder/charon.vici"
	: >"$work/charon.used"
	STRONGSWAN_CONF=$folder/strongswan.conf jexec "$prefix$1" "$charon" </dev/null >>"$folder/charon.out" 2>&1 &
	echo "$!" >"$folder/charon.pid"
	note_process "$1" "$!"
	within_ms 30000 "charon at $1 answers" test -S "$folder/charon.vici"
}
kill_hard() { # site, charon or vtid
	killed=$(cat "$work/now/$1/$2.pid")
	must at "$1" /bin/kill -9 "$killed"
	wait "$killed" 2>/dev/null
	say "killed $2 at $1"
}

# ---- vtid --------------------------------------------------------------------------------------------------------------

write_secret() { # site
	mkdir -p "$work/now/$1/etc"
	chmod 755 "$work/now/$1/etc"
	(umask 077 && printf '%s\n' "$psk" >"$work/now/$1/etc/peer.psk")
}

phase1() { # site, suffix of the identities, more members
	printf '"local": { "address": "%s", "id": "%s" }, "remote": { "address": "%s", "id": "%s" }, ' \
		"$(outer_of "$1")" "$1$2" "$(outer_of "$(peer_of "$1")")" "$(peer_of "$1")$2"
	printf '"auth": { "psk": { "file": "peer.psk" } }, "proposals": ["aes128gcm16-prfsha256-x25519"], "dpd": "2s"%s' "$3"
}

# One tunnel named after the peer, of both families, and the peer's networks behind it.
write_config() { # site, "start", more members of "ike", more tunnels
	write_secret "$1"
	remote=$(peer_of "$1")
	cat >"$work/now/$1/etc/vtid.json" <<JSON
{
  "charon": { "vici": "unix://$work/now/$1/charon.vici" },
  "tunnels": {
    "$remote": {
      "unit": 1, "start": "$2",
      "ike": { $(phase1 "$1" "" "${3:-}") },
      "children": {
        "v4": { "local": "$(inner_of "$1")/30", "remote": "$(inner_of "$remote")", "proposals": ["aes128gcm16-x25519"] },
        "v6": { "local": "$(inner6_of "$1")/64", "remote": "$(inner6_of "$remote")" }
      }
    }${4:+, $4}
  },
  "interfaces": { "VTI": { "tunnel": "$remote" } },
  "routes": [
    { "to": "$(lan_of "$remote").0/24", "via": "VTI_VTIV4" },
    { "to": "$(lan6_of "$remote"):/64", "via": "VTI_VTIV6" }
  ]
}
JSON
}

vtid_arguments() { # site
	echo --config "$work/now/$1/etc/vtid.json" --socket "$work/now/$1/vtid/vtid.sock" --state "$work/now/$1/state"
}
start_vtid() { # site
	# shellcheck disable=SC2046  # words, none of which has a space
	STRONGSWAN_CONF=$work/now/$1/strongswan.conf jexec "$prefix$1" "$vtid" $(vtid_arguments "$1") \
		</dev/null >>"$work/now/$1/vtid.log" 2>&1 &
	echo "$!" >"$work/now/$1/vtid.pid"
	note_process "$1" "$!"
	within_ms 60000 "vtid at $1 answers" vtictl_at "$1" status
}
# shellcheck disable=SC2046
planned_at() { at "$1" "$vtid" $(vtid_arguments "$1") --plan; } # site: what a start would change

vtictl_at() { # site, arguments...
	vtictl_site=$1
	shift
	at "$vtictl_site" "$vtictl" --socket "$work/now/$vtictl_site/vtid/vtid.sock" "$@"
}
shown() { vtictl_at "$1" show tunnels "$2" | sed -n "s/^$3: //p" | head -n 1; } # site, tunnel, member
tunnel_is() { [ "$(shown "$1" "$2" state)" = "$3" ]; }                          # site, tunnel, state
plan_is_empty() { vtictl_at "$1" plan --expect-empty; }                         # site

start_sites() { # with the files that there are, else the usual ones
	for site in hq branch; do start_charon "$site"; done
	for site in hq branch; do
		case $site in hq) start=none ;; *) start=start ;; esac
		[ -e "$work/now/$site/etc/vtid.json" ] || write_config "$site" "$start"
		start_vtid "$site"
	done
}
sites_are_up() {
	expect 40 tunnel_is branch hq up
	expect 20 tunnel_is hq branch up
	expect 20 answers hq "$(inner_of branch)"
	for site in hq branch; do expect 20 plan_is_empty "$site"; done
}

# ---- what the kernel says ----------------------------------------------------------------------------------------------

device_at() { at "$1" ifconfig ipsec1; } # site
# ifconfig(8) shows no index: it is the fifth column of the Link line, as <Link#N>.
index_at() { at "$1" netstat -I ipsec1 -n -W | sed -n 's/.*<Link#\([0-9]*\)>.*/\1/p' | head -n 1; } # site
policies_at() { at "$1" setkey -DP | sed -n 's/.*spid=\([0-9]*\).*/\1/p' | sort | xargs; }         # site: ids of the SPs
# setkey(8): "	esp mode=tunnel spi=3405691582(0xcafebabe) reqid=5001(0x00001389)"
spis_at() { at "$1" setkey -D | sed -n 's/.*spi=\([0-9]*\).* reqid=5001(.*/\1/p' | sort | xargs; } # site
has_line() { printf '%s\n' "$1" | grep -Eq -e "$2"; }                                              # text, regular expression

# ---- traffic -----------------------------------------------------------------------------------------------------------

answers() { # name, address: one echo request within a second
	case $2 in
	*:*) if command -v ping6 >/dev/null; then echo_program=ping6; else echo_program="ping -6"; fi ;;
	*) echo_program=ping ;;
	esac
	# shellcheck disable=SC2086
	at "$1" timeout "$slow" $echo_program -n -c 1 "$2" >/dev/null 2>&1
}

ping_start() { # name, address: every 10 ms until ping_stop
	ping_log=$work/now/ping.log
	jexec "$prefix$1" ping -n -i 0.01 "$2" </dev/null >"$ping_log" 2>&1 &
	ping_pid=$! ping_name=$1
	note_process "$1" "$!"
	sleep 1
}
# A gap in the numbers that were answered is a loss; so is what was sent after the last answer, but for what is on its way.
ping_stop() { # sets ping_answered, ping_lost
	sleep 1
	must at "$ping_name" /bin/kill -INT "$ping_pid"
	wait "$ping_pid"
	sent=$(sed -n 's/^\([0-9]*\) packets transmitted.*/\1/p' "$ping_log")
	counts=$(sed -n 's/.*icmp_seq=\([0-9]*\) .*/\1/p' "$ping_log" |
		awk -v sent="${sent:-0}" -v way="$((20 * slow))" '!seen[$1]++ { n++ } $1 > last { last = $1 }
			END { late = sent - 1 - last; print n + 0, last + 1 - n + (late > way ? late : 0) }')
	ping_answered=${counts% *} ping_lost=${counts#* }
	say "ping: $ping_answered answered, $ping_lost lost"
	[ "$ping_answered" -gt 0 ] || fail "no echo request was answered: $(tail -n 3 "$ping_log")"
}

# ---- after a failure ---------------------------------------------------------------------------------------------------

explain() {
	for site in hq branch; do
		[ -d "$work/now/$site" ] || continue
		echo "---- $site: vtid" && tail -n 40 "$work/now/$site/vtid.log"
		echo "---- $site: charon" && tail -n 30 "$work/now/$site/charon.log"
		echo "---- $site: status" && vtictl_at "$site" status
		echo "---- $site: plan" && vtictl_at "$site" plan
		echo "---- $site: interfaces" && at "$site" ifconfig -a
		echo "---- $site: routes" && at "$site" netstat -rn
		echo "---- $site: policies" && at "$site" setkey -DP
		echo "---- $site: SAs" && at "$site" setkey -D | grep -v '^	[EA]: '
		[ ! -e "$work/now/$site/pf.conf" ] || for what in rules nat states info; do
			echo "---- $site: pf, $what" && at "$site" pfctl -s "$what"
			echo "---- $site: pf, $what of the anchor" && at "$site" pfctl -a vtid -v -s "$what"
		done
	done
}
