// What the file format knows and this version cannot do yet: one table, from which every new feature takes its lines.
// Such keys are refused rather than ignored; values that ask for nothing ("none", [], {}) are accepted.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "config/tree.h"

namespace vtid::config {

// A place in the format, with '*' for names and indices ("/tunnels/*/keys"), and which values there are refused.
struct Unsupported {
  enum class Refuses : std::uint8_t { all, only, all_but };

  std::string_view pattern;
  Refuses refuses;
  std::string_view value;  // as JSON text, for `only` and `all_but`
  std::string_view what;   // "a tunnel with static SAs"
  std::string_view remedy;

  [[nodiscard]] bool refuses_value(const Node& node) const;
};

// The row that refuses `node` at `pattern`, if there is one.
[[nodiscard]] const Unsupported* refused(std::string_view pattern, const Node& node);

// Keys that only this table knows, below `pattern`, of which some value is accepted.
[[nodiscard]] std::vector<std::string_view> idle_keys(std::string_view pattern);

// Whether the table has a row for `pattern`, whatever the value.
[[nodiscard]] bool listed(std::string_view pattern);

}  // namespace vtid::config
