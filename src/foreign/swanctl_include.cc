#include "foreign/swanctl_include.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>

namespace vtid::foreign {
namespace {

// The characters of `[a-z]` and where it ends; of `[!a-z]` all others.
struct CharacterSet {
  bool holds = false;
  std::size_t size = 0;
};
std::optional<CharacterSet> character_set(std::string_view pattern, char c) {
  if (!pattern.starts_with('[')) return std::nullopt;
  const bool others = pattern.size() > 1 && (pattern[1] == '!' || pattern[1] == '^');
  std::size_t at = others ? 2 : 1;
  const auto end = pattern.find(']', at + 1);
  if (end == std::string_view::npos) return std::nullopt;
  bool found = false;
  for (; at < end; ++at) {
    const bool range = at + 2 < end && pattern[at + 1] == '-';
    found |= range ? pattern[at] <= c && c <= pattern[at + 2] : pattern[at] == c;
    if (range) at += 2;
  }
  return CharacterSet{found != others, end + 1};
}

// How much of the pattern stands for that character; 0: its beginning does not.
std::size_t one_of(std::string_view pattern, char c) {
  if (pattern.empty() || pattern[0] == '*') return 0;
  if (const auto set = character_set(pattern, c)) return set->holds ? set->size : 0;
  return pattern[0] == '?' || pattern[0] == c ? 1 : 0;
}

// As glob(7): '*' is any number of characters, '?' one, "[a-z]" one of these.
bool matches(std::string_view name, std::string_view pattern) {
  std::size_t at = 0, star = std::string_view::npos, from = 0;
  std::size_t next = 0;
  while (next < name.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      from = next;
    } else if (const std::size_t size = one_of(pattern.substr(at), name[next]); size > 0) {
      at += size;
      ++next;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      next = ++from;
    } else {
      return false;
    }
  }
  return std::ranges::all_of(pattern.substr(at), [](char c) { return c == '*'; });
}

}  // namespace

std::vector<IncludedFile> included(std::string_view pattern, std::string_view from, const Beside& beside) {
  if (pattern.size() > 1 && pattern.starts_with('"') && pattern.ends_with('"')) pattern = pattern.substr(1, pattern.size() - 2);
  const auto parent = [](std::string_view path) {
    return path.substr(0, path.rfind('/') == std::string_view::npos ? 0 : path.rfind('/'));
  };
  std::string path(pattern);
  if (!path.starts_with('/') && !parent(from).empty()) path = fmt::format("{}/{}", parent(from), path);
  const std::string folder(parent(path)), last = path.substr(folder.empty() ? 0 : folder.size() + 1);
  std::vector<std::string> names{last};
  if (last.find_first_of("*?[") != std::string::npos) {
    names = beside.list(folder.empty() ? "." : folder);
    std::erase_if(names, [&](const std::string& name) { return name.starts_with('.') || !matches(name, last); });
  }
  std::vector<IncludedFile> files;
  for (const std::string& name : names) {
    const std::string file = folder.empty() ? name : fmt::format("{}/{}", folder, name);
    if (auto bytes = beside.read(file)) files.push_back({file, std::move(*bytes)});
  }
  return files;
}

}  // namespace vtid::foreign
