// Reads one JSON object key by key into typed values. Every wrong value, missing key and unknown key becomes a finding and
// reading goes on with the default, so that one pass lists all that is wrong. Never throws, never stops early.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "config/findings.h"
#include "config/tree.h"

namespace vtid::config {

class Object {
 public:
  // A node that is not an object is an error and reads as empty.
  Object(const Node& node, std::string pointer, Findings& findings);

  // Converts the value of `key` with `convert` (const Node& -> Result<T>) into `out`, which keeps its default when the key
  // is not there or wrong.
  template <class T, class Convert>
  void read(std::string_view key, T& out, Convert convert) {
    const Node* node = find(key);
    if (node == nullptr) return;
    if (auto value = convert(*node))
      out = std::move(*value);
    else
      fail(key, value.error());
  }
  // The same, and the key has to be there.
  template <class T, class Convert>
  void require(std::string_view key, T& out, Convert convert) {
    need(key);
    read(key, out, convert);
  }

  // The object under `key`, if it is there.
  [[nodiscard]] std::optional<Object> object(std::string_view key);
  // The objects under `key`, an object of named objects or an array of objects, with their names; at most `most`.
  [[nodiscard]] std::vector<std::pair<std::string, Object>> named(std::string_view key, std::size_t most);
  [[nodiscard]] std::vector<Object> items(std::string_view key);

  void need(std::string_view key);  // an error at `key` unless it is there
  [[nodiscard]] bool has(std::string_view key);
  [[nodiscard]] bool has_text(std::string_view key);             // a string is there
  [[nodiscard]] bool readable() const;                           // the node is an object
  void allow_only(std::string_view key, std::string_view text);  // `text` is the error of every other key
  void fail(std::string_view key, Error error);                  // an error at `key`
  void fail(Error error);                                        // an error at the object itself
  void close();  // unknown keys are errors: call it when all known ones were asked for

  [[nodiscard]] const std::string& pointer() const { return pointer_; }

 private:
  const Node* find(std::string_view key);
  void report_unknown(std::string_view key);

  const Node::Object* members_;
  std::string pointer_;
  Findings* findings_;
  std::vector<std::string_view> asked_;
};

// The candidate nearest to `text`, if one is near enough to have been meant.
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view text, const std::vector<std::string_view>& candidates);

}  // namespace vtid::config
