// Tells apart what one administrator writes into one file: FNV-1a, 64 bits. Nobody attacks it, and no secret goes in.
#pragma once

#include <cstdint>
#include <string>

#include "vici/message.h"

namespace vtid::vici {

class Digest {
 public:
  void add(const Message& message);
  [[nodiscard]] std::string text() const;  // kLength hexadecimal digits
  static constexpr std::size_t kLength = 16;

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325;
};

}  // namespace vtid::vici
