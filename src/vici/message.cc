#include "vici/message.h"

#include <algorithm>
#include <utility>

#include "base/number.h"

namespace vtid::vici {
namespace {

template <class Content>
const Content* find_first(const std::vector<Element>& elements, std::string_view name) {
  for (const Element& element : elements) {
    if (element.name != name) continue;
    if (const auto* content = std::get_if<Content>(&element.content)) return content;
  }
  return nullptr;
}

template <class Content>
void append(std::vector<Element>& elements, std::string name, Content content) {
  elements.push_back(Element{std::move(name), std::move(content)});
}

}  // namespace

Message& Message::add(std::string name, std::string value) {
  append(elements_, std::move(name), std::move(value));
  return *this;
}

Message& Message::add_flag(std::string name, bool value) { return add(std::move(name), value ? "yes" : "no"); }

Message& Message::add_number(std::string name, std::uint64_t value) { return add(std::move(name), std::to_string(value)); }

Message& Message::add_list(std::string name, List items) {
  append(elements_, std::move(name), std::move(items));
  return *this;
}

Message& Message::add_section(std::string name, Message section) {
  append(elements_, std::move(name), std::move(section));
  return *this;
}

const std::string* Message::find(std::string_view name) const { return find_first<std::string>(elements_, name); }
const Message::List* Message::find_list(std::string_view name) const { return find_first<List>(elements_, name); }
const Message* Message::find_section(std::string_view name) const { return find_first<Message>(elements_, name); }

std::string_view Message::text(std::string_view name) const {
  const std::string* value = find(name);
  return value == nullptr ? std::string_view{} : *value;
}

const Message::List& Message::list(std::string_view name) const {
  static const List kNone;
  const List* items = find_list(name);
  return items == nullptr ? kNone : *items;
}

bool Message::flag(std::string_view name, bool fallback) const {
  const std::string_view value = text(name);
  if (value == "yes" || value == "true" || value == "enabled" || value == "1") return true;
  if (value == "no" || value == "false" || value == "disabled" || value == "0") return false;
  return fallback;
}

std::optional<std::uint64_t> Message::number(std::string_view name, int base) const {
  return parse_number<std::uint64_t>(text(name), base);
}

Message Message::without(std::string_view name) const {
  Message rest;
  for (const Element& element : elements_) {
    if (element.name != name) rest.elements_.push_back(element);
  }
  return rest;
}

bool Message::empty() const { return elements_.empty(); }

bool operator==(const Message& a, const Message& b) { return a.elements_ == b.elements_; }
bool operator==(const Element& a, const Element& b) { return a.name == b.name && a.content == b.content; }

}  // namespace vtid::vici
