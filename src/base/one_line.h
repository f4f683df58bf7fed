// Text of files made part of one line.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace vtid {

// Each control character of ASCII (C0, DEL) becomes `replacement`.
[[nodiscard]] inline std::string one_line(std::string text, char replacement) {
  std::ranges::replace_if(
      text, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, replacement);
  return text;
}

// The same with blanks, without those at both ends.
[[nodiscard]] inline std::string trimmed_line(std::string_view text) {
  const std::string line = one_line(std::string(text), ' ');
  const auto first = line.find_first_not_of(' ');
  return first == std::string::npos ? std::string{} : line.substr(first, line.find_last_not_of(' ') - first + 1);
}

}  // namespace vtid
