// A capture of a FreeBSD 12.1 kernel: its bytes, and what the program that took it read out of them with the system's own
// headers ("# expect:"). Such a line's words are compared with the words that our decoders' values make.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "platform/freebsd/wire/bytes.h"

namespace vtid::platform::freebsd {

struct Capture {
  std::string name;
  Bytes bytes;
  std::vector<std::string> expected;
  std::string call;

  [[nodiscard]] bool says(std::string_view word) const {
    return std::ranges::any_of(expected, [&](const auto& line) { return line.find(word) != std::string::npos; });
  }
};

inline std::filesystem::path capture_folder() { return VTID_SOURCE_DIR "/tests/golden/freebsd"; }

inline Capture read_capture(const std::string& name) {
  Capture capture{name, {}, {}, {}};
  std::ifstream file(capture_folder() / (name + ".hex"));
  EXPECT_TRUE(file.good()) << name;
  constexpr std::string_view kExpect = "# expect: ";
  constexpr std::string_view kCall = "# call: ";
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(kExpect)) capture.expected.push_back(line.substr(kExpect.size()));
    if (line.starts_with(kCall)) capture.call = line.substr(kCall.size());
    if (line.starts_with("#")) continue;
    for (std::size_t i = 0; i + 1 < line.size(); i += 2) {
      capture.bytes.push_back(static_cast<std::uint8_t>(std::stoul(line.substr(i, 2), nullptr, 16)));
    }
  }
  return capture;
}

inline std::vector<Capture> read_captures(std::string_view prefix, std::string_view suffix = "") {
  std::vector<Capture> found;
  for (const auto& entry : std::filesystem::directory_iterator(capture_folder())) {
    const std::string name = entry.path().stem();
    if (entry.path().extension() == ".hex" && name.starts_with(prefix) && name.ends_with(suffix)) {
      found.push_back(read_capture(name));
    }
  }
  std::ranges::sort(found, {}, &Capture::name);
  return found;
}

template <class T>
T as(const Bytes& bytes) {
  const auto value = read_at<T>(bytes);
  EXPECT_TRUE(value && bytes.size() == sizeof(T)) << bytes.size();
  return value.value_or(T{});
}

template <class T>
Bytes bytes_of(const T& value) {
  Bytes bytes;
  append(bytes, value);
  return bytes;
}

}  // namespace vtid::platform::freebsd
