// XML text -> a tree of elements with their lines and paths, by Boost.PropertyTree. Comments, processing instructions and
// attributes but uuid are left out. Knows no entities but XML's own five, and refuses a document that declares some. The tree
// keeps count of what was asked for, so that a reader can list what it has passed over. For one thread at a time.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace vtid::foreign {

struct Element {
  std::string name;
  std::string path;  // from below the root: "ipsec/phase1[2]/descr"; numbers only where several share a name
  std::string text;  // trimmed; control characters are spaces
  int line = 0;
  std::vector<Element> children;
  mutable bool read = false;  // asked for by its parent's find(), at(), has(), value() or all()
  std::string uuid{};         // an attribute

  [[nodiscard]] const Element* find(std::string_view child) const;  // the first one
  [[nodiscard]] const Element& at(std::string_view child) const;    // an empty element when there is none
  [[nodiscard]] bool has(std::string_view child) const { return find(child) != nullptr; }
  [[nodiscard]] const std::string& value(std::string_view child) const { return at(child).text; }
  [[nodiscard]] std::vector<const Element*> all(std::string_view child) const;
  void mark() const { read = true; }
};

// What lies below `element` and nobody has read; not what lies in that again.
[[nodiscard]] std::vector<const Element*> unread(const Element& element);

// The root. The error has the line at its beginning: "line 12: …".
[[nodiscard]] Result<Element> parse_xml(std::string_view text);

inline constexpr std::size_t kDeepestElement = 64;
inline constexpr std::size_t kMostElements = 2'000'000;

}  // namespace vtid::foreign
