#include "vici/credentials.h"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <utility>

#include "vici/digest.h"

namespace vtid::vici {
namespace {

constexpr std::string_view kIdPrefix = "vtid-";  // of what charon keeps by name

bool starts_with_word(std::string_view text, std::string_view word) {
  return std::ranges::equal(text.substr(0, word.size()), word, {}, [](unsigned char c) { return std::tolower(c); });
}

// charon takes what follows these prefixes as raw bytes, but understands the same without them. "#" means raw bytes.
std::string without_idle_prefix(const std::string& id) {
  for (const std::string_view prefix : {"ipv4:", "ipv6:", "ipv4net:", "ipv6net:", "ipv4range:", "ipv6range:", "asn1dn:"}) {
    if (starts_with_word(id, prefix) && id.find('#') != prefix.size()) return id.substr(prefix.size());
  }
  return id;
}

// With a PSK said outright where it is known, so that the peer, our check of it and the choice of the PSK all mean the same
// identity. A certificate or a raw key says it itself.
std::string identity(const model::IkePeer& peer, const model::Auth& auth) {
  if (!peer.id.empty()) return without_idle_prefix(peer.id);
  const auto* address = std::get_if<net::Address>(&peer.address);
  return address == nullptr || !std::holds_alternative<model::PskAuth>(auth) ? "" : net::print(*address);
}

// "ike:rsa/pss-sha256-sha384-ike:ecdsa-sha384": for IKE alone, so that what CAs have signed with is not judged by it.
std::string word_of(const std::vector<model::SignatureScheme>& schemes) {
  std::string text;
  std::string_view before;
  for (const model::SignatureScheme& scheme : schemes) {
    if (scheme.key != before) text += (text.empty() ? "ike:" : "-ike:") + std::string(scheme.key);
    before = scheme.key;
    text += '-' + std::string(scheme.hash);
  }
  return text;
}

Message auth_section(const model::IkePeer& peer, const model::Auth& auth, const std::vector<model::SignatureScheme>& schemes) {
  Message section;
  section.add("auth", std::holds_alternative<model::PskAuth>(auth) ? "psk" : schemes.empty() ? "pubkey" : word_of(schemes));
  if (const std::string id = identity(peer, auth); !id.empty()) section.add("id", id);
  return section;
}

std::string revocation_word(model::Revocation revocation) {
  return revocation == model::Revocation::if_uri ? "ifuri" : std::string(model::print(revocation));
}

void add_list_unless_empty(Message& section, std::string name, const std::vector<std::string>& items) {
  if (!items.empty()) section.add_list(std::move(name), items);
}

// charon takes the secret whose owners match the peer best, and among equals the one that matches us best. A peer whose
// identity is open gets "%any", which matches everybody, but less than a secret that names its owner.
Message psk_request(const model::Tunnel& tunnel, const model::Ike& ike, const model::PskAuth& auth) {
  const std::string remote = identity(ike.remote, ike.auth);
  Message::List owners{remote.empty() ? "%any" : remote};
  if (std::string local = identity(ike.local, ike.auth); !local.empty()) owners.push_back(std::move(local));
  return Message{}
      .add("id", secret_id(tunnel.name))
      .add("type", "IKE")
      .add("data", auth.psk.secret.reveal())
      .add_list("owners", std::move(owners));
}

// charon looks for it by its own id alone.
Message ppk_request(const model::Tunnel& tunnel, const model::Ppk& ppk) {
  return Message{}
      .add("id", secret_id(tunnel.name + "/ppk"))
      .add("type", "PPK")
      .add("data", ppk.secret.secret.reveal())
      .add_list("owners", {ppk.id});
}

// One for each CA, named by what it says: tunnels with the same CA and the same places share it.
std::vector<Message> authorities_of(const model::CertificateAuth& x509) {
  std::vector<Message> authorities;
  if (x509.crl_uris.empty() && x509.ocsp_uris.empty()) return authorities;
  for (const std::string& certificate : x509.ca.parts) {
    Message authority = Message{}.add("cacert", certificate);
    add_list_unless_empty(authority, "crl_uris", x509.crl_uris);
    add_list_unless_empty(authority, "ocsp_uris", x509.ocsp_uris);
    Digest digest;
    digest.add(authority);
    authorities.push_back(Message{}.add_section(std::string(kIdPrefix) + digest.text(), std::move(authority)));
  }
  return authorities;
}

// What charon does not fetch by, it passes over.
void need_fetchers(const model::CertificateAuth& x509, std::vector<PluginNeed>& needs) {
  bool http = false, ldap = false;
  for (const auto* uris : {&x509.crl_uris, &x509.ocsp_uris}) {
    for (const std::string& uri : *uris) (uri.starts_with("ldap") ? ldap : http) = true;
  }
  if (http) needs.push_back({{"curl", "soup"}, "nobody asks where \"crl_uris\" and \"ocsp_uris\" say"});
  if (ldap) needs.push_back({{"ldap"}, "nobody asks where \"crl_uris\" says ldap"});
}

std::vector<PluginNeed> plugins_for(const model::CertificateAuth& x509) {
  std::vector<PluginNeed> needs;
  const bool strict = x509.revocation.value_or(model::Revocation::relaxed) != model::Revocation::relaxed;
  const bool told = !x509.crl.parts.empty() || !x509.crl_uris.empty() || !x509.ocsp_uris.empty();
  if (strict)
    needs.push_back({{"revocation"}, "it cannot find out who is revoked, and refuses the peer"});
  else if (told)
    needs.push_back({{"revocation"}, "it does not look who is revoked"});
  need_fetchers(x509, needs);
  return needs;
}

Message load_certificate(std::string_view type, const std::string& der) {
  return Message{}.add("type", std::string(type)).add("flag", "NONE").add("data", der);
}

void add_x509(WantedConnection& wanted, const model::CertificateAuth& x509) {
  for (std::size_t i = 1; i < x509.certificate.parts.size(); ++i)
    wanted.certificates.push_back(load_certificate("X509", x509.certificate.parts[i]));
  for (const std::string& list : x509.crl.parts) wanted.certificates.push_back(load_certificate(kRevocationList, list));
  if (!x509.crl.parts.empty()) wanted.certificates.push_back(Message{}.add("type", std::string(kRevocationList)));
  wanted.authorities = authorities_of(x509);
  wanted.plugins = plugins_for(x509);
}

}  // namespace

std::string secret_id(const std::string& secret) { return std::string(kIdPrefix) + secret; }
std::string secret_of(const Message& load_shared) { return std::string(load_shared.text("id").substr(kIdPrefix.size())); }

Message local_section(const model::Ike& ike) {
  Message section = auth_section(ike.local, ike.auth, ike.signature);
  if (const auto* x509 = std::get_if<model::CertificateAuth>(&ike.auth)) {
    section.add_list("certs", {x509->certificate.parts.front()});
  } else if (const auto* raw = std::get_if<model::PublicKeyAuth>(&ike.auth)) {
    section.add_list("pubkeys", raw->public_key.parts);
  }
  return section;
}

Message remote_section(const model::Ike& ike) {
  Message section = auth_section(ike.remote, ike.auth, ike.peer_signature);
  if (const auto* x509 = std::get_if<model::CertificateAuth>(&ike.auth)) {
    add_list_unless_empty(section, "cacerts", x509->ca.parts);
    add_list_unless_empty(section, "certs", x509->peer_certificate.parts);
    if (!x509->ca_id.empty()) section.add("ca_id", without_idle_prefix(x509->ca_id));
    add_list_unless_empty(section, "cert_policy", x509->policies);
    if (x509->revocation) section.add("revocation", revocation_word(*x509->revocation));
  } else if (const auto* raw = std::get_if<model::PublicKeyAuth>(&ike.auth)) {
    section.add_list("pubkeys", raw->peer_public_key.parts);
  }
  return section;
}

void add_credentials(WantedConnection& wanted, const model::Tunnel& tunnel, const model::Ike& ike) {
  const auto add_key = [&](const model::SecretSource& key, const std::string& id) {
    wanted.key_id = id;
    wanted.key = Message{}.add("type", "any").add("data", key.secret.reveal());
  };
  if (const auto* psk = std::get_if<model::PskAuth>(&ike.auth)) {
    wanted.secrets.push_back(psk_request(tunnel, ike, *psk));
  } else if (const auto* x509 = std::get_if<model::CertificateAuth>(&ike.auth)) {
    add_key(x509->key, x509->key_id);
    add_x509(wanted, *x509);
  } else if (const auto* raw = std::get_if<model::PublicKeyAuth>(&ike.auth)) {
    add_key(raw->key, raw->key_id);
  }
  if (ike.ppk) wanted.secrets.push_back(ppk_request(tunnel, *ike.ppk));
}

}  // namespace vtid::vici
