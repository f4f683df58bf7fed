#include "foreign/swanctl_secrets.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <utility>

#include "foreign/pfsense_names.h"
#include "net/address.h"

namespace vtid::foreign {
namespace {

enum class Kind { any, address, name, mail, subject, key };

struct Identity {
  Kind kind = Kind::any;
  std::string text;  // in lower case where case does not count
};

struct Prefix {
  std::string_view word;
  Kind kind;
};
constexpr std::array kPrefixes{
    Prefix{"fqdn:", Kind::name},     Prefix{"dns:", Kind::name},     Prefix{"rfc822:", Kind::mail},
    Prefix{"userfqdn:", Kind::mail}, Prefix{"email:", Kind::mail},   Prefix{"asn1dn:", Kind::subject},
    Prefix{"keyid:", Kind::key},     Prefix{"ipv4:", Kind::address}, Prefix{"ipv6:", Kind::address}};

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

// Without the spaces around its parts: "C=CH, CN=x" is "c=ch,cn=x".
std::string subject(std::string_view text) {
  std::string result;
  for (const char c : lower(text)) {
    const bool after = !result.empty() && (result.back() == ',' || result.back() == '=');
    if (c == ' ' && after) continue;
    while ((c == ',' || c == '=') && result.ends_with(' ')) result.pop_back();
    result += c;
  }
  return result;
}

Identity identity_of(std::string_view text) {
  constexpr std::array<std::string_view, 7> kAnybody{"", "%any", "%any4", "%any6", "*", "0.0.0.0", "::"};
  if (std::ranges::find(kAnybody, text) != kAnybody.end()) return {};
  for (const Prefix& prefix : kPrefixes) {
    if (!text.starts_with(prefix.word)) continue;
    const std::string_view rest = text.substr(prefix.word.size());
    if (prefix.kind == Kind::key) return {Kind::key, std::string(rest)};
    return {prefix.kind, prefix.kind == Kind::subject ? subject(rest) : lower(rest)};
  }
  if (text.starts_with("@#")) return {Kind::key, std::string(text.substr(2))};
  if (text.starts_with("@@")) return {Kind::mail, lower(text.substr(2))};
  if (text.starts_with('@')) return {Kind::name, lower(text.substr(1))};
  if (net::parse_prefix(text)) return {Kind::address, std::string(text)};
  if (text.contains('=')) return {Kind::subject, subject(text)};
  return {text.contains('@') ? Kind::mail : Kind::name, lower(text)};
}

// Part by part, and a part of the pattern may be anything: "c=ch,o=*,cn=x".
bool matches_subject(std::string_view subject, std::string_view pattern) {
  const auto parts = words_of(subject, ","), wanted = words_of(pattern, ",");
  return std::ranges::equal(parts, wanted, [](const std::string& part, const std::string& one) {
    return part == one || (one.ends_with("=*") && part.starts_with(std::string_view(one).substr(0, one.size() - 1)));
  });
}

IdMatch best_of(const std::vector<std::string>& identities, const std::string& pattern) {
  if (identities.empty()) return match_identity("%any", pattern);
  IdMatch best = IdMatch::none;
  for (const std::string& identity : identities) best = std::max(best, match_identity(identity, pattern));
  return best;
}

}  // namespace

IdMatch match_identity(std::string_view identity, std::string_view pattern) {
  const Identity own = identity_of(identity), wanted = identity_of(pattern);
  if (wanted.kind == Kind::any) return IdMatch::any;
  if (own.kind != wanted.kind) return IdMatch::none;
  if (own.kind == Kind::address) {
    const auto one = net::parse_prefix(own.text), all = net::parse_prefix(wanted.text);
    if (!one || !all || !all->contains(one->address)) return IdMatch::none;
    return all->length == all->address.bits() ? IdMatch::perfect : IdMatch::range;
  }
  if (own.text == wanted.text) return IdMatch::perfect;
  if (own.kind == Kind::subject && matches_subject(own.text, wanted.text)) return IdMatch::wildcards;
  const bool pattern_of_names = own.kind == Kind::name || own.kind == Kind::mail;
  if (pattern_of_names && wanted.text.starts_with('*') && own.text.ends_with(std::string_view(wanted.text).substr(1)))
    return IdMatch::wildcards;
  return IdMatch::none;
}

namespace {

using Match = std::pair<IdMatch, IdMatch>;  // the first counts more

// Of a secret with that rule; nothing: it does not fit.
std::optional<Match> match_of(const Section& secret, const Ends& ends, SecretRule rule) {
  IdMatch theirs = IdMatch::none, ours = IdMatch::none;
  int owners = 0;
  for (const Setting& setting : secret.settings) {
    if (!setting.key.starts_with("id")) continue;
    ++owners;
    theirs = std::max(theirs, best_of(ends.theirs, setting.value));
    ours = std::max(ours, best_of(ends.ours, setting.value));
  }
  if (owners == 0) return Match{IdMatch::any, IdMatch::any};
  if (rule == SecretRule::charon)
    return theirs == IdMatch::none && ours == IdMatch::none ? std::nullopt : std::optional(Match{theirs, ours});
  if (owners == 1 && theirs == IdMatch::none) theirs = IdMatch::any;
  return theirs == IdMatch::none || ours == IdMatch::none ? std::nullopt : std::optional(Match{ours, theirs});
}

}  // namespace

const Section* secret_of(const Section& secrets, const Ends& ends, SecretRule rule) {
  const Section* best = nullptr;
  Match best_match{IdMatch::none, IdMatch::none};
  for (const Section& secret : secrets.sections) {
    if (!secret.name.starts_with("ike") || secret.value("secret").empty()) continue;
    const auto match = match_of(secret, ends, rule);
    const bool later = rule == SecretRule::charon && match == best_match;  // charon looks at the last one first
    if (!match || (*match <= best_match && !later)) continue;
    best_match = *match;
    best = &secret;
  }
  return best;
}

}  // namespace vtid::foreign
