#include "foreign/ipsec_conf_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "foreign/pfsense_names.h"

namespace vtid::foreign {
namespace {

using WordPair = std::pair<std::string_view, std::string_view>;

// libreswan's words on the left.
constexpr std::array kStarterWords{WordPair{"sha2", "sha256"},
                                   WordPair{"sha2_256", "sha256"},
                                   WordPair{"sha2_384", "sha384"},
                                   WordPair{"sha2_512", "sha512"},
                                   WordPair{"sha", "sha1"},
                                   WordPair{"aes_xcbc", "aesxcbc"},
                                   WordPair{"chacha20_poly1305", "chacha20poly1305"},
                                   WordPair{"dh1", "modp768"},
                                   WordPair{"dh2", "modp1024"},
                                   WordPair{"dh5", "modp1536"},
                                   WordPair{"dh14", "modp2048"},
                                   WordPair{"dh15", "modp3072"},
                                   WordPair{"dh16", "modp4096"},
                                   WordPair{"dh17", "modp6144"},
                                   WordPair{"dh18", "modp8192"},
                                   WordPair{"dh19", "ecp256"},
                                   WordPair{"dh20", "ecp384"},
                                   WordPair{"dh21", "ecp521"},
                                   WordPair{"dh22", "modp1024s160"},
                                   WordPair{"dh23", "modp2048s224"},
                                   WordPair{"dh24", "modp2048s256"},
                                   WordPair{"dh31", "x25519"},
                                   WordPair{"curve25519", "x25519"}};

bool is_decimal(unsigned char c) { return std::isdigit(c) != 0; }

// "aes_gcm256", "aes_gcm_c256", "aes_gcm_16_256", "aes-gcm…" is not: a '-' divides words.
std::string libreswan_cipher(std::string_view word) {
  for (const std::string_view mode : {"gcm", "ccm"}) {
    const std::string begin = fmt::format("aes_{}", mode);
    if (!word.starts_with(begin)) continue;
    std::string_view rest = word.substr(begin.size());
    std::string_view tag = "16";
    for (const auto& [theirs, ours] : {WordPair{"_16", "16"}, WordPair{"_12", "12"}, WordPair{"_8", "8"}, WordPair{"_a", "8"},
                                       WordPair{"_b", "12"}, WordPair{"_c", "16"}}) {
      if (!rest.starts_with(theirs)) continue;
      rest.remove_prefix(theirs.size());
      tag = ours;
      break;
    }
    if (rest.starts_with('_')) rest.remove_prefix(1);
    return fmt::format("aes{}{}{}", rest.empty() ? "256" : rest, mode, tag);
  }
  if (word == "aes") return "aes128";
  if (word.starts_with("aes_cbc"))
    return fmt::format("aes{}", word.size() > 7 && std::ranges::all_of(word.substr(7 + (word[7] == '_' ? 1 : 0)), is_decimal)
                                    ? word.substr(7 + (word[7] == '_' ? 1 : 0))
                                    : "128");
  return std::string(word);
}

std::string starter_word(std::string_view word) {
  const auto known = std::ranges::find(kStarterWords, word, &WordPair::first);
  return known == kStarterWords.end() ? libreswan_cipher(word) : std::string(known->second);
}

bool is_aead_cipher(std::string_view word) {
  return word.contains("gcm") || word.contains("ccm") || word.starts_with("chacha");
}

bool is_hash_word(std::string_view word) { return word.starts_with("sha") || word == "md5" || word == "aesxcbc"; }

// An AEAD cipher has no hash beside it: in IKE it is the PRF's.
std::string starter_proposal(std::string_view written, bool esp) {
  std::string result;
  bool aead = false;
  for (const std::string& part : words_of(written, "-;")) {
    for (const std::string& one : words_of(part, "+")) {
      std::string word = starter_word(one);
      aead |= is_aead_cipher(word);
      if (word == "null" || word == "none") {
        if (result.empty()) result = word;  // a cipher
        continue;
      }
      if (aead && is_hash_word(word)) {
        if (esp) continue;
        word.insert(0, "prf");
      }
      result += (result.empty() ? "" : "-") + word;
    }
  }
  return result;
}

}  // namespace

std::string strongswan_proposals(std::string_view written, bool esp) {
  std::string text(written), result;
  std::erase_if(text, [](char c) { return c == ' ' || c == '!'; });
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const std::string& one : words_of(text, ",")) result += (result.empty() ? "" : ",") + starter_proposal(one, esp);
  return result;
}

std::string with_key_exchange(std::string_view esp, std::string_view ike) {
  const auto group_of = [](std::string_view proposal) -> std::string {
    for (const std::string& word : words_of(proposal, "-")) {
      if (word.starts_with("modp") || word.starts_with("ecp") || word.starts_with("x25519") || word.starts_with("x448"))
        return word;
    }
    return "";
  };
  const std::string group = group_of(ike.substr(0, ike.find(',')));
  std::string result;
  for (const std::string& one : words_of(esp, ",")) {
    const bool add = !group.empty() && group_of(one).empty();
    result += fmt::format("{}{}{}", result.empty() ? "" : ",", one, add ? "-" + group : "");
  }
  return result;
}

std::string strongswan_identity(std::string_view written) {
  if (written == "%fromcert" || written == "%none" || written == "%myid") return "";
  if (written.starts_with('%') && !written.starts_with("%any")) written.remove_prefix(1);  // the peer is not asked for it
  if (written.starts_with("@[") && written.ends_with(']'))
    return fmt::format("keyid:{}", written.substr(2, written.size() - 3));
  const bool name = written.size() > 1 && written.starts_with('@') && written[1] != '@' && written[1] != '#' &&
                    written[1] != '[' && written[1] != '~';
  if (!name) return std::string(written);
  const std::string_view rest = written.substr(1);
  const bool plain =
      std::ranges::all_of(rest, [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_'; });
  const bool letters = std::ranges::any_of(rest, [](unsigned char c) { return std::isalpha(c) != 0; });
  return plain && letters ? std::string(rest) : "fqdn:" + std::string(rest);
}

}  // namespace vtid::foreign
