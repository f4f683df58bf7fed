// Reads the .hex files of this folder: lines of '>' (said) and '<' (heard), '#' for comments.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "platform/linux/message.h"

namespace vtid::golden {

struct Recorded {
  platform::netlink::Bytes said;
  platform::netlink::Bytes heard;
};

inline std::filesystem::path golden_folder() { return std::filesystem::path(VTID_SOURCE_DIR) / "tests/golden/netlink"; }

inline Recorded read_golden(const std::string& name) {
  Recorded recorded;
  std::ifstream file(golden_folder() / (name + ".hex"));
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.front() == '#') continue;
    auto& bytes = line.front() == '>' ? recorded.said : recorded.heard;
    for (std::size_t at = 2; at + 1 < line.size(); at += 2) {
      bytes.push_back(static_cast<std::uint8_t>(std::stoul(line.substr(at, 2), nullptr, 16)));
    }
  }
  return recorded;
}

}  // namespace vtid::golden
