// Pieces of libnftables' JSON: matches and statements, without rules or chains around them.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/filter.h"

namespace vtid::platform::netlink::nft {

using Json = nlohmann::ordered_json;
using Expressions = std::vector<Json>;

[[nodiscard]] Json match(Json left, Json right, std::string_view op = "==");
[[nodiscard]] Json meta(std::string_view key);
[[nodiscard]] Json ct(std::string_view key);
[[nodiscard]] Json payload(std::string_view protocol, std::string_view field);
[[nodiscard]] Json prefix(const net::Prefix& prefix);     // an address alone when it is one
[[nodiscard]] Json set_of(std::vector<Json> items);       // an anonymous set, or the item itself when there is one
[[nodiscard]] Json one_word(std::string_view statement);  // accept, drop, return, counter
[[nodiscard]] Json jump(std::string_view chain);
[[nodiscard]] Json go_to(std::string_view chain);
[[nodiscard]] Json verdict_map(Json key, std::vector<Json> pairs);
// Sets the bits of vtid in the mark that `key` is (meta or ct), and leaves the others.
[[nodiscard]] Json set_mark(const Json& key, std::uint32_t mark);

[[nodiscard]] Json port_range(const model::PortRange& range);

// What `traffic` matches, one list for each rule that it takes: one for all, or one of each family, and of those one for each
// combination of its lists. A family other than `only` is left out.
[[nodiscard]] std::vector<Expressions> matches(const model::Traffic& traffic, std::optional<net::Family> only = {});

// The family that a rule is bound to by its gateway.
[[nodiscard]] std::optional<net::Family> family_of(const model::DeviceRule& item);

[[nodiscard]] std::string_view ip_of(net::Family family);  // "ip", "ip6"

// Before the name of a list, of the sets that hold it: one for each family, or one of ports.
[[nodiscard]] std::string_view set_prefix(net::Family family);
inline constexpr std::string_view kPortSetPrefix = "ports_";

}  // namespace vtid::platform::netlink::nft
