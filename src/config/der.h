// Cuts DER (X.690) into its elements: tag, length, value, as far as certificates and keys need it. Never reads past the end
// and never interprets what it does not cut.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vtid::config {

inline constexpr unsigned char kDerBoolean = 0x01;
inline constexpr unsigned char kDerInteger = 0x02;
inline constexpr unsigned char kDerBits = 0x03;
inline constexpr unsigned char kDerOctets = 0x04;
inline constexpr unsigned char kDerOid = 0x06;
inline constexpr unsigned char kDerUtcTime = 0x17;
inline constexpr unsigned char kDerGeneralizedTime = 0x18;
inline constexpr unsigned char kDerSequence = 0x30;
inline constexpr std::size_t kMostDerElements = 1'024;  // side by side

// Views into the caller's bytes.
struct Der {
  unsigned char tag = 0;
  std::string_view content;
  std::string_view whole;
};

// All of `bytes` as elements side by side; nothing when they are not that.
[[nodiscard]] std::optional<std::vector<Der>> elements(std::string_view bytes);
// What is in the one element that `bytes` are, when it has that tag and holds elements.
[[nodiscard]] std::optional<std::vector<Der>> elements_in(std::string_view bytes, unsigned char tag);
// The bits of a BIT STRING that is a whole number of bytes.
[[nodiscard]] std::optional<std::string_view> whole_bits(const Der& bits);

[[nodiscard]] std::string der_sequence(std::string_view content);

}  // namespace vtid::config
