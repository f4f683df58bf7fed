# Lists of the file: sets of vtid's table, one entry more or less, what somebody else changes, one of a file, and one of 65,536 entries.
# Exceptions and DSCP in rules.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/filter.sh"

members() { # networks of SERVERS [networks of SPARE]
  echo '"lists": {
    "SERVERS": { "networks": ['"$1"'] },
    "WEB": { "ports": [443, "8000-8010"] },
    "SPARE": { "networks": ['"${2:-"\"192.0.2.0/24\""}"'] } },
  "rules": [ { "on": "ipsec", "action": "pass", "protocol": "tcp", "to": ["@SERVERS", "10.6.106.1"], "ports": ["@WEB", 22] },
    { "on": "ipsec", "action": "pass", "protocol": "tcp", "from_not": ["10.2.0.0/24", "10.9.0.0/16"], "to": "10.6.106.1", "ports": 9001 },
    { "on": "ipsec", "action": "pass", "protocol": "tcp", "to": "10.1.0.0/24", "to_not": "10.1.0.11", "ports": 9002 },
    { "on": "ipsec", "action": "pass", "protocol": "tcp", "to": "10.1.0.0/24", "dscp": ["ef", "cs1"], "ports": 9003 } ]'
}
reload_with() { # networks of SERVERS [networks of SPARE]
  write_filter "$(members "$@")"
  vtictl_at hq reload >/dev/null
  expect 20 converged hq
}
servers() { at hq nft list set inet vtid ipv4_SERVERS; }
packets() { vtictl_at hq --json list rules | jq '.[0].packets'; }

start_filtered_sites "$(members '"10.1.0.0/24", "fd00:1::/64"')"
flow passed  branch-lan 10.1.0.10 443 "a network and a port of lists"
flow passed  branch-lan 10.1.0.10 8005 "a range of a list"
flow passed  branch 10.6.106.1 22 "what stands beside lists"
flow blocked branch-lan 10.1.0.10 80 "a port of no list"
assert_eq "the rule names its lists" '["10.6.106.1/32","@SERVERS"] ["22","@WEB"]' \
  "$(vtictl_at hq --json list rules | jq -rc '.[0] | "\(.to) \(.ports)"')"

flow passed  branch 10.6.106.1 9001 "from none of the exceptions"
flow blocked branch-lan 10.6.106.1 9001 "from an exception"
ip -n hq-lan address add 10.1.0.11/24 dev hq
flow passed  branch-lan 10.1.0.10 9002 "to none of the exceptions"
flow blocked branch-lan 10.1.0.11 9002 "to an exception"
flow blocked branch-lan 10.1.0.10 9003 "without the DSCP"
at branch-lan nft 'add table inet signs; add chain inet signs out { type filter hook output priority 0; }
  add rule inet signs out tcp dport 9003 ip dscp set ef'
flow passed  branch-lan 10.1.0.10 9003 "with the DSCP"

# A list that no rule names changes nothing in the kernel: its counters go on.
before=$(packets)
reload_with '"10.1.0.0/24", "fd00:1::/64"' '"192.0.2.0/25"'
assert_eq "counters after a change of an unused list" "$before" "$(packets)"

# What somebody adds or takes out is found, and put right.
at hq nft add element inet vtid ipv4_SERVERS '{ 10.7.2.1 }'
mended() { ! servers | grep -q 10.7.2.1 && converged hq; }
expect 5 mended
at hq nft delete element inet vtid ipv4_SERVERS '{ 10.1.0.0/24 }'
expect 5 eval 'servers | grep -q 10.1.0.0/24'
expect 5 converged hq
expect 1 grep 'was changed by somebody else' /run/hq/vtid.log
flow passed branch-lan 10.1.0.10 443 "after a repair"

reload_with '"10.1.7.0/24"'
flow blocked branch-lan 10.1.0.10 443 "after its network left the list"

# A list of a file: an empty one matches nothing, and a reload reads it again.
blocklist=/run/hq/etc/blocklist.txt
echo '; nothing yet' >"$blocklist"
write_filter '"lists": { "BLOCKED": { "file": "blocklist.txt" } },
  "rules": [ { "on": "ipsec", "action": "block", "from": "@BLOCKED" }, { "on": "ipsec", "action": "pass" } ]'
vtictl_at hq reload >/dev/null
expect 20 converged hq
flow passed branch-lan 10.1.0.10 443 "beside an empty list"
echo '10.2.0.0/24 ; the other site' >>"$blocklist"
vtictl_at hq reload >/dev/null
expect 20 converged hq
flow blocked branch-lan 10.1.0.10 443 "from a network of a file"

many=$(awk 'BEGIN { for (i = 0; i < 65535; i++) printf "\"10.%d.%d.%d\", ", 100 + i / 65536, i / 256 % 256, i % 256; print "\"10.1.0.0/24\"" }')
began=${EPOCHREALTIME/./}
reload_with "$many"
say "a list of 65,536 networks was in force after $(((${EPOCHREALTIME/./} - began) / 1000)) ms"
flow passed branch-lan 10.1.0.10 443 "by the last of 65,536 networks"
flow blocked branch-lan 10.1.0.10 80 "beside 65,536 networks"
assert_eq "the table has as many rules as before" 4 "$(at hq nft list chain inet vtid tunnel_in | grep -c 'comment "rules/0"')"
