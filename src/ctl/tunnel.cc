#include "ctl/tunnel.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "ctl/table.h"
#include "ctl/text.h"
#include "vtid/protocol.h"

namespace vtid::ctl {
namespace {

namespace method = protocol::method;

template <class Belongs>
Json filtered(const Json& items, Belongs belongs) {
  Json kept = Json::array();
  for (const Json& item : items)
    if (belongs(item)) kept.push_back(item);
  return kept;
}

std::set<std::string> names_of(const Json& items) {
  std::set<std::string> names;
  for (const Json& item : items) names.insert(text_of(item, "name"));
  return names;
}

// "tunnels/hq/children/v4" is of "tunnels/hq", and "tunnels/hq2" is not.
bool lies_in(const std::string& object, const std::string& place) {
  return object.starts_with(place) && (object.size() == place.size() || object[place.size()] == '/');
}

Json problems_of(const Json& tunnel, const Json& problems) {
  std::set<std::string> places{"tunnels/" + text_of(tunnel, "name")};
  if (const std::string interface = text_of(tunnel, "interface"); !interface.empty()) places.insert("interfaces/" + interface);
  for (const std::string& gateway : names_of(array_of(tunnel, "gateways"))) places.insert("gateways/" + gateway);
  return filtered(problems, [&](const Json& problem) {
    const std::string object = text_of(problem, "object");
    return std::ranges::any_of(places, [&](const std::string& place) { return lies_in(object, place); });
  });
}

std::string print_numbers(const Json& tunnel) {
  std::string text;
  for (const auto& [word, key] : {std::pair{"reqid", "reqid"}, {"if_id", "if_id"}, {"MTU", "mtu"}}) {
    const std::string number = text_of(tunnel, key);
    if (!number.empty() && number != "0") text += fmt::format("{}{} {}", text.empty() ? "" : ", ", word, number);
  }
  return text;
}

std::string print_tunnel(const Json& tunnel, const Display& display) {
  const auto of = [&](std::string_view key) { return text_of(tunnel, key); };
  const std::string interface = of("interface");
  Table table({"", ""});
  const auto add = [&table](const char* what, std::string value) {
    if (!value.empty()) table.add({what, std::move(value)});
  };
  add("state", of("state"));
  add("since", of("since"));
  add("reason", of("reason"));
  add("description", of("description"));
  add("device", of("device") + (interface.empty() ? "" : fmt::format(" ({})", interface)));
  add("numbers", print_numbers(tunnel));
  add("ends", fmt::format("{} here, {} there", of("local"), of("remote")));
  add("children", fmt::format("{} of {} up", of("children_up"), of("children_wanted")));
  add("traffic",
      fmt::format("in {}, out {}", print_bytes(number_of(tunnel, "bytes_in")), print_bytes(number_of(tunnel, "bytes_out"))));
  return table.print(display);
}

}  // namespace

Outcome<Json> ask_tunnel(Connection& connection, const std::string& name, Duration patience) {
  auto tunnel = connection.call(method::kShow, {{"kind", "tunnels"}, {"name", name}}, patience);
  if (!tunnel) return tunnel;
  const auto status = connection.call(method::kStatus, Json::object(), patience);
  if (!status) return status;
  const std::set<std::string> gateways = names_of(array_of(*tunnel, "gateways"));
  Json result{{"tunnel", *tunnel}};
  for (const char* kind : {"gateways", "sas", "routes"}) {
    const auto all = connection.call(method::kList, {{"kind", kind}}, patience);
    if (!all) return all;
    result[kind] = filtered(*all, [&](const Json& item) {
      return text_of(item, "tunnel") == name || gateways.contains(text_of(item, "gateway")) ||
             (std::string_view(kind) == "gateways" && gateways.contains(text_of(item, "name")));
    });
  }
  result["problems"] = problems_of(*tunnel, array_of(*status, "problems"));
  return result;
}

std::string render_tunnel(const Json& result, const Options& options) {
  const Json& tunnel = object_of(result, "tunnel");
  std::string text = fmt::format("tunnel {}\n", text_of(tunnel, "name"));
  text += print_tunnel(tunnel, options.display);
  text += print_problems(array_of(result, "problems"), options.display);
  for (const char* kind : {"gateways", "sas", "routes"}) {
    const Json& items = array_of(result, kind);
    Options of_kind = options;
    of_kind.kind = kind;
    if (!items.empty()) text += '\n' + render_list(items, of_kind);
  }
  return text;
}

}  // namespace vtid::ctl
