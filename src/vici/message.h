// A vici message: an ordered tree of values, lists and sections. Order counts, names may repeat, and a value, a list and a
// section of one name are three different things. Values are byte strings; nothing here assumes text. Knows no encoding.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace vtid::vici {

struct Element;

class Message {
 public:
  using List = std::vector<std::string>;

  // Builders append, whatever is there already, and return *this.
  Message& add(std::string name, std::string value);
  Message& add_flag(std::string name, bool value);  // "yes", "no"
  Message& add_number(std::string name, std::uint64_t value);
  Message& add_list(std::string name, List items);
  Message& add_section(std::string name, Message section);

  // Lookups find the first element of that name and kind among our own elements, not below them.
  [[nodiscard]] const std::string* find(std::string_view name) const;
  [[nodiscard]] const List* find_list(std::string_view name) const;
  [[nodiscard]] const Message* find_section(std::string_view name) const;

  [[nodiscard]] std::string_view text(std::string_view name) const;  // empty when absent
  [[nodiscard]] const List& list(std::string_view name) const;       // empty when absent
  // yes/true/enabled/1 and no/false/disabled/0 as charon reads them; absent or anything else is `fallback`.
  [[nodiscard]] bool flag(std::string_view name, bool fallback = false) const;
  // All of the value in that base; nothing when absent, malformed or too large.
  [[nodiscard]] std::optional<std::uint64_t> number(std::string_view name, int base = 10) const;

  // All elements but those of that name.
  [[nodiscard]] Message without(std::string_view name) const;

  [[nodiscard]] const std::vector<Element>& elements() const { return elements_; }
  [[nodiscard]] bool empty() const;

  friend bool operator==(const Message& a, const Message& b);

 private:
  std::vector<Element> elements_;
};

struct Element {
  std::string name;
  std::variant<std::string, Message::List, Message> content;
};
bool operator==(const Element& a, const Element& b);

}  // namespace vtid::vici
