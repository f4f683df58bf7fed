#include "model/proposal.h"

#include <algorithm>
#include <array>

namespace vtid::model {
namespace {

bool begins_with_one_of(std::string_view word, std::initializer_list<std::string_view> beginnings) {
  return std::ranges::any_of(beginnings, [&](std::string_view beginning) { return word.starts_with(beginning); });
}

// Two spellings of one algorithm.
std::string canonical(std::string_view word) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kSame{{{"sha", "sha1"},
                                                                                 {"sha2_256", "sha256"},
                                                                                 {"sha2_384", "sha384"},
                                                                                 {"sha2_512", "sha512"},
                                                                                 {"aes", "aes128"},
                                                                                 {"curve25519", "x25519"},
                                                                                 {"curve448", "x448"},
                                                                                 {"prfsha", "prfsha1"},
                                                                                 {"aes128gcm", "aes128gcm16"},
                                                                                 {"aes256gcm", "aes256gcm16"},
                                                                                 {"blowfish", "blowfish128"},
                                                                                 {"camellia", "camellia128"}}};
  const auto* found = std::ranges::find(kSame, word, [](const auto& pair) { return pair.first; });
  if (found != kSame.end()) return std::string(found->second);
  // aes128gcm128 counts the ICV in bits, aes128gcm16 in bytes.
  for (const auto& [bits, bytes] : {std::pair{"gcm128", "gcm16"}, {"gcm96", "gcm12"}, {"gcm64", "gcm8"}}) {
    if (word.ends_with(bits)) return std::string(word.substr(0, word.size() - std::string_view(bits).size())) + bytes;
  }
  return std::string(word);
}

bool is_aead(const std::string& word) {
  return word.contains("gcm") || word.contains("ccm") || word.starts_with("chacha20poly1305");
}

}  // namespace

Proposal parse_proposal(std::string_view text, Of of) {
  Proposal proposal;
  while (!text.empty()) {
    const auto dash = text.find('-');
    const std::string word = canonical(text.substr(0, dash));
    text = dash == std::string_view::npos ? std::string_view{} : text.substr(dash + 1);
    if (begins_with_one_of(word, {"prf"})) {
      proposal.prf.insert(word);
    } else if (begins_with_one_of(word, {"sha", "md5", "aesxcbc", "aescmac", "camelliaxcbc"}) || word.ends_with("gmac")) {
      proposal.integrity.insert(word);
    } else if (begins_with_one_of(word, {"modp", "ecp", "x25519", "x448", "ntru", "newhope", "mlkem", "ke", "frodo", "none"})) {
      if (word != "none" && word != "modpnone") proposal.key_exchange.insert(word);
    } else if (word == "esn" || word == "noesn") {
      proposal.sequence_numbers.insert(word);
    } else {
      proposal.encryption.insert(word);
    }
  }
  if (std::ranges::all_of(proposal.encryption, is_aead) && !proposal.encryption.empty()) proposal.integrity.clear();
  if (of == Of::ike && proposal.prf.empty()) {
    for (const std::string& word : proposal.integrity) proposal.prf.insert("prf" + word.substr(0, word.find('_')));
  }
  if (of == Of::esp) {
    proposal.prf.clear();
    if (proposal.sequence_numbers.empty()) proposal.sequence_numbers = {"noesn"};
  }
  return proposal;
}

}  // namespace vtid::model
