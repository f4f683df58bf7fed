// The names that a mistyped one may have meant. Pure arithmetic on strings; linear in the number of names.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vtid {

// Insertions, deletions and substitutions of bytes that turn `a` into `b` (Levenshtein).
[[nodiscard]] inline std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, substituted}));
    }
  }
  return row[b.size()];
}

inline constexpr std::size_t kLongestComparedName = 64;
inline constexpr std::size_t kNearestNames = 3;

// At most kNearestNames of `names` (any range of things that convert to string_view), nearest first, each at most a third
// of the name's length (but at least 1) away. Names beyond kLongestComparedName are not compared.
template <class Names>
[[nodiscard]] std::vector<std::string> nearest_names(std::string_view name, const Names& names) {
  std::vector<std::pair<std::size_t, std::string>> close;
  const std::size_t limit = std::max<std::size_t>(1, name.size() / 3);
  if (name.size() > kLongestComparedName) return {};
  for (const std::string_view candidate : names) {
    if (candidate.size() > kLongestComparedName || candidate.size() > name.size() + limit) continue;
    if (const auto distance = edit_distance(name, candidate); distance <= limit) close.emplace_back(distance, candidate);
  }
  std::ranges::sort(close);
  std::vector<std::string> nearest;
  for (auto& [distance, candidate] : close) {
    if (nearest.size() < kNearestNames) nearest.push_back(std::move(candidate));
  }
  return nearest;
}

}  // namespace vtid
