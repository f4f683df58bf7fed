// JSON text -> a tree that keeps what a DOM forgets: the order of keys, the line of each value, keys written twice.
// Comments are allowed. Knows nothing about tunnels.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "config/findings.h"

namespace vtid::config {

struct Member;

struct Node {
  using Array = std::vector<Node>;
  using Object = std::vector<Member>;

  int line = 1;  // of the key when it has one
  std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, Array, Object> value;
};

struct Member {
  std::string key;
  Node node;
};

// Syntax errors, keys written twice and text past the bounds go to `findings`. Nothing when the text could not be read to
// its end. A key written twice keeps its first value.
[[nodiscard]] std::optional<Node> parse_tree(std::string_view text, Findings& findings);

// "a string", "an object": the node's JSON type with its article.
[[nodiscard]] std::string_view kind(const Node& node);

// `parent` with one more RFC 6901 reference token.
[[nodiscard]] std::string join(std::string_view parent, std::string_view key);
[[nodiscard]] std::string join(std::string_view parent, std::size_t index);

// The line of what `pointer` names, or of the nearest thing above it that exists.
[[nodiscard]] int line_of(const Node& root, std::string_view pointer);

inline constexpr std::size_t kDeepestNesting = 16;

}  // namespace vtid::config
