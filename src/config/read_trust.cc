#include "config/read_trust.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

#include "config/credentials.h"
#include "config/identity.h"
#include "config/read_auth.h"
#include "config/values.h"

namespace vtid::config {
namespace {

constexpr Word<model::Revocation> kRevocation[] = {
    {"relaxed", model::Revocation::relaxed}, {"if_uri", model::Revocation::if_uri}, {"strict", model::Revocation::strict}};

// One of what `convert` reads, or an array of up to `most`.
template <class Convert>
auto one_or_several(std::size_t most, Convert convert) {
  using Value = typename decltype(convert(std::declval<const Node&>()))::value_type;
  return [=](const Node& node) -> Result<std::vector<Value>> {
    const auto* items = std::get_if<Node::Array>(&node.value);
    if (items == nullptr) return map(convert(node), [](const Value& value) { return std::vector{value}; });
    if (items->empty()) return fail("is empty", "name one, or take the key out");
    if (items->size() > most) return fail(fmt::format("has more than {} entries", most));
    std::vector<Value> values;
    for (const Node& item : *items) {
      auto value = convert(item);
      if (!value) return fail("has an entry that " + value.error().text, value.error().remedy);
      values.push_back(std::move(*value));
    }
    return values;
  };
}

// Reads the files that `key` names; each of them becomes parts.
template <class Understand>
void read_files(Object& auth, std::string_view key, const FileReader& read_file, model::PublicSources& source,
                Understand understand) {
  auth.read(key, source.files, one_or_several(kMostAuthorityFiles, filled_text));
  for (const std::string& file : source.files) {
    const auto bytes = read_file(file);
    auto parts = then(bytes, understand);
    if (parts) {
      std::ranges::move(*parts, std::back_inserter(source.parts));
      continue;
    }
    Error error = parts.error();
    if (source.files.size() > 1) error.text = fmt::format("\"{}\": {}", file, error.text);
    auth.fail(key, std::move(error));
  }
}

Result<std::vector<std::string>> read_cas(const std::string& bytes) {
  auto certificates = read_certificates(bytes);
  if (!certificates) return certificates;
  const auto other = std::ranges::find_if_not(*certificates, is_ca);
  if (other == certificates->end()) return certificates;
  return fail(fmt::format("certificate {} of the file is not a CA's: its basicConstraints do not say so",
                          other - certificates->begin() + 1),
              "name the certificate of the CA that signed the peer's");
}

// Printable ASCII without a blank: RFC 3986, and what charon takes.
auto uri_with(std::initializer_list<std::string_view> schemes) {
  return [all = std::vector(schemes)](const Node& node) -> Result<std::string> {
    auto text = filled_text(node);
    if (!text) return text;
    const auto scheme = std::ranges::find_if(all, [&](std::string_view one) { return text->starts_with(one); });
    const bool printable = std::ranges::all_of(*text, [](unsigned char c) { return c > ' ' && c < 0x7f; });
    if (scheme != all.end() && printable && text->size() > scheme->size() && text->size() <= kLongestUri) return text;
    return fail(fmt::format("\"{}\" is not such an address", text->substr(0, kLongestShown)),
                fmt::format("write {}..., without blanks, at most {} characters", fmt::join(all, "... or "), kLongestUri));
  };
}

// "1.3.6.1.4.1": at least two numbers, and nothing that charon, which compares texts, would write otherwise.
Result<std::string> oid(const Node& node) {
  auto text = filled_text(node);
  if (!text) return text;
  std::size_t numbers = 0;
  bool good = text->front() >= '0' && text->front() <= '2' && text->size() < kLongestShown;
  for (std::size_t begin = 0; good && begin <= text->size(); ++numbers) {
    const std::size_t end = std::min(text->find('.', begin), text->size());
    const std::string_view number = std::string_view(*text).substr(begin, end - begin);
    good = !number.empty() && std::ranges::all_of(number, [](char c) { return c >= '0' && c <= '9'; }) &&
           (number == "0" || number.front() != '0');
    begin = end + 1;
  }
  if (good && numbers > 1) return text;
  return fail(fmt::format("\"{}\" is no object identifier", text->substr(0, kLongestShown)), "write it like 1.3.6.1.4.1.99");
}

Result<model::SignatureScheme> scheme(const Node& node) {
  const auto* written = std::get_if<std::string>(&node.value);
  if (written == nullptr) return std::unexpected(wrong_kind(node, "a string"));
  std::string all;
  for (const model::SignatureScheme& one : model::signature_schemes()) {
    if (*written == one.name) return one;
    all += fmt::format("{}\"{}\"", all.empty() ? "" : ", ", one.name);
  }
  return fail(fmt::format("\"{}\" is not known here", written->substr(0, kLongestShown)), "write some of " + all);
}

// charon makes its own kind of what looks like an address, a name of many parts or a pattern, and the other end then does not
// find it.
Result<std::string> ppk_id(const Node& node) {
  auto text = filled_text(node);
  if (!text) return text;
  const auto plain = [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' ||
           c == '@';
  };
  const bool good = text->size() <= kLongestIdentity && std::ranges::all_of(*text, plain) && text->front() != '@' &&
                    !net::parse_address(*text);
  if (good) return text;
  return fail(fmt::format("\"{}\" cannot be the name of a PPK", text->substr(0, kLongestShown)),
              "use letters, digits, '.', '-', '_' and '@', as the peer has it");
}

// The length of what charon is told, which it does not take when it is longer.
std::size_t told_length(const std::vector<model::SignatureScheme>& schemes) {
  std::size_t length = 0;
  for (const model::SignatureScheme& one : schemes) length += one.hash.size() + 1;
  std::string_view before;
  for (const model::SignatureScheme& one : schemes) {
    if (one.key != before) length += one.key.size() + (before.empty() ? 4 : 5);
    before = one.key;
  }
  return length;
}

}  // namespace

void read_authorities(Object& auth, const Readers& readers, model::CertificateAuth& result) {
  read_files(auth, "ca", readers.open, result.ca, read_cas);
}

void read_revocation(Object& auth, const Readers& readers, model::CertificateAuth& result) {
  auth.read("revocation", result.revocation, optional_of(one_of(kRevocation)));
  read_files(auth, "crl", readers.open, result.crl, [](const std::string& bytes) { return read_revocation_lists(bytes); });
  auth.read("crl_uris", result.crl_uris, one_or_several(kMostUris, uri_with({"http://", "https://", "ldap://"})));
  auth.read("ocsp_uris", result.ocsp_uris, one_or_several(kMostUris, uri_with({"http://", "https://"})));
  auth.read("ca_id", result.ca_id, own_identity);
  auth.read("policies", result.policies, one_or_several(kMostPolicies, oid));
  if (auth.has("ca") || !auth.has("peer_certificate")) return;
  const bool relaxed = result.revocation.value_or(model::Revocation::relaxed) == model::Revocation::relaxed;
  for (const std::string_view key : {"revocation", "crl", "crl_uris", "ocsp_uris", "ca_id", "policies"}) {
    if (!auth.has(key) || (key == "revocation" && relaxed)) continue;
    auth.fail(key, Error{"is a CA's to tell, and this peer is trusted by its certificate alone", "name the \"ca\" too"});
  }
}

void read_signatures(Object& auth, model::Ike& ike) {
  const std::size_t most = model::signature_schemes().size();
  for (const auto& [key, schemes] :
       {std::pair("signature", &ike.signature), std::pair("peer_signature", &ike.peer_signature)}) {
    auth.read(key, *schemes, one_or_several(most, scheme));
    if (told_length(*schemes) > kLongestSignatureWord)
      auth.fail(key, Error{"names more schemes than charon can be told", "name fewer, those of one kind of key side by side"});
  }
}

void read_ppk(Object& auth, const Readers& readers, Findings& findings, model::Ike& ike) {
  auto object = auth.object("ppk");
  if (!object) return;
  model::Ppk ppk;
  object->require("id", ppk.id, ppk_id);
  object->read("required", ppk.required, flag);
  object->need("secret");
  if (auto secret = object->object("secret")) read_secret(std::move(*secret), readers, findings, ppk.secret);
  object->close();
  if (!ppk.required && !findings.any_under(object->pointer()))
    findings.warning(object->pointer(),
                     "is not required: with a peer that does not have it the SA is made without it, and nothing tells",
                     "write \"required\": true as soon as the peer has it too");
  ike.ppk = std::move(ppk);
}

}  // namespace vtid::config
