// Proposals in strongSwan's notation ("aes256gcm16-prfsha384-ecp384"), taken apart: which algorithms it offers for which
// purpose. What a word is for follows from libstrongswan's proposal_keywords_static.txt.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace vtid::model {

struct Proposal {
  // Of ESP and of IKE alike; AEAD ciphers need no integrity, and a PRF that is not named is that of the integrity algorithm.
  std::set<std::string> encryption, integrity, prf, key_exchange, sequence_numbers;
  bool operator==(const Proposal&) const = default;
};

enum class Of : std::uint8_t { ike, esp };
[[nodiscard]] Proposal parse_proposal(std::string_view text, Of of);

}  // namespace vtid::model
