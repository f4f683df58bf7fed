#include "model/sa_algorithm.h"

#include <fmt/format.h>

#include <algorithm>

namespace vtid::model {
namespace {

constexpr int kAesBits[] = {128, 192, 256};

struct IntegrityFacts {
  Integrity integrity;
  std::string_view keyword;
  std::string_view name;  // charon's
  int key_bytes;
  int icv_bits;
};
constexpr IntegrityFacts kIntegrities[] = {
    {Integrity::sha256, "sha256", "HMAC_SHA2_256_128", 32, 128},
    {Integrity::sha384, "sha384", "HMAC_SHA2_384_192", 48, 192},
    {Integrity::sha512, "sha512", "HMAC_SHA2_512_256", 64, 256},
    {Integrity::sha1, "sha1", "HMAC_SHA1_96", 20, 96},
};

const IntegrityFacts* facts_of(Integrity integrity) {
  const auto* const found = std::ranges::find(kIntegrities, integrity, &IntegrityFacts::integrity);
  return found == std::end(kIntegrities) ? nullptr : found;
}

std::vector<SaAlgorithm> list() {
  std::vector<SaAlgorithm> all;
  for (const int bits : kAesBits) {
    for (const Cipher cipher : {Cipher::aes_gcm, Cipher::aes_ccm}) {
      for (const int icv : {128, 96, 64}) all.push_back({cipher, Integrity::none, bits, icv});
    }
    for (const auto& integrity : kIntegrities) {
      all.push_back({Cipher::aes_cbc, integrity.integrity, bits, integrity.icv_bits});
    }
  }
  all.push_back({Cipher::chacha20_poly1305, Integrity::none, 256, 128});
  for (const auto& integrity : kIntegrities) all.push_back({Cipher::null, integrity.integrity, 0, integrity.icv_bits});
  return all;
}

std::string cipher_keyword(const SaAlgorithm& algorithm) {
  switch (algorithm.cipher) {
    case Cipher::aes_cbc: return fmt::format("aes{}", algorithm.key_bits);
    case Cipher::aes_gcm: return fmt::format("aes{}gcm{}", algorithm.key_bits, algorithm.icv_bits / 8);
    case Cipher::aes_ccm: return fmt::format("aes{}ccm{}", algorithm.key_bits, algorithm.icv_bits / 8);
    case Cipher::chacha20_poly1305: return "chacha20poly1305";
    case Cipher::null: return "null";
  }
  std::abort();
}

std::string cipher_name(const SaAlgorithm& algorithm) {
  switch (algorithm.cipher) {
    case Cipher::aes_cbc: return "AES_CBC";
    case Cipher::aes_gcm: return fmt::format("AES_GCM_{}", algorithm.icv_bits / 8);
    case Cipher::aes_ccm: return fmt::format("AES_CCM_{}", algorithm.icv_bits / 8);
    case Cipher::chacha20_poly1305: return "CHACHA20_POLY1305";
    case Cipher::null: return "NULL";
  }
  std::abort();
}

}  // namespace

const std::vector<SaAlgorithm>& sa_algorithms() {
  static const std::vector<SaAlgorithm> kAll = list();
  return kAll;
}

std::optional<SaAlgorithm> parse_sa_algorithm(std::string_view keyword) {
  const auto found =
      std::ranges::find_if(sa_algorithms(), [&](const SaAlgorithm& algorithm) { return print(algorithm) == keyword; });
  return found == sa_algorithms().end() ? std::nullopt : std::optional(*found);
}

std::string print(const SaAlgorithm& algorithm) {
  const IntegrityFacts* integrity = facts_of(algorithm.integrity);
  return integrity == nullptr ? cipher_keyword(algorithm) : fmt::format("{}-{}", cipher_keyword(algorithm), integrity->keyword);
}

KeyLayout key_layout(const SaAlgorithm& algorithm) {
  KeyLayout layout{.cipher = algorithm.key_bits / 8};
  if (counts(algorithm)) layout.salt = algorithm.cipher == Cipher::aes_ccm ? 3 : 4;
  if (const IntegrityFacts* integrity = facts_of(algorithm.integrity)) layout.integrity = integrity->key_bytes;
  return layout;
}

bool counts(const SaAlgorithm& algorithm) { return algorithm.integrity == Integrity::none; }

Algorithms in_words(const SaAlgorithm& algorithm) {
  const IntegrityFacts* integrity = facts_of(algorithm.integrity);
  return {.encryption = cipher_name(algorithm),
          .encryption_bits = algorithm.key_bits,
          .integrity = integrity == nullptr ? "" : std::string(integrity->name),
          .dh_group = ""};
}

}  // namespace vtid::model
