# cases.sh: what is tried. A case is a function case_NAME (with _ for -) below a line "case NAME: what it shows"; it runs in a
# process of its own and ends by `fail`, by `skip`, or well. Sourced by `run` after lab.sh.
# shellcheck shell=sh disable=SC2154

# ---- vtid's own programs -----------------------------------------------------------------------------------------------

# case contract: the kernel does what vtid expects of it, call by call
case_contract() {
	[ -n "$contract_tests" ] || skip "vtid-contract-tests is not beside vtid: --vtid DIR with a build folder"
	run_on_host "$contract_tests" --kernel native
}

# case selftest: pings pass by tunnels that vtid's code makes with static SAs, of both families
case_selftest() {
	[ -n "$selftest" ] || skip "vtid-dataplane-selftest is not beside vtid: --vtid DIR with a build folder"
	run_on_host "$selftest"
}

# These make jails of their own, and end them.
run_on_host() { # command...
	"$@" &
	echo "$!" >"$work/now/made/host"
	wait "$!" || fail "exit status $?: $*"
	rm "$work/now/made/host"
}

# ---- the tunnel --------------------------------------------------------------------------------------------------------

# case first-tunnel: from two files to pings between the networks behind, in both families, as ESP on the way
case_first_tunnel() {
	need_charon
	make_network
	start_sites
	sites_are_up
	for site in hq branch; do
		peer=$(peer_of "$site")
		expect 10 answers "$site" "$(inner_of "$peer")"
		expect 10 answers "$site" "$(inner6_of "$peer")"
		expect 10 answers "${site}lan" "$(lan_of "$peer").10"
		expect 10 answers "${site}lan" "$(lan6_of "$peer"):10"
		are_equal "device and reqid at $site" "ipsec1 5001" "$(shown "$site" "$peer" device) $(shown "$site" "$peer" reqid)"
		has_line "$(device_at "$site")" "groups:.* vtid" || fail "ipsec1 at $site is not in the group vtid"
		are_equal "global policies at $site" 0 "$(at "$site" setkey -DPg | grep -c 'spid=')"
	done
	at wan timeout "$((20 * slow))" tcpdump -c 6 -nni "${prefix}wan_hq0" ip and not udp >"$work/now/seen" 2>/dev/null &
	note_process wan "$!"
	seen=$!
	sleep 2
	for _ in 1 2 3 4 5 6; do answers hqlan 10.2.0.10; done
	wait "$seen"
	are_equal "packets on the way" "6 ESP" "$(grep -o -e 'ESP(' -e 'ICMP' "$work/now/seen" | tr -d '(' | sort | uniq -c | xargs)"
}

# case adoption: vtid is killed under a ping and started again: nothing lost, nothing written, nothing to do
case_adoption() {
	need_charon
	make_network
	start_sites
	sites_are_up
	before="$(index_at branch) $(policies_at branch)"
	spis=$(spis_at branch)
	ping_start branch "$(inner_of hq)"
	jexec "${prefix}branch" route -n monitor </dev/null >"$work/now/told" 2>&1 &
	note_process branch "$!"
	kill_hard branch vtid
	are_equal "what a start would change" "" "$(planned_at branch | grep -vE '^(warning|caveat) ')"
	start_vtid branch
	expect 20 tunnel_is branch hq up
	expect 20 plan_is_empty branch
	ping_stop
	are_equal "lost" 0 "$ping_lost"
	are_equal "index and policies of ipsec1" "$before" "$(index_at branch) $(policies_at branch)"
	are_equal "SPIs" "$spis" "$(spis_at branch)"
	are_equal "told of links, addresses and routes" 0 "$(told)"
	must at branch route -n add -host 127.77.0.1 127.0.0.1 >/dev/null
	sleep 1
	[ "$(told)" -gt 0 ] || say "route monitor tells nothing here: whether the restart wrote was seen by index and policies alone"
}
# What route(8) told of, by the words of its two ways to listen: messages of PF_ROUTE, and netlink's from FreeBSD 14 on.
told() {
	grep -cE 'RTM_(ADD|DELETE|CHANGE|NEWADDR|DELADDR|IFINFO|IFANNOUNCE)|(add|delete|del|repl)[^ ]* +(route|iface|link|addr)' "$work/now/told"
}

# ---- drift -------------------------------------------------------------------------------------------------------------

is_so() { # pattern, command...: its output has such a line
	pattern=$1
	shift
	has_line "$("$@" 2>/dev/null)" "$pattern"
}
# Of the kernel's choice for a destination: "interface: ipsec1".
goes_by_tunnel() { is_so '^ *interface: ipsec1$' at branch route -n get "$@"; } # address

mended() { # what, pattern of ifconfig(8)'s lines
	within_ms 1000 "$1 is back" is_so "$2" device_at branch
}

# case drift: what is changed by hand is mended within a second: link, addresses, routes, MTU, outer addresses, reqid, interface
case_drift() {
	need_charon
	make_network
	start_sites
	sites_are_up
	mtu=$(shown branch hq mtu)
	outer="tunnel inet 198.51.100.1 --> 192.0.2.1"

	must at branch ifconfig ipsec1 down
	mended "the link that was set down" '<UP,'
	must at branch ifconfig ipsec1 inet 10.6.106.2 delete
	mended "the IPv4 address" 'inet 10\.6\.106\.2 --> 10\.6\.106\.1 '
	within_ms 1000 "the IPv4 route" goes_by_tunnel 10.1.0.10
	must at branch ifconfig ipsec1 inet6 fd00:6::2 delete
	mended "the IPv6 address" 'inet6 fd00:6::2 '
	within_ms 1000 "the IPv6 route" goes_by_tunnel -inet6 fd00:1::10
	must at branch route -n delete -net 10.1.0.0/24
	within_ms 1000 "the IPv4 route that was deleted" goes_by_tunnel 10.1.0.10
	must at branch route -n delete -inet6 -net fd00:1::/64
	within_ms 1000 "the IPv6 route that was deleted" goes_by_tunnel -inet6 fd00:1::10
	must at branch ifconfig ipsec1 mtu 1300
	mended "the MTU" " mtu $mtu( |\$)"
	must at branch ifconfig ipsec1 deletetunnel
	mended "the pair of outer addresses" "$outer"
	must at branch ifconfig ipsec1 reqid 5099
	mended "the reqid" 'reqid: 5001$'
	expect 10 plan_is_empty branch
	expect 10 answers branchlan 10.1.0.10

	index=$(index_at branch)
	must at branch ifconfig ipsec1 destroy
	mended "the interface that was destroyed" "$outer"
	within_ms 1000 "its IPv4 route" goes_by_tunnel 10.1.0.10
	say "index $index before, $(index_at branch) now"
	expect 10 plan_is_empty branch
	expect 10 answers branchlan 10.1.0.10
	expect 10 answers branchlan fd00:1::10
}

# case slow-drift: what the kernel tells nobody about is found by the look once a minute: description, pf's anchor, switches, the mark
case_slow_drift() {
	need_charon
	need_pf
	start_filtered_sites enc
	described=$(at hq ifconfig ipsec1 | sed -n 's/.*description: //p')
	[ -n "$described" ] || fail "ipsec1 has no description"
	must at hq ifconfig ipsec1 description "of somebody else"
	must at hq pfctl -q -a vtid -F rules
	must at hq sysctl net.enc.in.ipsec_filter_mask=1 >/dev/null
	# within a minute, and with the time that the look itself takes
	expect 75 is_so "description: $described\$" at hq ifconfig ipsec1
	expect 15 is_so 'pass out quick on vtid' at hq pfctl -a vtid -s rules
	expect 15 is_so '^2$' at hq sysctl -n net.enc.in.ipsec_filter_mask
	expect 15 plan_is_empty hq
	# The group is the mark of what is vtid's: without it the interface is another's, which vtid says and leaves alone.
	must at hq ifconfig ipsec2 -group vtid
	expect 75 is_so 'ipsec2 exists that vtid did not make' vtictl_at hq status
	must at hq ifconfig ipsec2 group vtid
	expect 75 plan_is_empty hq
	expect 15 answers branch 10.7.2.1
}

write_static_config() { # site: no IKE
	write_secret "$1"
	peer=$(peer_of "$1")
	case $1 in
	hq) spi_in=0x1001 spi_out=0x1002 key_in=a key_out=b ;;
	*) spi_in=0x1002 spi_out=0x1001 key_in=b key_out=a ;;
	esac
	# of aes128gcm16, with its salt: 20 bytes
	(umask 077 && echo 000102030405060708090a0b0c0d0e0f10111213 >"$work/now/$1/etc/a" &&
		echo f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff0a0b0c0d >"$work/now/$1/etc/b")
	cat >"$work/now/$1/etc/vtid.json" <<JSON
{
  "charon": { "vici": "unix://$work/now/$1/charon.vici" },
  "tunnels": {
    "$peer": {
      "unit": 1,
      "outer": { "local": "$(outer_of "$1")", "remote": "$(outer_of "$peer")" },
      "keys": { "in": { "spi": "$spi_in", "algorithm": "aes128gcm16", "key": { "file": "$key_in" } },
                "out": { "spi": "$spi_out", "algorithm": "aes128gcm16", "key": { "file": "$key_out" } } },
      "children": { "v4": { "local": "$(inner_of "$1")/30", "remote": "$(inner_of "$peer")" } }
    }
  }
}
JSON
}

# case static: a tunnel without charon; its SAs are back within a second after they were flushed
case_static() {
	make_network
	for site in hq branch; do
		write_static_config "$site"
		start_vtid "$site"
	done
	expect 20 answers branch "$(inner_of hq)"
	must at branch setkey -F
	within_ms 1000 "both SAs are back" is_so '^4097 4098$' spis_at branch
	expect 5 answers branch "$(inner_of hq)"
	must at branch ifconfig ipsec1 deletetunnel
	mended "the pair of outer addresses" "tunnel inet 198.51.100.1 --> 192.0.2.1"
	expect 5 answers branch "$(inner_of hq)"
	expect 5 plan_is_empty branch
}

# ---- the filter --------------------------------------------------------------------------------------------------------

# pf's main ruleset of the jail; the host's /etc/pf.conf is another's. -N and -R: translations and rules, without the table of
# fingerprints (/etc/pf.os).
load_pf() { # site
	cat >"$work/now/$1/pf.conf" <<'PF'
nat-anchor "vtid"
rdr-anchor "vtid"
binat-anchor "vtid"
anchor "vtid"
pass
PF
	must at "$1" pfctl -q -N -R -f "$work/now/$1/pf.conf"
	must at "$1" pfctl -q -e
}

spare_tunnel() { # the branch's half of enc.json's second tunnel
	printf '"spare": { "unit": 2, "ike": { %s }, "children": { "v4": { "local": "10.7.2.2/30", "remote": "10.7.2.1", "proposals": ["aes128gcm16-x25519"] } } }' \
		"$(phase1 branch -spare "")"
}
policy_tunnel() { # the branch's half of tunnel.json's
	printf '"policy": { "ike": { %s }, "children": { "lan": { "mode": "tunnel", "local": "10.2.1.0/24", "remote": "10.1.1.0/24", "proposals": ["aes128gcm16-x25519"] } } }' \
		"$(phase1 branch -policy "")"
}

# Where the networks of the tunnel-mode child are: a host sends from its address in its router's network.
add_policy_networks() {
	must at hq ifconfig "${prefix}hq_lan0" inet 10.1.1.1/24 alias
	must at hqlan ifconfig "${prefix}hqlan0" inet 10.1.1.10/24 alias
	must at hqlan route -n add -net 10.2.1.0/24 10.1.1.1 >/dev/null
	must at branch ifconfig "${prefix}branch_lan0" inet 10.2.1.1/24 alias
	must at branchlan ifconfig "${prefix}branchlan0" inet 10.2.1.10/24 alias
	must at branchlan route -n add -net 10.1.1.0/24 10.2.1.1 >/dev/null
}

start_filtered_sites() { # enc, if_ipsec or tunnel: hq's file
	make_network
	case $1 in
	tunnel) second=policy && add_policy_networks ;;
	*) second=spare ;;
	esac
	must at branch ifconfig "${prefix}branch_lan0" inet 10.99.0.1/24 alias
	must at branchlan ifconfig "${prefix}branchlan0" inet 10.99.0.10/24 alias
	load_pf hq
	write_secret hq
	sed "s#/CHARON#$work/now/hq/charon.vici#" "$here/$1.json" >"$work/now/hq/etc/vtid.json"
	write_config branch start "" "$("${second}_tunnel")"
	start_sites
	expect 40 tunnel_is branch hq up
	expect 40 tunnel_is branch "$second" up
	expect 20 plan_is_empty hq
	mode=$(sed -n 's/.*"mode": "\([a-z_]*\)" },*$/\1/p' "$here/$1.json" | head -n 1)
	is_so "^filter: *$mode\$" vtictl_at hq status || fail "the filter is not $mode: $(vtictl_at hq status)"
	expect 20 answers branch "$(inner_of hq)"
}

flows_of() { sed -n "s/^$1  *//p" "$here/flows"; } # rows: their other columns

holder_of() { # address: the jail that has it
	case $1 in
	10.1.0.10 | 10.1.1.10 | fd00:1::10) echo hqlan ;;
	10.2.0.10 | 10.2.1.10 | fd00:2::10 | 10.99.0.10) echo branchlan ;;
	10.6.106.1 | fd00:6::1 | 10.7.2.1) echo hq ;;
	*) echo branch ;;
	esac
}

listen_for_flows() { # rows: a server at each address and port of the table
	flows_of "$1" | awk '$3 != "echo" { print $2, $3 }' | sort -u >"$work/now/servers"
	while read -r address port; do
		jexec "$prefix$(holder_of "$address")" nc -n -l -k "$address" "$port" </dev/null >/dev/null 2>>"$work/now/nc.log" &
		note_process "$(holder_of "$address")" "$!"
	done <"$work/now/servers"
	while read -r address port; do
		within_ms 10000 "a server at $address port $port" is_so "[.]$port .*LISTEN" at "$(holder_of "$address")" netstat -an -p tcp
	done <"$work/now/servers"
}

# "passed" when the server answers, "rejected" when hq resets the connection, "blocked" when nothing comes.
fate_of() { # from, to, port, seconds
	if [ "$3" = echo ]; then
		fate_tries=0
		until answers "$1" "$2"; do
			fate_tries=$((fate_tries + 1))
			[ "$fate_tries" -lt "$4" ] || { echo blocked && return; }
		done
		echo passed && return
	fi
	# timeout: the nc of older releases heeds -w only once it is connected
	if fate=$(at "$1" timeout "$(($4 * slow))" nc -n -v -z "$2" "$3" 2>&1); then echo passed && return; fi
	case $fate in *refused*) echo rejected ;; *) echo blocked ;; esac
}

try_flows() { # rows, which way
	flows_of "$1" >"$work/now/flows"
	wrong=0
	while read -r from to port verdict what; do
		case $verdict in blocked) patience=2 ;; *) patience=5 ;; esac
		found=$(fate_of "$from" "$to" "$port" "$patience")
		if [ "$found" = "$verdict" ]; then
			say "ok: $2: $what ($from to $to port $port): $found"
		else
			printf 'wrong: %s: %s (%s to %s port %s): expected %s, found %s\n' "$2" "$what" "$from" "$to" "$port" "$verdict" "$found"
			wrong=$((wrong + 1))
		fi
	done <"$work/now/flows"
	[ "$wrong" = 0 ] || fail "$wrong flows of $1 ended otherwise: $(sed -n 's/^wrong: //p' "$work/$name.log" | head -n 1)"
}

# A host that may send ICMP redirects takes forwarded packets its slow way (docs/freebsd.md, "The filter").
case_flows() { # rows
	need_charon
	need_pf
	start_filtered_sites "$1"
	listen_for_flows "$1"
	must at hq sysctl net.inet.ip.redirect=1 >/dev/null
	try_flows "$1" "with redirects"
	must at hq pfctl -q -F states
	must at hq sysctl net.inet.ip.redirect=0 net.inet6.ip6.redirect=0 >/dev/null
	try_flows "$1" "without redirects"
	expect 5 plan_is_empty hq
}

# case filter-enc: what passes, is blocked, is rejected and is routed by policy in mode enc (the table `flows`)
case_filter_enc() { case_flows enc; }

# case filter-if-ipsec: the same in mode if_ipsec
case_filter_if_ipsec() { case_flows if_ipsec; }

# case filter-tunnel: the same in mode enc where a child of mode "tunnel", with charon's policies, stands beside a VTI
case_filter_tunnel() { case_flows tunnel; }

# ---- what ends and moves -----------------------------------------------------------------------------------------------

has_other_spis() { now=$(spis_at "$1") && [ -n "$now" ] && [ "$now" != "$2" ]; } # site, SPIs

# case rekey: six rekeys, by either side, under a ping every 10 ms: nothing lost, nothing written
case_rekey() {
	need_charon
	make_network
	start_sites
	sites_are_up
	before="$(index_at hq) $(policies_at hq) $(index_at branch) $(policies_at branch)"
	ping_start hq "$(inner_of branch)"
	for round in 1 2 3; do
		for site in hq branch; do
			spis=$(spis_at "$site")
			must vtictl_at "$site" rekey "$(peer_of "$site")" >/dev/null
			within_ms 20000 "$site rekeyed, round $round" has_other_spis "$site" "$spis"
		done
	done
	sleep 2 # the old SAs go
	ping_stop
	are_equal "lost" 0 "$ping_lost"
	are_equal "indexes and policies" "$before" "$(index_at hq) $(policies_at hq) $(index_at branch) $(policies_at branch)"
}

# case kill-charon: charon is killed at either end and comes back: the tunnel carries on, and is up again without a hand
case_kill_charon() {
	need_charon
	make_network
	start_sites
	sites_are_up
	for killed_site in branch hq; do
		peer=$(peer_of "$killed_site")
		index=$(index_at "$killed_site")
		ping_start hq "$(inner_of branch)"
		kill_hard "$killed_site" charon
		expect 10 tunnel_is "$killed_site" "$peer" unknown
		start_charon "$killed_site"
		expect 40 tunnel_is "$killed_site" "$peer" up
		expect 40 tunnel_is "$peer" "$killed_site" up
		sleep 5
		ping_stop
		# a second of them, while the peers change from one pair of SAs to the next
		[ "$ping_lost" -le $((100 * slow)) ] || fail "$ping_lost of $((ping_answered + ping_lost)) were lost after charon at $killed_site was killed"
		are_equal "index at $killed_site" "$index" "$(index_at "$killed_site")"
		expect 10 plan_is_empty "$killed_site"
		expect 10 answers hqlan 10.2.0.10
	done
}

# case trap: a tunnel on demand waits, and its first packet brings it up, also after it was ended
case_trap() {
	need_charon
	make_network
	write_config hq none
	write_config branch trap
	start_sites
	expect 20 tunnel_is branch hq waiting
	sleep "$((4 * slow))"
	are_equal "after quiet seconds" waiting "$(shown branch hq state)"
	are_equal "SPIs" "" "$(spis_at branch)"
	answers branch "$(inner_of hq)" # the packet that asks
	expect 20 tunnel_is branch hq up
	expect 10 answers branch "$(inner_of hq)"
	expect 10 answers branchlan 10.1.0.10
	must vtictl_at branch down hq >/dev/null
	must vtictl_at branch up hq >/dev/null
	expect 10 answers branch "$(inner_of hq)"
}

# case mobike: the branch gets another address: both ends are pointed at it, and interfaces and SAs stay
case_mobike() {
	need_charon
	make_network
	write_config hq none ', "mobike": true'
	write_config branch start ', "mobike": true'
	for site in hq branch; do
		sed 's/"address": "198\.51\.100\.1"/"address": "any"/' "$work/now/$site/etc/vtid.json" >"$work/now/$site/etc/new"
		must mv "$work/now/$site/etc/new" "$work/now/$site/etc/vtid.json"
	done
	start_sites
	expect 40 tunnel_is branch hq up
	expect 20 answers branch "$(inner_of hq)"
	index="$(index_at hq) $(index_at branch)"
	spis=$(spis_at hq)
	# The old address goes first: another of its network, added before, would keep the kernel from telling that it is gone.
	must at branch ifconfig "${prefix}branch_wan0" inet 198.51.100.1 delete
	must at branch ifconfig "${prefix}branch_wan0" inet 198.51.100.7/24
	at branch route -n delete default >/dev/null 2>&1
	must at branch route -n add default 198.51.100.254 >/dev/null
	expect 30 is_so 'tunnel inet 192\.0\.2\.1 --> 198\.51\.100\.7' device_at hq
	expect 10 is_so 'tunnel inet 198\.51\.100\.7 --> 192\.0\.2\.1' device_at branch
	expect 10 answers branch "$(inner_of hq)"
	expect 10 answers hqlan 10.2.0.10
	are_equal "indexes" "$index" "$(index_at hq) $(index_at branch)"
	are_equal "SPIs" "$spis" "$(spis_at hq)"
	for site in hq branch; do expect 10 plan_is_empty "$site"; done
}
