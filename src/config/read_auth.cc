#include "config/read_auth.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <initializer_list>

#include "config/credentials.h"
#include "config/print.h"
#include "config/read_trust.h"
#include "config/values.h"

namespace vtid::config {
namespace {

constexpr std::string_view kForms =
    "write \"psk\"; or \"certificate\", \"key\" and \"ca\"; or \"public_key\", \"key\" and \"peer_public_key\"";
constexpr std::array<std::string_view, 8> kOfCertificates{"send",     "request",   "revocation", "crl",
                                                          "crl_uris", "ocsp_uris", "ca_id",      "policies"};
constexpr std::string_view kMakePublic = "make it: openssl pkey -in KEY -pubout";

constexpr Word<model::SendCertificate> kSend[] = {{"asked", model::SendCertificate::asked},
                                                  {"always", model::SendCertificate::always},
                                                  {"never", model::SendCertificate::never}};
using Members = std::array<std::string_view, 3>;
constexpr Members kCertificates{"certificate", "key", "ca"};
constexpr Members kPinned{"certificate", "key", "peer_certificate"};
constexpr Members kPublicKeys{"public_key", "key", "peer_public_key"};

// The file that `key` names, read and then understood; nothing when that was an error, which is then reported.
template <class Understand>
auto read_named(Object& auth, std::string_view key, const FileReader& read_file, std::string& file, Understand understand)
    -> std::optional<typename std::invoke_result_t<Understand, const std::string&>::value_type> {
  auth.read(key, file, filled_text);
  if (file.empty()) return std::nullopt;
  const auto bytes = read_file(file);
  auto understood = then(bytes, understand);
  if (understood) return std::move(*understood);
  auth.fail(key, understood.error());
  return std::nullopt;
}

void need_all(Object& auth, const Members& members) {
  for (const std::string_view member : members) {
    if (auth.has(member)) continue;
    auth.fail(member, Error{"is required but missing",
                            fmt::format("\"{}\", \"{}\" and \"{}\" belong together", members[0], members[1], members[2])});
  }
}

void read_key(Object& auth, const Readers& readers, model::SecretSource& key) {
  const auto understand = [&](const std::string& bytes) { return read_private_key(bytes, key.file); };
  if (auto der = read_named(auth, "key", readers.key, key.file, understand)) key.secret = model::Secret(std::move(*der));
}

void check_pair(Object& auth, const model::SecretSource& key, const std::string& public_key, std::string_view what) {
  if (key.secret.reveal().empty() || public_key.empty()) return;
  if (is_pair(key.secret.reveal(), public_key).value_or(true)) return;
  auth.fail("key", Error{fmt::format("is not the private key of the {}", what), "name the two files that were made together"});
}

void check_intermediates(Object& auth, const std::vector<std::string>& certificates) {
  for (std::size_t i = 1; i < certificates.size(); ++i) {
    if (is_ca(certificates[i])) continue;
    auth.fail("certificate",
              Error{fmt::format("certificate {} of the file is not a CA's: its basicConstraints do not say so", i + 1),
                    "put our own certificate first, and only those of intermediate CAs behind it"});
  }
}

// What charon decides where the file does not say it.
void read_certificate_options(Object& auth, model::CertificateAuth& result) {
  auth.read("send", result.send, optional_of(one_of(kSend)));
  auth.read("request", result.request, optional_of(flag));
}

void read_peer_certificate(Object& auth, const Readers& readers, model::CertificateAuth& result) {
  auto peers = read_named(auth, "peer_certificate", readers.open, result.peer_certificate.file, read_certificates);
  if (!peers) return;
  result.peer_certificate.parts = std::move(*peers);
  const auto& own = result.certificate.parts;
  if (!own.empty() && std::ranges::find(result.peer_certificate.parts, own.front()) != result.peer_certificate.parts.end())
    auth.fail("peer_certificate", Error{"is our own certificate", "name the peer's"});
}

model::Auth read_certificate_auth(Object& auth, const Readers& readers) {
  model::CertificateAuth result;
  need_all(auth, auth.has("peer_certificate") && !auth.has("ca") ? kPinned : kCertificates);
  if (auto own = read_named(auth, "certificate", readers.open, result.certificate.file, read_certificates)) {
    const std::string public_key = public_key_of(own->front());
    result.key_id = key_id_of(public_key);
    result.certificate.parts = std::move(*own);
    check_intermediates(auth, result.certificate.parts);
    read_key(auth, readers, result.key);
    check_pair(auth, result.key, public_key, "certificate");
  } else {
    read_key(auth, readers, result.key);
  }
  read_authorities(auth, readers, result);
  read_peer_certificate(auth, readers, result);
  read_certificate_options(auth, result);
  read_revocation(auth, readers, result);
  return result;
}

void read_public(Object& auth, std::string_view key, const Readers& readers, model::PublicSource& source) {
  const auto understand = [&](const std::string& bytes) {
    auto der = read_public_key(bytes, source.file);
    if (!der && der.error().remedy.empty()) der.error().remedy = kMakePublic;
    return der;
  };
  if (auto der = read_named(auth, key, readers.open, source.file, understand)) source.parts = {std::move(*der)};
}

model::Auth read_public_key_auth(Object& auth, const Readers& readers) {
  model::PublicKeyAuth result;
  need_all(auth, kPublicKeys);
  read_public(auth, "public_key", readers, result.public_key);
  read_public(auth, "peer_public_key", readers, result.peer_public_key);
  read_key(auth, readers, result.key);
  if (result.public_key.parts.empty()) return result;
  result.key_id = key_id_of(result.public_key.parts.front());
  check_pair(auth, result.key, result.public_key.parts.front(), "public key");
  if (result.public_key.parts == result.peer_public_key.parts) {
    auth.fail("peer_public_key", Error{"is our own public key", "name the peer's"});
  }
  return result;
}

model::Auth read_credentials(Object& auth, const Readers& readers, Findings& findings, model::Ike& ike) {
  const auto has_any = [&](std::initializer_list<std::string_view> members) {
    bool any = false;
    for (const std::string_view member : members) any |= auth.has(member);  // all are asked for, so that all are known
    return any;
  };
  const bool psk = has_any({"psk"});
  const bool certificates = has_any({"certificate", "ca", "peer_certificate"});
  const bool public_keys = has_any({"public_key", "peer_public_key"});
  const bool key = has_any({"key"});
  for (const std::string_view option : kOfCertificates) {
    if (auth.has(option) && !certificates) auth.fail(option, Error{"is of certificates", "take it out"});
  }
  for (const std::string_view option : {"signature", "peer_signature"}) {
    if (auth.has(option) && !certificates && !public_keys) auth.fail(option, Error{"is of keys of one's own", "take it out"});
  }
  read_signatures(auth, ike);
  read_ppk(auth, readers, findings, ike);
  auth.close();
  model::PskAuth secret;
  if (!auth.readable()) return secret;
  if (int{psk} + int{certificates} + int{public_keys} > 1 || (psk && key)) {
    auth.fail(Error{"mixes ways that exclude each other", std::string(kForms)});
  } else if (certificates) {
    return read_certificate_auth(auth, readers);
  } else if (public_keys) {
    return read_public_key_auth(auth, readers);
  } else if (!psk) {
    auth.fail(Error{key ? "has a key, but not what it belongs to" : "says nothing", std::string(kForms)});
  } else if (auto object = auth.object("psk")) {
    read_secret(std::move(*object), readers, findings, secret.psk);
  }
  return secret;
}

}  // namespace

void read_secret(Object secret, const Readers& readers, Findings& findings, model::SecretSource& source) {
  secret.read("file", source.file, filled_text);
  secret.read("text", source.secret, secret_text);
  secret.close();
  if (secret.readable() && secret.has("file") == secret.has("text")) {
    secret.fail(Error{secret.has("file") ? "has both a file and a text" : "names no secret",
                      "write {\"file\": \"hq.psk\"}, or {\"text\": \"…\"}"});
  }
  if (source.file.empty()) {
    if (source.secret.reveal() == kWithheldSecret) {
      findings.warning(join(secret.pointer(), "text"), "is what --check prints in the place of a secret",
                       "put the secret back");
    } else if (readers.exposed && secret.has("text")) {
      findings.warning(join(secret.pointer(), "text"), readers.exposed->text, readers.exposed->remedy);
    }
    return;
  }
  auto bytes = readers.secret(source.file);
  if (bytes && bytes->empty()) bytes = fail("the file is empty", "put the secret into it");
  if (bytes)
    source.secret = model::Secret(std::move(*bytes));
  else
    secret.fail("file", bytes.error());
}

void read_auth(Object auth, const Readers& readers, Findings& findings, model::Ike& ike) {
  ike.auth = read_credentials(auth, readers, findings, ike);
}

}  // namespace vtid::config
