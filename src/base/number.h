// The whole of a text as a number.
#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string_view>
#include <system_error>

namespace vtid {

// Nothing: it is empty, holds anything but digits of the base (a signed type may have a "-"), or does not fit.
template <std::integral Number>
[[nodiscard]] std::optional<Number> parse_number(std::string_view text, int base = 10) {
  Number number{};
  const char* end = text.data() + text.size();
  const auto [read, error] = std::from_chars(text.data(), end, number, base);
  return error == std::errc{} && read == end ? std::optional(number) : std::nullopt;
}

// "0x1001", or decimal.
template <std::unsigned_integral Number>
[[nodiscard]] std::optional<Number> parse_hexadecimal_or_decimal(std::string_view text) {
  const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
  return hexadecimal ? parse_number<Number>(text.substr(2), 16) : parse_number<Number>(text);
}

}  // namespace vtid
