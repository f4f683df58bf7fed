#include "ctl/text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <span>

#include "ctl/table.h"

namespace vtid::ctl {
namespace {

bool is_true(const Json& object, std::string_view key) { return text_of(object, key) == "yes"; }

// ---- columns ---------------------------------------------------------------------------------------------------------

struct Column {
  std::string_view title;
  std::string_view key;                        // of the member to show
  std::string (*cell)(const Json&) = nullptr;  // or how to make it of the whole object
};

std::string join_texts(const Json& array) {
  std::vector<std::string> texts;
  for (const Json& item : array) texts.push_back(to_text(item));
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::string cell_gateways(const Json& tunnel) {
  std::vector<std::string> cells;
  for (const Json& gateway : array_of(tunnel, "gateways")) {
    cells.push_back(fmt::format("{} {}", text_of(gateway, "name"), text_of(gateway, "state")));
  }
  return fmt::format("{}", fmt::join(cells, ", "));
}

std::string cell_traffic(const Json& tunnel) {
  return fmt::format("in {}, out {}", print_bytes(number_of(tunnel, "bytes_in")), print_bytes(number_of(tunnel, "bytes_out")));
}

std::string cell_device_state(const Json& interface) {
  if (!is_true(interface, "enabled")) return "disabled";
  return !is_true(interface, "present") ? "missing" : is_true(interface, "up") ? "up" : "down";
}

std::string cell_mtu(const Json& interface) { return is_true(interface, "present") ? text_of(interface, "mtu") : ""; }

std::string cell_addresses(const Json& interface) { return join_texts(array_of(interface, "addresses")); }

bool is_measured(const Json& gateway) {
  const std::string state = text_of(gateway, "state");
  return state != "unmonitored" && state != "pending";
}

std::string cell_rtt(const Json& gateway) {
  if (!is_measured(gateway) || number_of(gateway, "loss_percent") == 100) return {};
  return fmt::format("{:.1f} ms ±{:.1f}", number_of(gateway, "rtt_ms"), number_of(gateway, "stddev_ms"));
}

std::string cell_loss(const Json& gateway) { return is_measured(gateway) ? text_of(gateway, "loss_percent") + " %" : ""; }

std::string cell_active(const Json& group) {
  const std::string active = join_texts(array_of(group, "carriers"));
  return active.empty() ? "nobody" : active;
}

// Without IKE there is no identity.
std::string cell_end(const Json& sa, std::string_view address, std::string_view id) {
  const std::string identity = text_of(sa, id);
  return identity.empty() ? text_of(sa, address) : fmt::format("{} '{}'", text_of(sa, address), identity);
}
std::string cell_local(const Json& sa) { return cell_end(sa, "local", "local_id"); }
std::string cell_remote(const Json& sa) { return cell_end(sa, "remote", "remote_id"); }

std::string cell_children(const Json& sa) {
  std::vector<std::string> cells;
  for (const Json& child : array_of(sa, "children")) {
    cells.push_back(fmt::format("{}#{} {} in {} out {}", text_of(child, "name"), text_of(child, "id"), text_of(child, "state"),
                                text_of(child, "spi_in"), text_of(child, "spi_out")));
  }
  return fmt::format("{}", fmt::join(cells, ", "));
}

// A word, or an array of several.
std::string cell_list(const Json& object, std::string_view key) {
  const Json& array = array_of(object, key);
  const auto found = object.find(key);
  return found != object.end() && found->is_array() ? join_texts(array) : text_of(object, key);
}
// "any", "10.0.0.0/8, @OFFICES not 10.1.0.0/16"
std::string cell_end(const Json& rule, const char* key, const char* key_of_exceptions) {
  const std::string exceptions = cell_list(rule, key_of_exceptions);
  return cell_list(rule, key) + (exceptions.empty() ? "" : " not " + exceptions);
}
std::string cell_from(const Json& rule) { return cell_end(rule, "from", "from_not"); }
std::string cell_devices(const Json& route) { return cell_list(route, "devices"); }
std::string cell_to(const Json& rule) { return cell_end(rule, "to", "to_not"); }
std::string cell_protocol(const Json& rule) {
  const std::string ports = cell_list(rule, "ports");
  return cell_list(rule, "protocol") + (ports.empty() ? "" : ' ' + ports);
}

constexpr std::array kTunnelColumns{Column{"NAME", "name"},
                                    Column{"STATE", "state"},
                                    Column{"DEVICE", "device"},
                                    Column{"REQID", "reqid"},
                                    Column{"LOCAL", "local"},
                                    Column{"REMOTE", "remote"},
                                    Column{"GATEWAYS", "", cell_gateways},
                                    Column{"TRAFFIC", "", cell_traffic},
                                    Column{"REASON", "reason"}};
constexpr std::array kInterfaceColumns{Column{"NAME", "name"},      Column{"DEVICE", "device"},
                                       Column{"TUNNEL", "tunnel"},  Column{"STATE", "", cell_device_state},
                                       Column{"MTU", "", cell_mtu}, Column{"ADDRESSES", "", cell_addresses}};
constexpr std::array kGatewayColumns{
    Column{"NAME", "name"},   Column{"INTERFACE", "interface"}, Column{"DEVICE", "device"},    Column{"ADDRESS", "address"},
    Column{"STATE", "state"}, Column{"RTT", "", cell_rtt},      Column{"LOSS", "", cell_loss}, Column{"REASON", "reason"}};
constexpr std::array kGroupColumns{Column{"NAME", "name"}, Column{"STATE", "state"}, Column{"CARRIERS", "", cell_active},
                                   Column{"TRIGGER", "trigger"}, Column{"REASON", "reason"}};
constexpr std::array kRouteColumns{Column{"TO", "to"},         Column{"VIA", "via"},       Column{"GATEWAY", "gateway"},
                                   Column{"DEVICE", "device"}, Column{"METRIC", "metric"}, Column{"STATE", "state"}};
constexpr std::array kPolicyColumns{Column{"NAME", "name"},
                                    Column{"TUNNEL", "tunnel"},
                                    Column{"REQID", "reqid"},
                                    Column{"SOURCE", "outer_source"},
                                    Column{"DESTINATION", "outer_destination"},
                                    Column{"STATE", "state"}};
constexpr std::array kSaColumns{Column{"NAME", "name"},
                                Column{"ID", "id"},
                                Column{"TUNNEL", "tunnel"},
                                Column{"STATE", "state"},
                                Column{"LOCAL", "", cell_local},
                                Column{"REMOTE", "", cell_remote},
                                Column{"CHILDREN", "", cell_children}};
constexpr std::array kNumberColumns{Column{"NAME", "name"},   Column{"UNIT", "unit"},   Column{"DEVICE", "device"},
                                    Column{"REQID", "reqid"}, Column{"IF_ID", "if_id"}, Column{"STATE", "state"}};

constexpr std::array kRuleColumns{Column{"NAME", "name"},
                                  Column{"ON", "on"},
                                  Column{"DIRECTION", "direction"},
                                  Column{"ACTION", "action"},
                                  Column{"PROTOCOL", "", cell_protocol},
                                  Column{"FROM", "", cell_from},
                                  Column{"TO", "", cell_to},
                                  Column{"GATEWAY", "gateway"},
                                  Column{"STATE", "state"},
                                  Column{"PACKETS", "packets"},
                                  Column{"BYTES", "bytes"}};

constexpr std::array kPolicyRouteColumns{
    Column{"NAME", "name"},    Column{"IN", "in"},   Column{"PROTOCOL", "", cell_protocol}, Column{"FROM", "", cell_from},
    Column{"TO", "", cell_to}, Column{"VIA", "via"}, Column{"DEVICES", "", cell_devices},   Column{"STATE", "state"}};

struct KindColumns {
  std::string_view kind;
  std::span<const Column> columns;
};
constexpr std::array kColumns{KindColumns{"tunnels", kTunnelColumns},   KindColumns{"interfaces", kInterfaceColumns},
                              KindColumns{"gateways", kGatewayColumns}, KindColumns{"groups", kGroupColumns},
                              KindColumns{"routes", kRouteColumns},     KindColumns{"policies", kPolicyColumns},
                              KindColumns{"sas", kSaColumns},           KindColumns{"numbers", kNumberColumns},
                              KindColumns{"rules", kRuleColumns},       KindColumns{"policy_routes", kPolicyRouteColumns}};

std::string print_columns(std::span<const Column> columns, const Json& objects, const Display& display) {
  std::vector<std::string> titles;
  std::ranges::transform(columns, std::back_inserter(titles), [](const Column& column) { return std::string(column.title); });
  Table table(std::move(titles));
  for (const Json& object : objects) {
    std::vector<std::string> cells;
    for (const Column& column : columns) {
      cells.push_back(column.cell != nullptr ? column.cell(object) : text_of(object, column.key));
    }
    table.add(std::move(cells));
  }
  return table.print(display);
}

// ---- pieces ----------------------------------------------------------------------------------------------------------

// What has several lines shows them as its own: a line that begins at the margin is one of ours.
std::string indented(std::string_view text) {
  std::string result;
  for (const char letter : text) (result += letter) += letter == '\n' ? "    " : "";
  return result;
}

// A state in its colour.
std::string colored(const std::string& state, const Display& display) {
  const Color color = color_of(state);
  if (!display.color || color == Color::plain) return state;
  return static_cast<char>(color) + state + static_cast<char>(Color::plain);
}

std::string print_charon(const Json& charon) {
  const std::string version = text_of(charon, "version");
  const std::string since = text_of(charon, "since");
  return fmt::format("charon:    {}{}{}\n", is_true(charon, "connected") ? "connected" : "away",
                     version.empty() ? "" : ", version " + version, since.empty() ? "" : ", since " + since);
}

// "key: value" lines; what is inside a member is indented below it.
void print_object(const Json& object, std::size_t depth, std::string& text) {
  const std::string indent(depth * 2, ' ');
  for (const auto& [key, value] : object.items()) {
    const bool nested = value.is_object() || (value.is_array() && !value.empty() && value.front().is_object());
    if (nested) {
      text += fmt::format("{}{}:\n", indent, key);
    } else {
      const std::string shown = value.is_array() ? join_texts(value) : to_text(value);
      text += fmt::format("{}{}:{}{}\n", indent, key, shown.empty() ? "" : " ", shown);
    }
    if (value.is_object()) print_object(value, depth + 1, text);
    if (!nested || !value.is_array()) continue;
    for (const Json& item : value) {
      text += fmt::format("{}  {}\n", indent, text_of(item, "name"));
      print_object(item, depth + 2, text);
    }
  }
}

std::string print_counts(std::map<std::string, std::size_t>& counts, std::size_t all) {
  if (counts["ok"] == all) return fmt::format("{} checks, all well\n", all);
  std::vector<std::string> parts;
  for (const auto& [state, one, many] : {std::array<std::string_view, 3>{"error", "error", "errors"},
                                         {"warning", "warning", "warnings"},
                                         {"caveat", "caveat", "caveats"},
                                         {"unknown", "not read", "not read"},
                                         {"ok", "well", "well"}}) {
    const std::size_t count = counts[std::string(state)];
    if (count != 0) parts.push_back(fmt::format("{} {}", count, count == 1 ? one : many));
  }
  return fmt::format("{} checks: {}\n", all, fmt::join(parts, ", "));
}

}  // namespace

std::string print_problems(const Json& problems, const Display& display) {
  std::string text;
  for (const Json& problem : problems) {
    text += fmt::format("{}: {}: {}\n", colored(text_of(problem, "severity"), display), indented(text_of(problem, "object")),
                        indented(text_of(problem, "text")));
    if (const auto remedy = text_of(problem, "remedy"); !remedy.empty()) {
      text += fmt::format("  remedy: {}\n", indented(remedy));
    }
  }
  return text;
}

std::string print_bytes(double bytes) {
  static constexpr std::array<std::string_view, 6> kUnits{"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  std::size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < kUnits.size(); ++unit) bytes /= 1024;
  return unit == 0 ? fmt::format("{:.0f} B", bytes) : fmt::format("{:.1f} {}", bytes, kUnits.at(unit));
}

// A line per tunnel, and below one of several CHILD_SAs a line for each: "hq/v4".
Json with_children(const Json& tunnels) {
  Json lines = Json::array();
  for (const Json& tunnel : tunnels) {
    lines.push_back(tunnel);
    const Json& children = array_of(tunnel, "child_sas");
    if (children.size() < 2) continue;
    for (Json child : children) {
      child["name"] = fmt::format("{}/{}", text_of(tunnel, "name"), text_of(child, "name"));
      lines.push_back(std::move(child));
    }
  }
  return lines;
}

std::string render_status(const Json& result, const Options& options) {
  const Json& filter = object_of(result, "filter");
  const std::string mode = text_of(filter, "mode");
  const std::string live = text_of(filter, "live");
  const std::string role = text_of(result, "role");
  std::string text = print_charon(object_of(result, "charon"));
  text += fmt::format("filter:    {}{}\n", mode, live == mode ? "" : ", but the system has " + live);
  text +=
      fmt::format("vtid:      version {}, configuration {}, {}{}\n", text_of(result, "version"), text_of(result, "generation"),
                  is_true(result, "converged") ? "converged" : "not converged yet", role == "standby" ? ", on standby" : "");
  if (const std::string followed = text_of(result, "role_address"); !followed.empty())
    text += fmt::format("role:      {}, {} is {}here\n", role, followed, role == "standby" ? "not " : "");
  for (const Json& group : array_of(result, "groups")) {
    text +=
        fmt::format("group:     {} {}, carried by {}\n", text_of(group, "name"), text_of(group, "state"), cell_active(group));
  }
  text += print_problems(array_of(result, "problems"), options.display);
  const Json& tunnels = array_of(result, "tunnels");
  return text + '\n' +
         (tunnels.empty() ? "no tunnels\n" : print_columns(kTunnelColumns, with_children(tunnels), options.display));
}

std::string render_list(const Json& result, const Options& options) {
  const auto found = std::ranges::find(kColumns, options.kind, &KindColumns::kind);
  if (result.empty() || found == kColumns.end()) return fmt::format("no {}\n", options.kind);
  return print_columns(found->columns, result, options.display);
}

Json names_in(const Json& result, const Options& options) {
  Json names = Json::array();
  for (const Json& item : options.kind == "tunnels" ? with_children(result) : result) names.push_back(text_of(item, "name"));
  return names;
}

std::string render_names(const Json& result, const Options& options) {
  std::string text;
  for (const Json& name : names_in(result, options)) text += name.get<std::string>() + '\n';
  return text;
}

std::string render_show(const Json& result, const Options&) {
  std::string text;
  print_object(result, 0, text);
  return text;
}

std::string render_explain(const Json& result, const Options& options) {
  Table table({"", "", ""});
  for (const Json& step : result) table.add({text_of(step, "what"), text_of(step, "state"), text_of(step, "text")});
  return table.print(options.display);
}

std::string render_plan(const Json& result, const Options& options) {
  std::string text;
  for (const Json& op : array_of(result, "ops")) {
    const std::string because = text_of(op, "because");
    text += fmt::format("{}: {}{}\n", text_of(op, "op"), text_of(op, "reason"), because.empty() ? "" : " [" + because + "]");
    if (op.contains("error")) text += fmt::format("  failed {} times: {}\n", text_of(op, "attempts"), text_of(op, "error"));
  }
  if (array_of(result, "ops").empty()) text += "nothing to do\n";
  return text + print_problems(array_of(result, "problems"), options.display);
}

// Worst first, as it comes: three lines for each finding, and one for all that could not be read for the same reason.
std::string render_doctor(const Json& result, const Options& options) {
  std::string text;
  std::vector<std::pair<std::string, std::vector<std::string>>> unread;  // the reason, and the checks
  std::map<std::string, std::size_t> counts;
  for (const Json& check : array_of(result, "checks")) {
    const std::string state = text_of(check, "state");
    ++counts[state];
    if (state == "ok") continue;
    const std::string object = text_of(check, "object");
    const std::string remedy = text_of(check, "remedy");
    const std::string what = fmt::format("{}{}{}", object, object.empty() ? "" : ": ", text_of(check, "text"));
    if (state == "unknown") {
      const std::string reason = what + '\n' + (remedy.empty() ? "" : fmt::format("  remedy: {}\n", remedy));
      auto same = std::ranges::find(unread, reason, &std::pair<std::string, std::vector<std::string>>::first);
      if (same == unread.end()) same = unread.insert(same, {reason, {}});
      same->second.push_back(text_of(check, "name"));
      continue;
    }
    text += fmt::format("{}: {}: {}\n  consequence: {}\n  remedy: {}\n", colored(state, options.display),
                        text_of(check, "name"), what, text_of(check, "consequence"), remedy);
  }
  for (const auto& [reason, names] : unread) text += fmt::format("unknown: {}: {}", fmt::join(names, ", "), reason);
  return text + print_counts(counts, array_of(result, "checks").size());
}

std::string render_outcome(const Json& result, const Options&) { return text_of(result, "text") + '\n'; }

std::string render_plain_text(const Json& result, const Options&) { return text_of(result, "text"); }

std::string render_event(const Json& event, const Options&) {
  const std::string object = text_of(event, "object");
  return fmt::format("{}  {:<8} {}\n", text_of(event, "time"), text_of(event, "kind"),
                     indented(object + (object.empty() ? "" : " ") + text_of(event, "text")));
}

}  // namespace vtid::ctl
