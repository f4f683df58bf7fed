// What a static SA encrypts and authenticates with: a closed list in swanctl's words. Nothing weak is on it.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/sa_table.h"

namespace vtid::model {

enum class Cipher : std::uint8_t { aes_cbc, aes_gcm, aes_ccm, chacha20_poly1305, null };
enum class Integrity : std::uint8_t { none, sha1, sha256, sha384, sha512 };  // none: the cipher authenticates itself

struct SaAlgorithm {
  Cipher cipher = Cipher::aes_gcm;
  Integrity integrity = Integrity::none;
  int key_bits = 128;  // of the cipher, without its salt
  int icv_bits = 128;
  auto operator<=>(const SaAlgorithm&) const = default;
};

// "aes128gcm16", "aes256-sha256". Nothing when it is not on the list.
[[nodiscard]] std::optional<SaAlgorithm> parse_sa_algorithm(std::string_view keyword);
[[nodiscard]] std::string print(const SaAlgorithm& algorithm);
[[nodiscard]] const std::vector<SaAlgorithm>& sa_algorithms();

// The parts of the key material, in their order, in bytes: RFC 4106, 4309, 7634 (the salt follows the key), 4868, 2404.
struct KeyLayout {
  int cipher = 0;
  int salt = 0;
  int integrity = 0;
  [[nodiscard]] int total() const { return cipher + salt + integrity; }
};
[[nodiscard]] KeyLayout key_layout(const SaAlgorithm& algorithm);

// Whether two packets under one key and one counter tell about each other: GCM, CCM and ChaCha20.
[[nodiscard]] bool counts(const SaAlgorithm& algorithm);

// In charon's words, as CHILD_SAs are shown.
[[nodiscard]] Algorithms in_words(const SaAlgorithm& algorithm);

}  // namespace vtid::model
