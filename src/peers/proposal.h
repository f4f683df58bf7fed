// Proposals in strongSwan's notation ("aes256gcm16-prfsha384-ecp384"), as far as it takes to tell whether two ends would agree:
// which algorithms each offers for which purpose. What a word is for follows from libstrongswan's proposal_keywords_static.txt.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace vtid::peers {

struct Proposal {
  // Of ESP and of IKE alike; AEAD ciphers need no integrity, and a PRF that is not named is that of the integrity algorithm.
  std::set<std::string> encryption, integrity, prf, key_exchange, sequence_numbers;
  bool operator==(const Proposal&) const = default;
};

enum class Of : std::uint8_t { ike, esp };
[[nodiscard]] Proposal parse_proposal(std::string_view text, Of of);

// Nothing when they have one in common, as an IKE responder chooses; else what is missing, of the pair that comes nearest:
// "no key exchange in common: ecp384 here, modp2048 there".
[[nodiscard]] std::optional<std::string> disagreement(const std::vector<std::string>& here,
                                                      const std::vector<std::string>& there, Of of);

}  // namespace vtid::peers
