// Captured vici packets: files of hexadecimal text, '#' begins a comment, an empty line ends a packet.
#pragma once

#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "vici/codec.h"

namespace vtid::test {

// The segments as they were on the stream, lengths included.
inline std::vector<std::string> read_golden_segments(const std::string& name) {
  std::ifstream file(std::string(VTID_SOURCE_DIR "/tests/golden/vici/") + name + ".hex");
  if (!file) throw std::runtime_error("no golden file " + name);
  std::vector<std::string> segments;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    if (line.empty()) {
      inside = false;
      continue;
    }
    if (!std::exchange(inside, true)) segments.emplace_back();
    for (std::size_t i = 0; i + 1 < line.size(); i += 2) {
      segments.back().push_back(static_cast<char>(std::stoi(line.substr(i, 2), nullptr, 16)));
    }
  }
  return segments;
}

// Decoded; throws when one is refused.
inline std::vector<vici::Packet> read_golden(const std::string& name) {
  vici::SegmentReader reader;
  std::vector<vici::Packet> packets;
  for (const std::string& segment : read_golden_segments(name)) {
    reader.append(segment);
    packets.push_back(vici::decode(reader.next().value().value()).value());
  }
  return packets;
}

}  // namespace vtid::test
