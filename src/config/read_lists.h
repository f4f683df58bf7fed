// "lists" of the file, and the keys of traffic that take a value, "@NAME", or an array of both.
#pragma once

#include <fmt/format.h>

#include <map>
#include <string_view>
#include <vector>

#include "config/values.h"
#include "model/filter.h"

namespace vtid::config {

// The file's lists by name. Lives no longer than they do.
class Lists {
 public:
  explicit Lists(const std::vector<model::ListRef>& lists);

  [[nodiscard]] Result<model::ListRef> networks(std::string_view name) const;
  [[nodiscard]] Result<model::ListRef> ports(std::string_view name) const;

 private:
  [[nodiscard]] Result<model::ListRef> find(std::string_view name) const;

  std::map<std::string_view, const model::ListRef*> lists_;
};

inline constexpr char kListSign = '@';
inline constexpr std::size_t kMostLists = 1'024;
inline constexpr std::size_t kMostListNetworks = 65'536;
inline constexpr std::size_t kMostListPorts = 256;  // pf knows no sets of ports: there each is a rule
inline constexpr std::size_t kMostPorts = 64;       // of one rule, lists counted as one

// "any" is an empty list; else one value, or an array of them.
template <class Convert>
auto any_or_list(std::size_t most, Convert convert) {
  using T = typename decltype(convert(std::declval<const Node&>()))::value_type;
  return [=](const Node& node) -> Result<std::vector<T>> {
    const auto* word = std::get_if<std::string>(&node.value);
    if (word != nullptr && *word == "any") return std::vector<T>{};
    const auto* items = std::get_if<Node::Array>(&node.value);
    if (items == nullptr) return map(convert(node), [](const T& one) { return std::vector{one}; });
    if (items->empty()) return fail("is empty", "write \"any\", or take the key out");
    if (items->size() > most) return fail(fmt::format("has more than {} entries", most));
    std::vector<T> result;
    for (const Node& item : *items) {
      auto value = convert(item);
      if (!value) return std::unexpected(value.error());
      result.push_back(*value);
    }
    return result;
  };
}

[[nodiscard]] Result<net::Prefix> end_of_traffic(const Node& node);  // a network, or an address that stands for itself
[[nodiscard]] Result<model::AnyOf<net::Prefix>> ends_of_traffic(const Node& node, const Lists& lists);
[[nodiscard]] Result<model::AnyOf<net::Prefix>> exceptions_of_traffic(const Node& node, const Lists& lists);  // not "any"
[[nodiscard]] Result<model::AnyOf<model::PortRange>> ports_of_traffic(const Node& node, const Lists& lists);

}  // namespace vtid::config
