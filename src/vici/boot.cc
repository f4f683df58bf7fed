#include "vici/boot.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>

namespace vtid::vici {
namespace {

using Moment = std::chrono::local_time<std::chrono::seconds>;

constexpr std::string_view kShape = "Mmm dd hh:mm:ss yyyy";

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [rest, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || rest != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Moment> parse(std::string_view text) {
  static constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != kShape.size()) return std::nullopt;
  const auto month = std::ranges::find(kMonths, text.substr(0, 3));
  const auto day = number(text.substr(4, 2));
  const auto hour = number(text.substr(7, 2));
  const auto minute = number(text.substr(10, 2));
  const auto second = number(text.substr(13, 2));
  const auto year = number(text.substr(16, 4));
  if (month == kMonths.end() || !day || !hour || !minute || !second || !year) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(month - kMonths.begin()) + 1},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  return std::chrono::local_days{date} + std::chrono::hours{*hour} + std::chrono::minutes{*minute} +
         std::chrono::seconds{*second};
}

}  // namespace

bool same_boot(std::string_view a, std::string_view b) {
  if (a == b) return true;
  const auto first = parse(a);
  const auto second = parse(b);
  return first && second && std::chrono::abs(*first - *second) <= kSameBoot;
}

}  // namespace vtid::vici
