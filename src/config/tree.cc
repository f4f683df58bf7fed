#include "config/tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <deque>
#include <iterator>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <utility>

namespace vtid::config {
namespace {

using Json = nlohmann::json;

// Walks over the text for the parser and counts lines, which its events do not carry. A line end counts once the
// character after it is taken: the parser reads one character past a number before it reports it.
class Cursor {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  Cursor(const char* first, const char* at, int* line) : first_(first), at_(at), line_(line) {}
  reference operator*() const { return *at_; }
  Cursor& operator++() {
    if (at_ != first_ && at_[-1] == '\n') ++*line_;
    ++at_;
    return *this;
  }
  Cursor operator++(int) {
    const Cursor before = *this;
    ++*this;
    return before;
  }
  bool operator==(const Cursor& other) const { return at_ == other.at_; }

 private:
  const char* first_;
  const char* at_;
  int* line_;
};

// The library's sentence without its quotation of the text, which may hold a secret.
Error syntax_error(std::string_view what) {
  const auto start = what.find("syntax error");
  if (start == std::string_view::npos) return {"a number is out of range", ""};
  std::string text(what.substr(start, what.find("; last read") - start));
  const bool before_end = text.contains("expected '}'") || text.contains("expected ']'");
  const bool after_comma = text.contains("unexpected '}'") || text.contains("unexpected ']'");
  return {std::move(text), before_end    ? "is a comma missing before it?"
                           : after_comma ? "is there a comma too many before it?"
                                         : ""};
}

class TreeBuilder final : public nlohmann::json_sax<Json> {
 public:
  TreeBuilder(const int& line, Findings& findings) : line_(line), findings_(findings) {}

  Node root;

  bool null() override { return put(nullptr); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(std::int64_t value) override { return put(value); }
  bool number_unsigned(std::uint64_t value) override {
    if (!std::in_range<std::int64_t>(value)) return put(static_cast<double>(value));
    return put(static_cast<std::int64_t>(value));
  }
  bool number_float(double value, const std::string&) override { return put(value); }
  bool string(std::string& value) override { return put(std::move(value)); }
  bool binary(Json::binary_t&) override { return false; }  // not in JSON text
  bool start_object(std::size_t) override { return open(Node::Object{}); }
  bool start_array(std::size_t) override { return open(Node::Array{}); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(std::string& name) override;
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& error) override {
    auto [text, remedy, code] = syntax_error(error.what());
    findings_.error("", std::move(text), std::move(remedy), line_);
    return false;
  }

 private:
  struct Open {
    Node* node;
    std::string pointer;
    std::unordered_map<std::string, int> lines{};  // of the keys so far
  };

  Node& place();
  bool put(decltype(Node::value) value) {
    place().value = std::move(value);
    return true;
  }
  bool open(decltype(Node::value) value);
  bool close() {
    open_.pop_back();
    return true;
  }

  const int& line_;
  Findings& findings_;
  std::vector<Open> open_;
  std::deque<Node> dropped_;  // second values of keys written twice
  Node* member_ = nullptr;    // where the value of the last key goes
  std::string pointer_;       // of the value being placed
};

bool TreeBuilder::key(std::string& name) {
  Open& object = open_.back();
  pointer_ = join(object.pointer, name);
  const auto [known, fresh] = object.lines.try_emplace(name, line_);
  if (fresh) {
    member_ = &std::get<Node::Object>(object.node->value).emplace_back(name, Node{line_, {}}).node;
  } else {
    findings_.error(pointer_, fmt::format("is written twice, first in line {}", known->second), "keep one of them", line_);
    member_ = &dropped_.emplace_back();
  }
  return true;
}

// The node that the next value fills. Open nodes stay where they are: only the innermost container grows.
Node& TreeBuilder::place() {
  if (member_ != nullptr) return *std::exchange(member_, nullptr);
  if (open_.empty()) {
    root.line = line_;
    return root;
  }
  auto& items = std::get<Node::Array>(open_.back().node->value);
  pointer_ = join(open_.back().pointer, items.size());
  return items.emplace_back(line_);
}

bool TreeBuilder::open(decltype(Node::value) value) {
  Node& node = place();
  node.value = std::move(value);
  if (open_.size() < kDeepestNesting) {
    open_.push_back({&node, open_.empty() ? "" : pointer_});
    return true;
  }
  findings_.error(pointer_, fmt::format("is nested deeper than {} levels", kDeepestNesting), "", line_);
  return false;
}

std::string_view next_token(std::string_view& pointer) {
  pointer.remove_prefix(1);
  const auto token = pointer.substr(0, pointer.find('/'));
  pointer.remove_prefix(token.size());
  return token;
}

std::string escaped(std::string_view key) {
  std::string result;
  for (const char c : key) {
    if (c == '~')
      result += "~0";
    else if (c == '/')
      result += "~1";
    else
      result += c;
  }
  return result;
}

const Node* child(const Node& node, std::string_view token) {
  if (const auto* object = std::get_if<Node::Object>(&node.value)) {
    const auto found = std::ranges::find(*object, token, [](const Member& member) { return escaped(member.key); });
    return found == object->end() ? nullptr : &found->node;
  }
  const auto* array = std::get_if<Node::Array>(&node.value);
  std::size_t index = 0;
  const bool number = std::from_chars(token.data(), token.data() + token.size(), index).ec == std::errc{};
  return array != nullptr && number && index < array->size() ? &(*array)[index] : nullptr;
}

}  // namespace

std::optional<Node> parse_tree(std::string_view text, Findings& findings) {
  if (text.empty()) {  // the library's words for it depend on its version
    findings.error("", "the file is empty", "write at least { \"tunnels\": {} }", 1);
    return std::nullopt;
  }
  int line = 1;
  TreeBuilder builder(line, findings);
  const Cursor first(text.data(), text.data(), &line);
  const Cursor last(text.data(), text.data() + text.size(), &line);
  if (!Json::sax_parse(first, last, &builder, Json::input_format_t::json, true, true)) return std::nullopt;
  return std::move(builder.root);
}

std::string_view kind(const Node& node) {
  constexpr std::array<std::string_view, 7> kKinds{"null",     "true or false", "a number", "a number",
                                                   "a string", "an array",      "an object"};
  return kKinds.at(node.value.index());
}

std::string join(std::string_view parent, std::string_view key) { return fmt::format("{}/{}", parent, escaped(key)); }
std::string join(std::string_view parent, std::size_t index) { return fmt::format("{}/{}", parent, index); }

int line_of(const Node& root, std::string_view pointer) {
  const Node* node = &root;
  int line = root.line;
  while (node != nullptr && !pointer.empty()) {
    line = node->line;
    node = child(*node, next_token(pointer));
  }
  return node == nullptr ? line : node->line;
}

}  // namespace vtid::config
