#include "platform/linux/proc.h"

#include <algorithm>

#include "base/number.h"

namespace vtid::platform {
std::string path_of_sysctl(std::string_view name) {
  std::string path = "/proc/sys/";
  for (const char c : name) path += c == '.' ? '/' : c == '/' ? '.' : c;
  return path;
}

std::optional<std::int64_t> parse_sysctl(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  return parse_number<std::int64_t>(text);
}

std::optional<std::vector<model::DropCounter>> parse_drops(std::string_view text) {
  std::vector<model::DropCounter> counters;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::string_view name = line.substr(0, line.find_first_of(" \t"));
    const auto value = parse_number<std::uint64_t>(line.substr(std::min(line.find_last_of(" \t") + 1, line.size())));
    if (name.empty() || !value) return std::nullopt;
    counters.push_back({std::string(name), *value, 0, 0});
  }
  return counters;
}

}  // namespace vtid::platform
