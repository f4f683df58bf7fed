#include "config/unsupported.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

namespace vtid::config {
namespace {

using enum Unsupported::Refuses;

constexpr std::array kTable{
    Unsupported{"/rules/*/gateway", all, "", "a rule that chooses a gateway",
                "take it out; \"policy_routes\" choose by traffic"},
};

// JSON text of the values that the table compares with; nothing else needs to be told apart.
std::string compact(const Node& node) {
  struct Printer {
    std::string operator()(std::nullptr_t) const { return "null"; }
    std::string operator()(bool value) const { return value ? "true" : "false"; }
    std::string operator()(std::int64_t value) const { return std::to_string(value); }
    std::string operator()(double value) const { return fmt::format("{}", value); }
    std::string operator()(const std::string& value) const { return '"' + value + '"'; }
    std::string operator()(const Node::Array& items) const { return items.empty() ? "[]" : "[…]"; }
    std::string operator()(const Node::Object& members) const { return members.empty() ? "{}" : "{…}"; }
  };
  return std::visit(Printer{}, node.value);
}

}  // namespace

bool Unsupported::refuses_value(const Node& node) const {
  return refuses == all || (compact(node) == value) == (refuses == only);
}

const Unsupported* refused(std::string_view pattern, const Node& node) {
  const auto row = std::ranges::find_if(
      kTable, [&](const Unsupported& entry) { return entry.pattern == pattern && entry.refuses_value(node); });
  return row == kTable.end() ? nullptr : &*row;
}

std::vector<std::string_view> idle_keys(std::string_view pattern) {
  std::vector<std::string_view> keys;
  for (const Unsupported& row : kTable) {
    const auto slash = row.pattern.rfind('/');
    if (row.refuses == all_but && row.pattern.substr(0, slash) == pattern) keys.push_back(row.pattern.substr(slash + 1));
  }
  return keys;
}

bool listed(std::string_view pattern) { return std::ranges::find(kTable, pattern, &Unsupported::pattern) != kTable.end(); }

}  // namespace vtid::config
