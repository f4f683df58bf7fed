#!/bin/bash
# Delay and loss on the wire move a gateway's state as its thresholds say, and each group as its trigger says; a tunnel that IKE
# says is down takes its gateway and the withdrawn route along at once; forced down is down. Each change of a gateway, of the tunnel, of
# a group and of the role runs the user's program, and nothing else does.
. "$(dirname "$0")/lib.sh"

dpd=30s # the monitor is to tell, not IKE

# 60 probes: what is random about loss stays far from the thresholds. Silence, which chance brings at 30 % loss, is another case.
write_thresholds() {
  local triggers
  write_config hq
  triggers='["down", "loss", "latency", "loss_or_latency"]'
  jq --argjson triggers "$triggers" '
    .interfaces.WAN = { device: "wan" } |
    .gateways = {
      WAN_GW: { interface: "WAN", address: "192.0.2.254", monitor: { enabled: false } },
      VTI_VTIV4: { monitor: { interval: "100ms", loss_interval: "1s", period: "6s", alert: "100ms", hold: "1s", silence: "off",
        latency: { low: "150ms", high: "700ms" }, loss: { low: 10, high: 60 } } } } |
    .gateway_groups = ([ $triggers[] | { key: ., value: { trigger: .,
        members: [ { gateway: "VTI_VTIV4" }, { gateway: "WAN_GW", tier: 2 } ] } } ] | from_entries) |
    .on_change = { command: ["/run/hq/etc/alarm", "to the log"], timeout: "2s",
      events: ["gateway", "tunnel", "group", "role"] } |
    .routes[0].when_down = "withdraw"' /run/hq/etc/vtid.json >/run/hq/etc/new.json
  mv /run/hq/etc/new.json /run/hq/etc/vtid.json
  cat >/run/hq/etc/alarm <<'ALARM'
#!/bin/bash
case $VTID_EVENT in
gateway) echo "$VTID_GATEWAY ${VTID_OLD_STATE:-new} $VTID_STATE" ;;
tunnel) echo "tunnel $VTID_TUNNEL ${VTID_OLD_STATE:-new} $VTID_STATE $VTID_DEVICE $VTID_REMOTE" ;;
group) echo "group $VTID_GROUP ${VTID_OLD_STATE:-new} $VTID_STATE $VTID_OLD_CARRIERS to $VTID_CARRIERS" ;;
role) echo "role $VTID_ROLE" ;;
esac >>/run/hq/alarms
echo "told $1"
[[ ${VTID_STATE:-} != forced_down ]] || sleep 600
ALARM
  chmod +x /run/hq/etc/alarm
}

alarm_says() { grep -qx "$1" /run/hq/alarms; } # line
gateway() { vtictl_at hq --json show gateways VTI_VTIV4 | jq -r "$1"; } # jq-filter
gateway_is() { [[ $(gateway .state) == "$1" ]]; } # state
moved() { vtictl_at hq --json list groups | jq -r '[.[] | select(.state != "full").name] | join(" ")'; }
moved_are() { [[ $(moved) == "$1" ]]; } # groups
has_route() { [[ $(ip -n hq route show 10.2.0.0/24) == *"dev ipsec1"* ]]; }
has_no_route() { ! has_route; }
wire() { tc -n wan qdisc replace dev hq root netem "$@"; } # what netem does to what goes to hq
now() { echo $((${EPOCHREALTIME/./} / 1000)); }

modprobe sch_netem
write_thresholds
start_sites
expect 5 gateway_is online
expect 5 moved_are ""
expect 1 has_route
expect 5 alarm_says "tunnel branch new up ipsec1 198.51.100.1"

say "delay"
wire delay 250ms
expect 15 gateway_is latency
assert_match "reason" "^[0-9.]+ ms, more than 150ms$" "$(gateway .reason)"
expect 2 moved_are "latency loss_or_latency"
expect 5 alarm_says "VTI_VTIV4 online latency"
expect 5 alarm_says "group latency full reduced VTI_VTIV4 to WAN_GW"
expect 5 grep -q 'alarm ended.*VTI_VTIV4.*outcome=done.*told to the log' /run/hq/vtid.log
assert_eq "the route stays" 1 "$(has_route && echo 1)"
wire delay 0ms
expect 15 gateway_is online
expect 2 moved_are ""

say "loss"
wire loss 30%
expect 15 gateway_is loss
assert_match "reason" "^[0-9]+ % loss, more than 10 %(;|$)" "$(gateway .reason)"
expect 2 moved_are "loss loss_or_latency"
wire loss 0%
expect 15 gateway_is online

say "all is lost"
wire loss 100%
expect 15 gateway_is down
expect 2 moved_are "down loss latency loss_or_latency"
expect 1 has_no_route
assert_eq "the SAs are still there" 1 "$(children_up hq branch)"
wire loss 0%
expect 20 gateway_is online
expect 1 has_route

say "the peer ends the tunnel"
kill_vtid branch # it would call again at once
began=$(now)
swanctl_at branch --terminate --ike hq >/dev/null
expect 3 has_no_route
left=$(grep 'kernel changed.*delete route 10.2.0.0/24' /run/hq/vtid.log | tail -n 1)
took=$(($(date -d "${left%% *}" +%s%3N) - began)) # by the clock of vtid's log: this script is slower
say "the route left after $took ms"
((took < 2000)) || fail "the route left too late"
assert_eq "reason" "tunnel branch is down" "$(gateway .reason)"
start_vtid branch
expect 30 tunnel_is hq branch up
assert_match "held" "tunnel branch is up again|^$" "$(gateway .reason)"
expect 15 gateway_is online
expect 1 has_route

say "forced down"
jq '.gateways.VTI_VTIV4.forced_down = true' /run/hq/etc/vtid.json >/run/hq/etc/new.json
mv /run/hq/etc/new.json /run/hq/etc/vtid.json
vtictl_at hq reload >/dev/null
expect 2 gateway_is forced_down
expect 1 has_no_route
expect 5 alarm_says "VTI_VTIV4 online forced_down"
expect 10 grep -q 'alarm ended.*outcome="killed after its timeout"' /run/hq/vtid.log
assert_match "status knows the groups" "group: +down reduced, carried by WAN_GW" "$(vtictl_at hq status)"
assert_eq "converged" true "$(status_of hq .converged)"

say "standby"
vtictl_at hq role standby >/dev/null
expect 5 alarm_says "role standby"
expect 5 alarm_says "tunnel branch up down ipsec1 198.51.100.1"
told=$(sed -n 's/^tunnel branch \(.*\) ipsec1 .*/\1/p' /run/hq/alarms | paste -sd, | sed 's/,/, /g')
assert_eq "told of the tunnel" "new up, up waiting, waiting up, up down" "${told//, up silent, silent up/}" # silent if the cut lasted long enough
