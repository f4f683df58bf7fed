#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "base/number.h"
#include "control/doctor_looks.h"

namespace vtid::control {
namespace {

constexpr int kFewThreads = 8;             // of the default 16 about five are taken for good
constexpr std::size_t kManyTunnels = 128;  // from here on charon's documentation advises a table

// Nothing when charon's settings could not be read, which is said.
std::optional<std::string> setting(const DoctorInput& input, DoctorFindings& findings, std::string_view key,
                                   std::string_view usual) {
  if (input.host.charon) return model::charon_setting(*input.host.charon, input.host.charon_program, key, usual);
  findings.unread("charon", input.host.charon.error());
  return std::nullopt;
}

std::string section_of(const DoctorInput& input) {
  return input.host.charon_program.empty() ? "charon" : input.host.charon_program;
}

// "set charon.threads = 16 in /etc/strongswan.conf, then restart charon": most settings are read only at its start.
std::string set(const DoctorInput& input, std::string_view key, std::string_view value) {
  return fmt::format("set {}.{} = {} in {}, and restart charon", section_of(input), key, value, input.host.charon_file);
}

// As charon's settings_value_as_bool(): what is none of these words is the default.
bool is_yes(std::string_view text, bool usual) {
  if (text == "1" || text == "yes" || text == "true" || text == "enabled") return true;
  if (text == "0" || text == "no" || text == "false" || text == "disabled") return false;
  return usual;
}

std::optional<std::uint32_t> number_setting(const DoctorInput& input, DoctorFindings& findings, std::string_view key,
                                            std::string_view usual) {
  const auto text = setting(input, findings, key, usual);
  if (!text) return std::nullopt;
  const auto value = parse_number<std::uint32_t>(*text);
  if (!value)
    findings.say(Verdict::caveat, "charon", fmt::format("{}.{} is \"{}\", which is no number", section_of(input), key, *text),
                 set(input, key, usual));
  return value;
}

// "ipsec1, ipsec2,eth0": names between commas and blanks.
std::set<std::string, std::less<>> words_of(std::string_view list) {
  std::set<std::string, std::less<>> words;
  while (!list.empty()) {
    const std::size_t from = std::min(list.find_first_not_of(", \t"), list.size());
    const std::size_t to = std::min(list.find_first_of(", \t", from), list.size());
    if (to > from) words.emplace(list.substr(from, to - from));
    list.remove_prefix(to);
  }
  return words;
}

std::size_t enabled_tunnels(const DoctorInput& input) {
  return static_cast<std::size_t>(std::ranges::count_if(input.index.config.tunnels, &model::Tunnel::enabled));
}

// Only MOBIKE chooses among addresses.
bool some_tunnel_moves(const DoctorInput& input) {
  return std::ranges::any_of(input.index.config.tunnels, [](const model::Tunnel& tunnel) {
    const auto* ike = std::get_if<model::Ike>(&tunnel.ike);
    return tunnel.enabled && (ike == nullptr || ike->mobike);
  });
}

}  // namespace

// charon installs none for SAs with an if_id, as all of vtid's have: it matters as soon as charon has others.
void look_at_install_routes(const DoctorInput& input, DoctorFindings& findings) {
  const auto value = setting(input, findings, "install_routes", "yes");
  if (!value || !is_yes(*value, true)) return;
  const bool others = std::ranges::any_of(input.index.snapshot.sas.children, [](const auto& child) {
    return child.second.carries() && child.second.if_id_out.value == 0;
  });
  findings.say(others ? Verdict::warning : Verdict::caveat, "charon",
               others ? "install_routes is on, and charon has SAs without an if_id: it installs routes for them"
                      : "install_routes is on: harmless for vtid's tunnels, but any other connection brings routes",
               set(input, "install_routes", "no"));
}

void look_at_install_routes_xfrmi(const DoctorInput& input, DoctorFindings& findings) {
  const auto value = setting(input, findings, "plugins.kernel-netlink.install_routes_xfrmi", "no");
  if (!value || !is_yes(*value, false)) return;
  findings.say(Verdict::error, "charon", "plugins.kernel-netlink.install_routes_xfrmi is on",
               set(input, "plugins.kernel-netlink.install_routes_xfrmi", "no"));
}

void look_at_interfaces_ignore(const DoctorInput& input, DoctorFindings& findings) {
  const auto used = setting(input, findings, "interfaces_use", "");
  if (!used) return;
  const auto uses = words_of(*used);
  const auto ignored = words_of(model::charon_setting(*input.host.charon, input.host.charon_program, "interfaces_ignore", ""));
  std::vector<std::string> seen;
  for (const model::TunnelStatus& status : input.index.snapshot.tunnels) {
    const std::string& device = status.device.text();
    if (status.state == model::TunnelState::disabled) continue;
    if (uses.empty() ? !ignored.contains(device) : uses.contains(device)) seen.push_back(device);
  }
  if (seen.empty()) return;
  const std::string more = seen.size() == 1 ? "" : fmt::format(" and {} more", seen.size() - 1);
  findings.say(some_tunnel_moves(input) ? Verdict::warning : Verdict::caveat, seen.front() + more,
               some_tunnel_moves(input) ? "charon may use it as an outer interface, and MOBIKE is on"
                                        : "charon may use it as an outer interface; MOBIKE is off, so it only costs time",
               set(input, "interfaces_use", "the outer interfaces alone, such as eth0,"));
}

void look_at_threads(const DoctorInput& input, DoctorFindings& findings) {
  const auto threads = number_setting(input, findings, "threads", "16");
  if (!threads || *threads >= kFewThreads) return;
  findings.say(Verdict::warning, "charon", fmt::format("has {} threads", *threads), set(input, "threads", "16"));
}

void look_at_sa_table_size(const DoctorInput& input, DoctorFindings& findings) {
  const auto size = number_setting(input, findings, "ikesa_table_size", "1");
  const std::size_t tunnels = enabled_tunnels(input);
  if (!size || tunnels < kManyTunnels || *size * 16 >= tunnels) return;
  std::size_t rows = 1;
  while (rows * 4 < tunnels) rows *= 2;
  findings.say(Verdict::caveat, "charon", fmt::format("ikesa_table_size is {}, for {} tunnels", *size, tunnels),
               set(input, "ikesa_table_size",
                   fmt::format("{} and ikesa_table_segments = {}", rows, std::min<std::size_t>(rows / 4, 256))));
}

void look_at_reqid_base(const DoctorInput& input, DoctorFindings& findings) {
  const auto base = number_setting(input, findings, "reqid_base", "1");
  if (!base || *base < net::reqid_of(net::kLowestUnit).value || *base > net::reqid_of(net::kHighestUnit).value) return;
  findings.say(Verdict::warning, "charon",
               fmt::format("reqid_base is {}: in the range of vtid's own, {} to {}", *base,
                           net::reqid_of(net::kLowestUnit).value, net::reqid_of(net::kHighestUnit).value),
               set(input, "reqid_base", "1"));
}

void look_at_rekeyed_delay(const DoctorInput& input, DoctorFindings& findings) {
  const auto delay = number_setting(input, findings, "delete_rekeyed_delay", "5");
  if (!delay || *delay != 0) return;
  findings.say(Verdict::caveat, "charon", "delete_rekeyed_delay is 0", set(input, "delete_rekeyed_delay", "5"));
}

// Off by default before 6.0.0.
void look_at_make_before_break(const DoctorInput& input, DoctorFindings& findings) {
  const auto& tunnels = input.index.config.tunnels;
  const auto with_reauth = std::ranges::find_if(tunnels, [](const model::Tunnel& tunnel) {
    const auto* ike = std::get_if<model::Ike>(&tunnel.ike);
    return tunnel.enabled && ike != nullptr && ike->options.reauth.value_or(Duration{0}).count() != 0;
  });
  if (with_reauth == tunnels.end()) return;
  const bool usual = !input.index.snapshot.sas.version.is_before({6, 0, 0});
  const auto written = setting(input, findings, "make_before_break", usual ? "yes" : "no");
  if (!written || is_yes(*written, usual)) return;
  findings.say(Verdict::caveat, "tunnels/" + with_reauth->name, "has \"reauth\", and charon.make_before_break is off",
               set(input, "make_before_break", "yes"));
}

void look_at_start_scripts(const DoctorInput& input, DoctorFindings& findings) {
  if (!setting(input, findings, "start-scripts", "")) return;
  for (const auto& [key, value] : *input.host.charon) {
    const bool script = key.starts_with("charon.start-scripts.") || key.starts_with(section_of(input) + ".start-scripts.");
    if (!script || !(value.contains("--load-all") || value.contains("--load-conns"))) continue;
    findings.say(
        Verdict::caveat, key, fmt::format("runs \"{}\" at each start of charon", value),
        "let the script load only credentials (swanctl --load-creds), or keep the tunnels' connections in swanctl.conf "
        "(\"external\")");
  }
}

}  // namespace vtid::control
