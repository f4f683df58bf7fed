#include "foreign/vyos_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <list>

namespace vtid::foreign {
namespace {

constexpr std::string_view kSpaces = " \t\r";

// A word of a line, and whether it stood in quotation marks.
struct Word {
  std::string text;
  bool quoted = false;
};

Result<std::vector<Word>> split_words(std::string_view line) {
  std::vector<Word> words;
  for (auto first = line.find_first_not_of(kSpaces); first != std::string_view::npos; first = line.find_first_not_of(kSpaces)) {
    line.remove_prefix(first);
    const char mark = line.front();
    if (mark != '"' && mark != '\'') {
      const auto end = std::min(line.find_first_of(kSpaces), line.size());
      words.push_back({std::string(line.substr(0, end))});
      line.remove_prefix(end);
      continue;
    }
    std::string text;
    std::size_t at = 1;
    for (; at < line.size() && line[at] != mark; ++at) {
      if (line[at] == '\\' && mark == '"' && at + 1 < line.size()) ++at;
      text += static_cast<unsigned char>(line[at]) < 0x20 ? ' ' : line[at];
    }
    if (at >= line.size()) return fail("a quotation mark is not closed", "close it");
    words.push_back({std::move(text), true});
    line.remove_prefix(at + 1);
  }
  return words;
}

// Nodes while they grow: they stay where they are, and are put together at the end.
struct Growing {
  Element element;
  bool is_value = false;
  std::list<Growing> below;
};

class VyosTree {
 public:
  Growing* below(Growing& parent, const std::string& word, int line, bool is_value) {
    const auto known = std::ranges::find_if(parent.below, [&](const Growing& one) { return one.element.name == word; });
    if (known != parent.below.end()) return &*known;
    if (++count_ > kMostElements) return nullptr;
    const std::string& path = parent.element.path;
    const std::string own = is_value ? path : path.empty() ? word : fmt::format("{} {}", path, word);
    parent.below.push_back({{word, own, "", line, {}, false}, is_value, {}});
    return &parent.below.back();
  }

  static Element whole(Growing& node) {
    for (Growing& one : node.below) node.element.children.push_back(whole(one));
    return std::move(node.element);
  }

 private:
  std::size_t count_ = 0;
};

// What stands behind it is quoted nowhere, even where a "set" command has it without quotation marks.
bool names_secret(std::string_view word) {
  return std::ranges::any_of(std::array<std::string_view, 4>{"secret", "password", "passphrase", "key"},
                             [&](std::string_view end) { return word.ends_with(end); });
}

class VyosReader {
 public:
  Result<Element> read(std::string_view text) {
    bool comment = false;
    while (!text.empty()) {
      const auto end = std::min(text.find('\n'), text.size());
      std::string_view line = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      ++line_;
      if (!comment && first_of(line).starts_with("/*")) comment = true;
      if (comment) {
        comment = !line.contains("*/");
        continue;
      }
      if (first_of(line).starts_with("//") || first_of(line).starts_with('#')) continue;
      if (auto taken = take(line); !taken)
        return fail(fmt::format("line {}: {}", line_, taken.error().text), taken.error().remedy);
    }
    if (open_.size() > 1)
      return fail(fmt::format("line {}: the file ends inside \"{}\"", line_, open_.back()->element.path),
                  "copy the file again: it is cut off");
    return VyosTree::whole(root_);
  }

 private:
  static std::string_view first_of(std::string_view line) {
    const auto first = line.find_first_not_of(kSpaces);
    return first == std::string_view::npos ? std::string_view{} : line.substr(first);
  }

  Result<void> take(std::string_view line) {
    auto words = split_words(line);
    if (!words) return std::unexpected(words.error());
    if (words->empty()) return {};
    const auto is = [](const Word& word, std::string_view text) { return !word.quoted && word.text == text; };
    if (words->size() == 1 && is(words->front(), "}")) {
      if (open_.size() < 2) return fail("'}' closes nothing", "take it out");
      open_.pop_back();
      return {};
    }
    const bool command = open_.size() == 1 && is(words->front(), "set");
    const bool opens = !command && is(words->back(), "{");
    if (command) words->erase(words->begin());
    if (opens) words->pop_back();
    if (words->empty() || words->size() > kDeepestElement) return fail("is no node", "export the configuration again");
    Growing* node = open_.back();
    for (std::size_t i = 0; i < words->size(); ++i) {
      const bool last = i + 1 == words->size();
      const bool is_value =
          !opens && last && (command ? (*words)[i].quoted || (i > 0 && names_secret((*words)[i - 1].text)) : words->size() > 1);
      node = tree_.below(*node, (*words)[i].text, line_, is_value);
      if (node == nullptr) return fail(fmt::format("there are more than {} nodes", kMostElements), "");
    }
    if (!opens) return {};
    if (open_.size() > kDeepestElement) return fail("too many nodes within each other", "");
    open_.push_back(node);
    return {};
  }

  Growing root_;
  VyosTree tree_;
  std::vector<Growing*> open_{&root_};
  int line_ = 0;
};

}  // namespace

const std::string& word_of(const Element& node, std::string_view child) {
  static const std::string none;
  const Element* found = node.find(child);
  if (found == nullptr || found->children.empty()) return none;
  found->children.front().mark();
  return found->children.front().name;
}

std::vector<std::string> words_below(const Element& node, std::string_view child) {
  std::vector<std::string> result;
  for (const Element& word : node.at(child).children) {
    word.mark();
    result.push_back(word.name);
  }
  return result;
}

Result<Element> parse_vyos(std::string_view text) { return VyosReader().read(text); }

}  // namespace vtid::foreign
