#include "control/doctor.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "control/doctor_looks.h"

namespace vtid::control {
namespace {

constexpr std::array kChecks{
    Check{"problems", "", "vtid has no problem of its own", "the system is not as the file says", "vtictl status",
          look_at_problems},
    Check{"charon_version", "", "charon has no known deadlock",
          "every command to charon can hang until it is restarted; its SAs stay, and nobody can renew them",
          "use strongSwan 5.9.11 or later; until then use vtictl, not swanctl, to bring tunnels up and down",
          look_at_charon_version},
    Check{"device", "", "every tunnel's device is there and up",
          "packets for the tunnel are dropped, and what arrives belongs to no interface",
          "vtictl plan says what is to do; vtictl status why it is not done", look_at_devices},
    Check{"device_taken", "", "nobody else has a name or a number of ours",
          "the tunnel's own device cannot be made, and its SAs deliver to the other one", "", look_at_taken_places},
    Check{"device_mtu", "", "every device has the MTU that vtid computed",
          "packets between the two sizes are fragmented or lost", "let vtid set it: vtictl plan says what it wants",
          look_at_device_mtus},
    Check{"duplicate_sas", "", "no tunnel has CHILD_SAs twice",
          "the two ends may use different ones; each is rekeyed, and when the other end drops one, traffic on it is lost until "
          "dead-peer detection",
          "", look_at_duplicates},
    Check{"sa_numbers", "", "every SA carries the numbers of its device",
          "decrypted packets miss the tunnel's device, and what it sends finds no SA", "", look_at_sa_numbers},
    Check{"stray_sas", "", "charon has no SA of ours without a tunnel in the file",
          "it takes the numbers that a tunnel of the file may be given, and stays when vtid stops", "", look_at_orphaned_sas},
    Check{"routes", "", "every route of the file is installed and its gateway is usable",
          "packets for that network take another way, or vanish in a dead tunnel", "", look_at_routes},
    Check{"peer_path", "linux", "every peer is reached outside of the tunnels",
          "the tunnel's own packets go into a tunnel: it loops, and comes up never or only until the route exists", "",
          look_at_peer_paths},
    Check{"path_mtu", "linux", "every tunnel's MTU fits the path to its peer",
          "full-size packets are fragmented or lost: small ones pass, and connections hang when they send much", "",
          look_at_path_mtus},
    Check{"catch_all_policy", "linux", "no policy takes everything",
          "it takes the host's own traffic, management and IKE included: who is not in the tunnel is locked out", "",
          look_at_catch_alls},
    Check{"rp_filter", "linux", "reverse path filtering lets tunnelled packets in",
          "packets whose way back is not this very device are dropped without a word: when a second tunnel or a gateway's "
          "failure makes the ways differ",
          "", look_at_rp_filter},
    Check{"forwarding", "", "packets are forwarded where the file has routes",
          "only this host can use the tunnel; the networks behind it cannot", "", look_at_forwarding},
    Check{"forward_chain", "linux", "the host's firewall forwards what tunnels carry",
          "hosts behind the tunnel are cut off, and the two ends ping each other", "", look_at_forward_chains},
    Check{"disable_ipv6", "linux", "IPv6 is on where a tunnel has IPv6 addresses",
          "the device cannot have its IPv6 address, and everything inside over IPv6 is dropped", "", look_at_disable_ipv6},
    Check{"disable_xfrm", "linux", "IPsec is on for every tunnel device",
          "the kernel finds no SA for what the device sends: all of it is dropped", "", look_at_disable_xfrm},
    Check{"redirects", "linux", "no ICMP redirect from inside a tunnel is accepted",
          "somebody inside the tunnel can change this host's routes", "", look_at_redirects},
    Check{"pmtu_discovery", "linux", "path MTU discovery is on",
          "the tunnel never learns that its path takes less, and a roaming peer keeps an MTU that no longer fits",
          "sysctl -w net.ipv4.ip_no_pmtu_disc=0", look_at_pmtu_discovery},
    Check{"xfrm_drops", "linux", "the kernel drops no IPsec packets", "these packets were lost", "", look_at_drops},
    Check{"install_routes", "linux", "charon installs no routes of its own",
          "its routes in table 220 go before those of every other table, vtid's included", "", look_at_install_routes},
    Check{"install_routes_xfrmi", "linux", "charon installs no routes into our devices",
          "a tunnel of vtid negotiates 0/0: charon sends all of the host's traffic into it, its own packets included", "",
          look_at_install_routes_xfrmi},
    Check{"interfaces_ignore", "", "charon does not look at the tunnels' devices",
          "charon takes an inner address for a way to the peer (MOBIKE) and moves the tunnel into itself; it also looks at "
          "every tunnel again for each change of one",
          "", look_at_interfaces_ignore},
    Check{"threads", "", "charon has enough threads",
          "several are taken for good; with the rest busy, charon answers neither peers nor vtid", "", look_at_threads},
    Check{"ikesa_table_size", "", "charon's table of IKE_SAs is large enough",
          "charon searches a list for every packet: hundreds of tunnels that come up at once take minutes", "",
          look_at_sa_table_size},
    Check{"reqid_base", "", "charon's own reqids stay away from ours",
          "charon gives another connection the reqid of a tunnel, and the kernel sends one's packets by the other's SA", "",
          look_at_reqid_base},
    Check{"delete_rekeyed_delay", "", "replaced SAs live on for what is still under way",
          "charon keeps replaced inbound SAs until they expire", "", look_at_rekeyed_delay},
    Check{"make_before_break", "", "tunnels that are reauthenticated are made before they are broken",
          "at each reauthentication traffic is lost from the end of the old IKE_SA until the new one has its CHILD_SA", "",
          look_at_make_before_break},
    Check{"start_scripts", "", "no script of charon's unloads connections",
          "swanctl --load-all and --load-conns unload what is not in swanctl.conf: the connections that vtid has loaded", "",
          look_at_start_scripts},
    Check{"preferred_oldsa", "freebsd", "the kernel prefers the newest SA",
          "after charon or the peer restarts, packets go by an SA that the peer no longer has: all are lost, for ever",
          "sysctl net.key.preferred_oldsa=0, and the same line in /etc/sysctl.conf", look_at_preferred_sa},
    Check{"acquire_pause", "freebsd", "the kernel soon asks again for the SAs of a tunnel on demand",
          "after a tunnel on demand has ended, what is sent into it is lost for that long, or until 10 packets "
          "(net.key.blockacq_count)",
          "sysctl net.key.blockacq_lifetime=2, and the same line in /etc/sysctl.conf", look_at_acquire_pause},
    Check{"filter_points", "freebsd", "packets meet the filter where the filter mode says",
          "rules for tunnelled traffic are passed by, or never match", "", look_at_filter_points}};

std::vector<Diagnosis> perform(const Check& check, const DoctorInput& input) {
  DoctorFindings findings;
  check.look(input, findings);
  std::vector<Diagnosis> found = findings.take();
  std::ranges::stable_sort(found, std::ranges::greater{}, &Diagnosis::verdict);
  if (found.empty()) found.push_back({{}, Verdict::ok, "", std::string(check.well), "", ""});
  if (found.size() > kMostOfOneCheck) {
    const std::size_t more = found.size() - kMostOfOneCheck;
    found.resize(kMostOfOneCheck);
    found.push_back({{}, found.back().verdict, "", fmt::format("and {} more like these", more), "", ""});
  }
  for (Diagnosis& diagnosis : found) {
    diagnosis.check = check.name;
    if (diagnosis.verdict < Verdict::caveat) continue;
    if (diagnosis.consequence.empty()) diagnosis.consequence = check.consequence;
    if (diagnosis.remedy.empty()) diagnosis.remedy = check.remedy;
  }
  return found;
}

}  // namespace

std::string_view print(Verdict verdict) {
  static constexpr std::array<std::string_view, 5> kNames{"ok", "unknown", "caveat", "warning", "error"};
  return kNames.at(static_cast<std::size_t>(verdict));
}

void DoctorFindings::say(Verdict verdict, std::string object, std::string text, std::string remedy) {
  found_.push_back({{}, verdict, std::move(object), std::move(text), {}, std::move(remedy)});
}

void DoctorFindings::unread(std::string object, const Error& error) {
  say(Verdict::unknown, std::move(object), "could not be read: " + error.text, error.remedy);
}

std::span<const Check> checks() { return kChecks; }

model::HostQuestion question_about(const Index& index) {
  model::HostQuestion question;
  question.vici = index.config.vici;
  std::set<net::Address> peers;
  for (const model::TunnelStatus& status : index.snapshot.tunnels) {
    if (status.state == model::TunnelState::disabled) continue;
    question.devices.push_back(status.device);
    const model::ObservedLink* link = index.snapshot.observed.link(status.device);
    if (link != nullptr && !link->master.empty()) question.devices.push_back(link->master);
    if (const auto peer = net::parse_address(status.remote)) peers.insert(*peer);
  }
  for (const auto& [device, addresses] : probed_beyond(index.config)) {
    question.devices.push_back(device);
    peers.insert(addresses.begin(), addresses.end());
  }
  question.peers.assign(peers.begin(), peers.end());
  return question;
}

std::vector<Diagnosis> diagnose(const DoctorInput& input) {
  std::vector<Diagnosis> all;
  for (const Check& check : kChecks) {
    if (!check.system.empty() && !input.host.system.empty() && check.system != input.host.system) continue;
    std::ranges::move(perform(check, input), std::back_inserter(all));
  }
  std::ranges::stable_sort(all, std::ranges::greater{}, &Diagnosis::verdict);
  return all;
}

Json render_diagnoses(const std::vector<Diagnosis>& diagnoses) {
  const auto found = std::ranges::count_if(diagnoses, [](const Diagnosis& it) { return it.verdict >= Verdict::warning; });
  Json checks = Json::array();
  for (const Diagnosis& diagnosis : diagnoses) {
    checks.push_back({{"name", diagnosis.check},
                      {"state", print(diagnosis.verdict)},
                      {"object", diagnosis.object},
                      {"text", diagnosis.text},
                      {"consequence", diagnosis.consequence},
                      {"remedy", diagnosis.remedy}});
  }
  return {{"found", found}, {"checks", std::move(checks)}};
}

}  // namespace vtid::control
