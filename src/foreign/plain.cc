#include "foreign/plain.h"

#include <nlohmann/json.hpp>
#include <vector>

#include "base/error.h"
#include "config/parse.h"
#include "config/print.h"
#include "foreign/draft.h"

namespace vtid::foreign {
namespace {

// One of each, saying only what it has to: what its canonical form says besides are the defaults.
constexpr std::string_view kShortest = R"({
  "filter": {"mode": "if_ipsec"},
  "tunnels": {"x": {"ike": {"remote": {"address": "a.example"}, "auth": {"psk": {"text": "x"}}},
                    "children": {"x": {"local": "10.0.0.1/30", "remote": "10.0.0.2"}}}},
  "interfaces": {"x": {"tunnel": "x"}},
  "gateways": {"x": {"interface": "x", "address": "10.0.0.2"}},
  "gateway_groups": {"y": {"members": [{"gateway": "x"}]}},
  "routes": [{"to": "10.1.0.0/16", "via": "x"}],
  "policy_routes": [{"name": "x", "in": "eth0", "via": "x"}],
  "rules": [{"on": "x", "action": "pass"}],
  "nat": [{"on": "x", "kind": "source", "address": "interface"}]
})";

Json json_of(std::string_view text) { return Json::parse(text, nullptr, false); }

Json canonical(std::string_view text) {
  const auto parsed = config::parse(text, "", [](std::string_view) -> Result<std::string> { return fail(""); });
  return parsed.config ? json_of(config::print_canonical(*parsed.config)) : Json::object();
}

const Json* member(const Json& object, const std::string& key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found == object.end() ? nullptr : &*found;
}

bool is_container(const Json& json) {
  return json.is_object() || (json.is_array() && !json.empty() && json.front().is_object());
}

template <class Judge>
void erase(Json& object, Judge judge) {
  std::vector<std::string> names;
  for (const auto& [name, value] : object.items()) {
    if (judge(value)) names.push_back(name);
  }
  for (const std::string& name : names) object.erase(name);
}

// What one kind of a thing may leave out, another has to say.
bool is_required(const Json& json, const std::string& key) { return key == "to" && json.value("kind", "") == "destination"; }

void prune(Json& json, const Json& shortest, const Json& defaults);

// Of a list, or of things by their names: one stands for all.
void prune_each(Json& items, const Json& shortest, const Json& defaults) {
  for (auto& item : items) prune(item, shortest, defaults);
}

bool has_names(const std::string& key) {
  return key == "tunnels" || key == "children" || key == "interfaces" || key == "gateways" || key == "gateway_groups";
}

// Of things by their names the one that the shortest form has: beside it there are automatic ones.
const Json& one_of(const Json& items, const Json& shortest) {
  const Json* same = shortest.is_object() && !shortest.empty() ? member(items, shortest.begin().key()) : nullptr;
  return same != nullptr ? *same : items.front();
}

// Takes out what is as the defaults say and the shortest form leaves out.
void prune(Json& json, const Json& shortest, const Json& defaults) {
  std::vector<std::string> idle;
  for (auto& [key, value] : json.items()) {
    const Json* usual = member(defaults, key);
    const Json* needed = member(shortest, key);
    if (usual == nullptr) continue;
    if (!is_container(value)) {
      if (needed == nullptr && value == *usual && !is_required(json, key)) idle.push_back(key);
      continue;
    }
    static const Json kNone = Json::object();
    const Json& less = needed == nullptr ? kNone : *needed;
    if (has_names(key) || value.is_array())
      prune_each(value, less.empty() ? kNone : less.front(), usual->empty() ? kNone : one_of(*usual, less));
    else
      prune(value, less, *usual);
    if (key == "gateways") erase(value, [](const Json& gateway) { return gateway.empty(); });  // automatic, as it is
    if (value.empty()) idle.push_back(key);
  }
  for (const std::string& key : idle) json.erase(key);
}

}  // namespace

std::string print_plain(const model::Config& config) {
  static const Json kLess = json_of(kShortest), kUsual = canonical(kShortest), kEmpty = canonical(R"({"tunnels": {}})");
  Json file = json_of(config::print_canonical(config));
  Json usual = kUsual, less = kLess;
  for (const std::string_view key : {"filter", "default_gateway", "charon", "on_stop"}) {  // of which there is one
    usual[std::string(key)] = kEmpty.at(std::string(key));
    less.erase(std::string(key));
  }
  const bool denies = file.contains("rules");
  prune(file, less, usual);
  for (const char* list : {"interfaces", "gateways", "gateway_groups", "routes", "policy_routes", "nat"}) {
    if (file.contains(list) && file[list].empty()) file.erase(list);
  }
  if (!file.contains("tunnels")) file["tunnels"] = Json::object();
  if (denies && !file.contains("rules")) file["rules"] = Json::array();  // nothing passes
  return file.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace vtid::foreign
