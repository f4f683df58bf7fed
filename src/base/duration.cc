#include "base/duration.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace vtid {
namespace {

struct Unit {
  std::string_view suffix;
  std::int64_t milliseconds;
};
constexpr std::array kUnits{Unit{"d", 86'400'000}, Unit{"h", 3'600'000}, Unit{"m", 60'000}, Unit{"s", 1'000}, Unit{"ms", 1}};

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  std::int64_t count = 0;
  const auto [rest, code] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view suffix(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
  for (const Unit& unit : kUnits) {
    if (code != std::errc{} || count < 0 || suffix != unit.suffix) continue;
    if (count > kLongestDuration.count() / unit.milliseconds) {
      return fail(fmt::format("the duration \"{}\" is longer than {}", text, print_duration(kLongestDuration)));
    }
    return Duration{count * unit.milliseconds};
  }
  return fail(fmt::format("\"{}\" is not a duration", text), "write a whole number and a unit: 500ms, 10s, 5m, 4h, 1d");
}

std::string print_duration(Duration duration) {
  for (const Unit& unit : kUnits) {
    if (duration.count() != 0 && duration.count() % unit.milliseconds == 0) {
      return fmt::format("{}{}", duration.count() / unit.milliseconds, unit.suffix);
    }
  }
  return "0s";
}

}  // namespace vtid
