#include "daemon/state_text.h"

#include <nlohmann/json.hpp>

#include "base/bounded_json.h"

namespace vtid::daemon {
namespace {

using nlohmann::json;

// 131,071 gateways, each an object of six and its falls, are the most that vtid has to write.
constexpr JsonBounds kBounds{.bytes = kLongestState, .depth = 4, .values = 1U << 21U, .members = 1U << 17U};

// Thrown on the way out of nested objects, as the library does; parse_state() is where it ends.
[[noreturn]] void refuse(const char* what) { throw json::other_error::create(501, what, nullptr); }

// An array has items too.
const json& object_at(const json& text, const char* key) {
  const json& object = text.at(key);
  if (!object.is_object()) refuse("no object");
  return object;
}

void read(const json& text, reconcile::Numbers& numbers) {
  for (const auto& [holder, unit] : object_at(text, "units").items()) {
    const auto value = unit.is_number_unsigned() ? unit.get<std::uint64_t>() : 0;
    if (value < net::kLowestUnit.value || value > net::kHighestUnit.value) refuse("unit out of range");
    numbers[holder] = {static_cast<std::uint32_t>(value)};
  }
}

void read(const json& text, model::Role& role) {
  const auto known = model::parse_role(text.at("role").get<std::string>());
  if (!known) refuse("no such role");
  role = *known;
}

void read(const json& text, vici::Loaded& loaded) {
  if (text.contains("charon")) text.at("charon").get_to(loaded.charon);  // 0.1.0 knew only when it had started
  text.at("connections").get_to(loaded.connections);
  text.at("secrets").get_to(loaded.secrets);
  if (text.contains("keys")) text.at("keys").get_to(loaded.keys);  // 0.1.0 knew none
  if (text.contains("authorities")) text.at("authorities").get_to(loaded.authorities);
  if (!text.contains("older")) return;
  for (const auto& [digest, ikes] : object_at(text, "older").items()) {
    for (const json& id : ikes) {
      if (!id.is_number_unsigned() || id.get<std::uint64_t>() > UINT32_MAX) refuse("no id of an IKE_SA");
      loaded.older.emplace(id.get<std::uint32_t>(), digest);
    }
  }
}

// A number of another type would be converted, past what a clock can hold.
WallTime moment(const json& seconds) {
  if (!seconds.is_number_integer()) refuse("no moment");
  return WallTime{std::chrono::seconds{seconds.get<std::int64_t>()}};
}

void read(const json& text, monitor::Memories& memories) {
  for (const auto& [name, saved] : object_at(text, "gateways").items()) {
    const auto address = net::parse_address(saved.at("address").get<std::string>());
    const auto state = model::parse_gateway_state(saved.at("state").get<std::string>());
    if (!address || !state) refuse("no such address or state");
    monitor::Memory memory{*address, *state, moment(saved.at("since")), saved.at("has_worked").get<bool>(),
                           saved.at("slow").get<bool>()};
    for (const json& fell : saved.at("falls")) memory.falls.push_back(moment(fell));
    memories.emplace(name, std::move(memory));
  }
}

std::int64_t seconds_of(WallTime time) { return time.time_since_epoch().count(); }

std::string print(const json& value) { return value.dump(1, ' ', false, json::error_handler_t::replace) + '\n'; }

}  // namespace

std::string print_state(const reconcile::Numbers& numbers) {
  json units = json::object();
  for (const auto& [holder, unit] : numbers) units[holder] = unit.value;
  return print({{"units", units}});
}

std::string print_state(const model::Role& role) { return print({{"role", model::print(role)}}); }

std::string print_state(const vici::Loaded& loaded) {
  json text{{"charon", loaded.charon}, {"connections", loaded.connections}, {"secrets", loaded.secrets}, {"keys", loaded.keys}};
  if (!loaded.authorities.empty()) text["authorities"] = loaded.authorities;
  for (const auto& [ike, digest] : loaded.older) text["older"][digest].push_back(ike);
  return print(text);
}

std::string print_state(const monitor::Memories& memories) {
  json gateways = json::object();
  for (const auto& [name, memory] : memories) {
    json falls = json::array();
    for (const WallTime fell : memory.falls) falls.push_back(seconds_of(fell));
    gateways[name] = {{"address", net::print(memory.address)},
                      {"state", model::print(memory.state)},
                      {"since", seconds_of(memory.since)},
                      {"has_worked", memory.has_worked},
                      {"slow", memory.slow},
                      {"falls", falls}};
  }
  return print({{"gateways", gateways}});
}

template <class T>
Result<T> parse_state(std::string_view text) {
  try {
    const auto document = parse_bounded_json(text, kBounds);
    if (!document) return std::unexpected(document.error());
    T value{};
    read(*document, value);
    return value;
  } catch (const json::exception&) {
    return fail("not what vtid writes");
  }
}

template Result<reconcile::Numbers> parse_state(std::string_view text);
template Result<model::Role> parse_state(std::string_view text);
template Result<vici::Loaded> parse_state(std::string_view text);
template Result<monitor::Memories> parse_state(std::string_view text);

}  // namespace vtid::daemon
