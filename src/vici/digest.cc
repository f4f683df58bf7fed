#include "vici/digest.h"

#include <fmt/format.h>

#include "vici/codec.h"

namespace vtid::vici {

void Digest::add(const Message& message) {
  for (const char c : encode({PacketType::response, {}, message}).value_or("")) {
    hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
}

std::string Digest::text() const { return fmt::format("{:016x}", hash_); }

}  // namespace vtid::vici
