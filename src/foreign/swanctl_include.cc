#include "foreign/swanctl_include.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace vtid::foreign {
namespace {

// As glob(7): '*' is any number of characters, '?' one.
bool matches(std::string_view name, std::string_view pattern) {
  std::size_t at = 0, star = std::string_view::npos, from = 0;
  std::size_t next = 0;
  while (next < name.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      from = next;
    } else if (at < pattern.size() && (pattern[at] == '?' || pattern[at] == name[next])) {
      ++at;
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
  if (last.find_first_of("*?") != std::string::npos) {
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
