#include "base/settings_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/printable.h"

namespace vtid {
namespace {

constexpr std::string_view kBlank = " \t\r";
constexpr std::string_view kNotInName = "#{}:.,=\"\n \t\r";
constexpr std::string_view kNotInPath = "#{}:,=\"\n \t\r";  // names with dots between them
constexpr std::string_view kNotInWord = "#}\"\n \t\r";      // of a value or a pattern
constexpr std::size_t kLongestShown = 64;

std::string shown(std::string_view text) { return printable(text.substr(0, kLongestShown)); }

// Each name between dots has to be one.
bool is_path(std::string_view path) {
  return !path.empty() && path.front() != '.' && path.back() != '.' && !path.contains("..");
}

char unescaped(char c) { return c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c; }

}  // namespace

void SettingsReader::advance(std::size_t count) {
  const std::string_view passed = text_.substr(at_, count);
  line_ += static_cast<int>(std::ranges::count(passed, '\n'));
  at_ += passed.size();
}

void SettingsReader::skip(std::string_view set) { advance(std::min(text_.find_first_not_of(set, at_), text_.size()) - at_); }

std::string_view SettingsReader::take_until(std::string_view set) {
  const std::size_t from = at_;
  advance(std::min(text_.find_first_of(set, at_), text_.size()) - at_);
  return text_.substr(from, at_ - from);
}

void SettingsReader::skip_space() {
  for (skip(" \t\r\n"); peek() == '#'; skip(" \t\r\n")) take_until("\n");
}

// "include" is a name too: of a setting, or of a section whose brace follows at once.
bool SettingsReader::begins_include() const {
  constexpr std::string_view kWord = "include";
  if (!text_.substr(at_).starts_with(kWord)) return false;
  const std::string_view rest = text_.substr(at_ + kWord.size());
  const std::size_t pattern = rest.find_first_not_of(" \t");
  return pattern != 0 && pattern != std::string_view::npos && rest[pattern] != '=';
}

Result<SettingsItem> SettingsReader::next() {
  skip_space();
  SettingsItem item;
  item.line = line_;
  if (at_end()) return item;
  if (peek() == '}') {
    advance();
    item.kind = SettingsItem::Kind::end_of_section;
    return item;
  }
  if (begins_include()) return include(std::move(item));
  item.name = take_until(kNotInName);
  if (item.name.empty()) return fail("a name is missing", "write KEY = VALUE or NAME { … }");
  skip_space();
  if (peek() == '=') {
    advance();
    item.kind = SettingsItem::Kind::setting;
    auto value = take_value();
    if (!value) return std::unexpected(value.error());
    item.value = std::move(*value);
    return item;
  }
  item.kind = SettingsItem::Kind::section;
  if (peek() == ':') {
    auto references = take_references();
    if (!references) return std::unexpected(references.error());
    item.references = std::move(*references);
  }
  if (peek() != '{') {
    line_ = item.line;
    return fail(fmt::format("\"{}\" is neither a setting nor a section", shown(item.name)), "write KEY = VALUE or NAME { … }");
  }
  advance();
  return item;
}

// One word, in which a backslash keeps what would end it, or a quoted string.
Result<SettingsItem> SettingsReader::include(SettingsItem item) {
  take_until(kBlank);
  skip(kBlank);
  item.kind = SettingsItem::Kind::include;
  while (!at_end() && (peek() == '"' || !kNotInWord.contains(peek()))) {
    if (peek() == '"') {
      auto quoted = take_quoted();
      if (!quoted) return std::unexpected(quoted.error());
      item.value += *quoted;
      break;
    }
    if (peek() == '\\' && at_ + 1 < text_.size() && std::string_view("\"#} ").contains(text_[at_ + 1])) advance();
    item.value += peek();
    advance();
  }
  if (item.value.empty()) return fail("include without a file", "name one, or a pattern such as conf.d/*.conf");
  return item;
}

Result<std::vector<std::string>> SettingsReader::take_references() {
  std::vector<std::string> references;
  do {
    advance();  // the colon, then commas
    skip_space();
    references.emplace_back(take_until(kNotInPath));
    if (!is_path(references.back())) return fail("the name of another section is missing", "write NAME : OTHER { … }");
    skip_space();
  } while (peek() == ',');
  return references;
}

// Words and quoted strings up to the end of the line, with one space between them.
Result<std::string> SettingsReader::take_value() {
  std::string value;
  for (bool first = true;; first = false) {
    skip(kBlank);
    if (at_end() || peek() == '\n' || peek() == '}' || peek() == '#') return value;
    if (!first) value += ' ';
    if (peek() != '"') {
      value += take_until(kNotInWord);
    } else if (auto quoted = take_quoted()) {
      value += *quoted;
    } else {
      return quoted;
    }
  }
}

Result<std::string> SettingsReader::take_quoted() {
  const int line = line_;
  std::string value;
  for (advance(); !at_end(); advance()) {
    if (peek() == '"') {
      advance();
      return value;
    }
    if (peek() == '\r') continue;
    if (peek() != '\\') {
      value += peek();
      continue;
    }
    advance(text_.substr(at_).starts_with("\\\r\n") ? 2 : 1);
    if (!at_end() && peek() != '\n') value += unescaped(peek());  // a line's end that is escaped joins two lines
  }
  line_ = line;
  return fail("a quoted string does not end", "write the closing '\"'");
}

}  // namespace vtid
