#include "reconcile/mtu.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "model/mtu.h"

namespace vtid::reconcile {
namespace {

using model::kLowestMtu;

struct Cipher {
  std::string_view name;  // charon's word, and the beginning of swanctl's keyword after the key length is cut out
  std::string_view keyword;
  int iv;
  int icv;  // of the AEAD itself; 0 when a separate integrity algorithm follows
  int block;
};
// strongSwan's encryption_algorithm_names and proposal keywords; sizes from RFC 3602, 3686, 4106, 4309, 5529, 7634, 2451.
constexpr std::array kCiphers{
    Cipher{"AES_GCM_16", "aesgcm16", 8, 16, 4},
    Cipher{"AES_GCM_16", "aesgcm128", 8, 16, 4},
    Cipher{"AES_GCM_12", "aesgcm12", 8, 12, 4},
    Cipher{"AES_GCM_12", "aesgcm96", 8, 12, 4},
    Cipher{"AES_GCM_8", "aesgcm8", 8, 8, 4},
    Cipher{"AES_GCM_8", "aesgcm64", 8, 8, 4},
    Cipher{"AES_CCM_16", "aesccm16", 8, 16, 4},
    Cipher{"AES_CCM_16", "aesccm128", 8, 16, 4},
    Cipher{"AES_CCM_12", "aesccm12", 8, 12, 4},
    Cipher{"AES_CCM_12", "aesccm96", 8, 12, 4},
    Cipher{"AES_CCM_8", "aesccm8", 8, 8, 4},
    Cipher{"AES_CCM_8", "aesccm64", 8, 8, 4},
    Cipher{"CHACHA20_POLY1305", "chacha20poly1305", 8, 16, 4},
    Cipher{"NULL_AES_GMAC", "aesgmac", 8, 16, 4},
    Cipher{"AES_CTR", "aesctr", 8, 0, 4},
    Cipher{"AES_CBC", "aes", 16, 0, 16},
    Cipher{"CAMELLIA_CTR", "camelliactr", 8, 0, 4},
    Cipher{"CAMELLIA_CBC", "camellia", 16, 0, 16},
    Cipher{"3DES_CBC", "3des", 8, 0, 8},
    Cipher{"NULL", "null", 0, 0, 4},
};

struct Integrity {
  std::string_view name;
  std::string_view keyword;
  int icv;
};
constexpr std::array kIntegrities{
    Integrity{"HMAC_SHA2_256_128", "sha256", 16}, Integrity{"HMAC_SHA2_256_96", "sha256_96", 12},
    Integrity{"HMAC_SHA2_384_192", "sha384", 24}, Integrity{"HMAC_SHA2_512_256", "sha512", 32},
    Integrity{"HMAC_SHA1_96", "sha1", 12},        Integrity{"HMAC_SHA1_96", "sha", 12},
    Integrity{"HMAC_MD5_96", "md5", 12},          Integrity{"AES_XCBC_96", "aesxcbc", 12},
    Integrity{"AES_CMAC_96", "aescmac", 12},
};

// "aes256gcm16" -> "aesgcm16": the key length is the first number, except in names that begin with or contain their own.
std::string without_key_length(std::string_view keyword) {
  if (keyword.starts_with("3des") || keyword.starts_with("chacha20")) return std::string(keyword);
  const auto first = std::ranges::find_if(keyword, [](char c) { return c >= '0' && c <= '9'; });
  const auto last = std::find_if_not(first, keyword.end(), [](char c) { return c >= '0' && c <= '9'; });
  return std::string(keyword.begin(), first) + std::string(last, keyword.end());
}

}  // namespace

EspShape esp_shape(const model::Algorithms& algorithms) {
  const auto cipher = std::ranges::find(kCiphers, algorithms.encryption, &Cipher::name);
  if (cipher == kCiphers.end()) return {};
  EspShape shape{cipher->iv, cipher->icv, cipher->block};
  if (shape.icv != 0) return shape;
  const auto integrity = std::ranges::find(kIntegrities, algorithms.integrity, &Integrity::name);
  shape.icv = integrity == kIntegrities.end() ? EspShape{}.icv : integrity->icv;
  return shape;
}

EspShape esp_shape(std::string_view proposal) {
  EspShape shape;
  bool separate_integrity = true;
  for (std::size_t begin = 0; begin <= proposal.size();) {
    const std::size_t end = std::min(proposal.find('-', begin), proposal.size());
    const std::string_view word = proposal.substr(begin, end - begin);
    const auto cipher = std::ranges::find(kCiphers, without_key_length(word), &Cipher::keyword);
    const auto integrity = std::ranges::find(kIntegrities, word, &Integrity::keyword);
    if (begin == 0 && cipher != kCiphers.end()) {
      shape = {cipher->iv, cipher->icv != 0 ? cipher->icv : shape.icv, cipher->block};
      separate_integrity = cipher->icv == 0;
    } else if (separate_integrity && integrity != kIntegrities.end()) {
      shape.icv = integrity->icv;
    }
    begin = end + 1;
  }
  return shape;
}

Mtu tunnel_mtu(const OuterPath& path, const EspShape& shape) {
  const int header = path.family == net::Family::ipv4 ? 20 : 40;
  const int room = static_cast<int>(path.mtu) - header - (path.udp ? 8 : 0) - 8 - shape.iv - shape.icv;
  const int blocks = std::max(room, 0) / shape.block * shape.block;
  Mtu mtu;
  mtu.value = std::max(static_cast<std::uint32_t>(std::max(blocks - 2, 0)), kLowestMtu);
  mtu.arithmetic =
      fmt::format("{} - {} (IPv{}){} - 8 (ESP) - {} (IV) - {} (ICV) = {}, whole blocks of {}: {}, - 2 (trailer) = {}", path.mtu,
                  header, path.family == net::Family::ipv4 ? 4 : 6, path.udp ? " - 8 (UDP)" : "", shape.iv, shape.icv, room,
                  shape.block, blocks, blocks - 2);
  if (mtu.value != static_cast<std::uint32_t>(std::max(blocks - 2, 0))) {
    mtu.arithmetic += fmt::format(", raised to {} (IPv6's minimum)", kLowestMtu);
  }
  return mtu;
}

}  // namespace vtid::reconcile
