#include "foreign/swanctl_auth.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/base64.h"
#include "config/credentials.h"
#include "config/pem.h"
#include "config/read_trust.h"
#include "foreign/pfsense_names.h"
#include "foreign/raw_keys.h"
#include "foreign/swanctl_words.h"

namespace vtid::foreign {
namespace {

constexpr std::array<std::string_view, 4> kKeyFolders{"private", "rsa", "ecdsa", "pkcs8"};

// "local", "local-1": what a connection says of one end, in rounds.
std::vector<const Section*> rounds(const Section& connection, std::string_view side) {
  std::vector<const Section*> result;
  for (const Section& section : connection.sections) {
    if (!section.name.starts_with(side)) continue;
    section.mark();
    result.push_back(&section);
  }
  return result;
}

// Files that stand in the section, or in ones of their own there: `certs = a.pem, b.pem`, or `cert1 { file = a.pem }`.
std::vector<std::string> files_of(const Section* section, const std::string& key) {
  if (section == nullptr) return {};
  std::vector<std::string> result = words_of(section->value(key + 's'), ", ");
  for (const Section& below : section->sections) {
    if (!below.name.starts_with(key)) continue;
    below.mark();
    if (!below.value("file").empty()) result.push_back(below.value("file"));
  }
  return result;
}

// Text, 0x and hexadecimal digits, or 0s and base64.
Result<std::string> secret_bytes(const std::string& written) {
  if (written.starts_with("0s") || written.starts_with("0S")) {
    auto bytes = decode_base64(std::string_view(written).substr(2));
    if (!bytes) return fail("the secret begins with 0s and is not base64");
    return *std::move(bytes);
  }
  if (!written.starts_with("0x") && !written.starts_with("0X")) return written;
  auto bytes = model::decode_hex(model::Secret("0x" + written.substr(2)));
  if (!bytes) return fail("the secret begins with 0x and is not hexadecimal");
  return bytes->reveal();
}

std::string stem_of(std::string_view file) {
  const auto slash = file.rfind('/');
  if (slash != std::string_view::npos) file.remove_prefix(slash + 1);
  return std::string(file.substr(0, file.rfind('.')));
}

bool is_key_method(std::string_view word) {
  return std::ranges::any_of(std::array<std::string_view, 7>{"ike:", "pubkey", "rsa", "ecdsa", "ed25519", "ed448", "bliss"},
                             [&](std::string_view kind) { return word.starts_with(kind); });
}

std::string method_of(const std::vector<const Section*>& side) {
  return side.empty() || side.front()->value("auth").empty() ? std::string("pubkey") : side.front()->value("auth");
}

// "ike:rsa/pss-sha256-ike:ecdsa-sha384" in the words of "signature"; nothing when it says something else too, such as the
// strength of a key, or how CAs have to sign.
std::optional<std::vector<std::string>> schemes_of(std::string_view method) {
  std::vector<std::string> schemes;
  std::string key;
  for (const std::string& token : words_of(method, "-")) {
    if (token.starts_with("ike:")) {
      key = token.substr(4);
      continue;
    }
    const std::size_t before = schemes.size();
    for (const model::SignatureScheme& one : model::signature_schemes()) {
      const bool fits = key == "pubkey" ? one.key != "rsa/pss" : one.key == key;
      if (fits && one.hash == token) schemes.emplace_back(one.name);
    }
    if (schemes.size() == before) return std::nullopt;
  }
  // Those of one kind of key side by side: so charon is told less.
  std::ranges::stable_partition(schemes, [](const std::string& scheme) { return scheme.starts_with("rsa"); });
  return schemes.empty() ? std::nullopt : std::optional(schemes);
}

void add_lost(std::string& lost, const std::string& what) { lost += (lost.empty() ? "" : ", ") + what; }

// What the remote section asks for besides a key or a secret, and besides what certificates() knows how to ask for. All of it
// is noted.
std::string lost_conditions(const Section* remote, const std::string& method, bool certified, Draft& draft) {
  std::string lost;
  if (remote == nullptr) return lost;
  const auto lose = [&](const Setting& setting) {
    const std::string what = fmt::format("{} = {}", setting.key, setting.value);
    draft.note(place_of(*remote, setting), fmt::format("{} is not carried over: vtid does not ask it of the peer", what));
    add_lost(lost, what);
  };
  for (const std::string_view key : {"groups", "cert_policy", "ca_id", "certs", "revocation"}) {
    const Setting* setting = remote->setting(key);
    if (setting == nullptr || setting->value.empty() || (key == "revocation" && setting->value == "relaxed")) continue;
    if (certified && (key == "certs" || key == "ca_id" || key == "cert_policy" ||
                      (key == "revocation" && (setting->value == "ifuri" || setting->value == "strict"))))
      continue;
    lose(*setting);
  }
  if (method != "pubkey" && method != "psk" && !schemes_of(method)) lose(*remote->setting("auth"));
  for (const Section& below : remote->sections) {
    if (!below.name.starts_with("cert")) continue;
    below.mark();
    if (certified) continue;
    const std::string what = fmt::format("{} = {}", below.name, below.value("file"));
    draft.note(place_of(below), fmt::format("{} is not carried over: vtid does not ask it of the peer", what));
    add_lost(lost, what);
  }
  return lost;
}

std::string as_pem(const std::string& bytes) {
  if (config::is_pem(bytes)) return bytes.ends_with('\n') ? bytes : bytes + '\n';
  return pem_of("CERTIFICATE", bytes);
}

}  // namespace

std::string SwanctlAuth::id(const Section& connection, std::string_view side) const {
  const auto all = rounds(connection, side);
  return all.empty() ? "" : all.front()->value("id");
}

Result<SwanctlProof> SwanctlAuth::of(const Section& connection, const std::string& tunnel, Draft& draft) const {
  const auto local = rounds(connection, "local"), remote = rounds(connection, "remote");
  if (local.size() > 1 || remote.size() > 1)
    return fail("it has several rounds of authentication", "keep it in swanctl.conf and name it with \"external\"");
  const std::string ours = method_of(local), theirs = method_of(remote);
  if (!(ours == "psk" && theirs == "psk") && !(is_key_method(ours) && is_key_method(theirs)))
    return fail(fmt::format("vtid has no authentication by \"{}\" here and \"{}\" there", ours, theirs),
                "keep it in swanctl.conf and name it with \"external\"");
  const Section* own = local.empty() ? nullptr : local.front();
  const Section* peer = remote.empty() ? nullptr : remote.front();
  const bool raw = !files_of(own, "pubkey").empty();
  if (raw != !files_of(peer, "pubkey").empty() && ours != "psk")
    return fail(raw ? "it does not name the peer's public key" : "it names a public key of the peer and none of ours",
                "keep it in swanctl.conf and name it with \"external\"");
  SwanctlProof proof{Json{}, lost_conditions(peer, theirs, ours != "psk" && !raw, draft)};
  const auto signature = schemes_of(ours), peer_signature = schemes_of(theirs);
  if (ours != "pubkey" && ours != "psk" && !signature)
    draft.note(place_of(*own, *own->setting("auth")),
               fmt::format("\"{}\" is carried over as \"pubkey\": charon chooses how it signs", ours));
  auto auth = ours == "psk" ? psk(connection, tunnel, draft)
              : raw         ? raw_keys(connection, draft)
                            : certificates(connection, tunnel, draft, proof.shut);
  if (!auth) return std::unexpected(auth.error());
  proof.auth = std::move(*auth);
  if (signature) proof.auth["signature"] = *signature;
  if (peer_signature) proof.auth["peer_signature"] = *peer_signature;
  if (auto with_ppk = add_ppk(connection, tunnel, draft, proof.auth); !with_ppk) return std::unexpected(with_ppk.error());
  return proof;
}

Result<Json> SwanctlAuth::psk(const Section& connection, const std::string& tunnel, Draft& draft) const {
  const auto addresses = [&](std::string_view key) {
    std::vector<std::string> all = words_of(connection.value(key), ", ");
    std::erase_if(all, [](const std::string& address) {
      return address.starts_with('%') || address.contains('/') || address.contains('-');
    });
    return all;
  };
  // Who does not say who it is, is its address.
  const auto end = [&](std::string_view side, std::string_view key) {
    const std::string named = id(connection, side);
    return named.empty() || named == "%any" ? addresses(key) : std::vector{named};
  };
  const Section& secrets = root_.at("secrets");
  const Section* secret = secret_of(secrets, {end("local", "local_addrs"), end("remote", "remote_addrs")}, rule_);
  if (secret == nullptr && connection.value("version") == "1")  // charon looks for addresses then
    secret = secret_of(secrets, {addresses("local_addrs"), addresses("remote_addrs")}, rule_);
  if (secret == nullptr) {
    draft.note(place_of(connection),
               fmt::format("the file holds no pre-shared key for tunnels/{}: \"(secret)\" stands in its place", tunnel),
               "put the key in its place, or into a file that \"psk\" names");
    return Json{{"psk", {{"text", "(secret)"}}}};
  }
  secret->mark();
  for (const Setting& setting : secret->settings) setting.read |= setting.key.starts_with("id") || setting.key == "secret";
  auto bytes = secret_bytes(secret->value("secret"));
  if (!bytes) return std::unexpected(bytes.error());
  if (!draft.keeps_files()) {
    draft.note(place_of(*secret),
               fmt::format("the pre-shared key of tunnels/{} is not printed: \"(secret)\" stands in its place", tunnel),
               "run it again with --secrets-dir DIR, which puts it into a file, or put it back by hand");
  }
  return Json{{"psk", draft.keep_secret(tunnel + ".psk", std::move(*bytes))}};
}

// The file as vtid.json names it, from where swanctl looks for such files.
Result<SwanctlAuth::File> SwanctlAuth::named(std::string_view folder, const std::string& file) const {
  const std::string beside = file.starts_with('/') ? file : fmt::format("{}/{}", folder, file);
  auto bytes = beside_.read(beside);
  if (!bytes) return fail(bytes.error().text, "run it where the files of swanctl are");
  const bool as_it_is = file.starts_with('/') || wish_.foreign_folder.empty();
  return File{as_it_is ? beside : fmt::format("{}/{}", wish_.foreign_folder, beside), std::move(*bytes)};
}

std::string SwanctlAuth::keep(const File& file, Draft& draft) const {
  if (files_ == Files::within) {
    const std::string_view folder = std::string_view(file.name).substr(0, file.name.find('/'));
    const std::string_view ending = folder == "private"   ? ".key"
                                    : folder == "x509ca"  ? ".ca.pem"
                                    : folder == "pubkey"  ? ".pub.pem"
                                    : folder == "x509crl" ? ".crl"
                                                          : ".pem";
    const bool as_it_is = folder == "private" || folder == "pubkey" || folder == "x509crl";
    return draft.keep_file(stem_of(file.name) + std::string(ending), as_it_is ? file.bytes : as_pem(file.bytes));
  }
  draft.know_file(file.name, file.bytes);
  return file.name;
}

// swanctl loads every key that it finds, and charon takes the one that belongs to the certificate.
Result<SwanctlAuth::File> SwanctlAuth::key_of(const File& certificate) const {
  const auto parts = config::read_certificates(certificate.bytes);
  std::string public_key = parts ? config::public_key_of(parts->front()) : "";
  if (!parts) public_key = config::read_public_key(certificate.bytes, certificate.name).value_or("");
  std::optional<File> by_name;
  for (const std::string_view folder : kKeyFolders) {
    for (const std::string& name : beside_.list(folder)) {
      auto file = named(folder, name);
      const auto key = file ? config::read_private_key(file->bytes, file->name) : fail("");
      if (!key) continue;
      const auto pair = public_key.empty() ? std::nullopt : config::is_pair(*key, public_key);
      if (pair == true) return *file;
      if (!pair && !by_name && stem_of(name) == stem_of(certificate.name)) by_name = *file;
    }
  }
  if (by_name) return *by_name;
  return fail(fmt::format("no private key in private, rsa, ecdsa or pkcs8 belongs to {}, or it is encrypted", certificate.name),
              "put it there without a passphrase, or write the tunnel by hand");
}

// Without a name charon takes a certificate that we have the key of.
Result<SwanctlAuth::Keys> SwanctlAuth::own_keys(const Section* local, Draft& draft) const {
  auto names = files_of(local, "cert");
  if (names.size() > 1)
    draft.note(place_of(*local), fmt::format("only \"{}\" of its certificates is carried over: vtid knows one", names.front()));
  if (!names.empty()) {
    auto certificate = named("x509", names.front());
    if (!certificate) return std::unexpected(certificate.error());
    auto key = key_of(*certificate);
    if (!key) return std::unexpected(key.error());
    return Keys{std::move(*certificate), std::move(*key)};
  }
  std::vector<Keys> candidates;
  for (const std::string& name : beside_.list("x509")) {
    auto certificate = named("x509", name);
    if (!certificate) continue;
    if (auto key = key_of(*certificate)) candidates.push_back({std::move(*certificate), std::move(*key)});
  }
  if (candidates.size() == 1) return candidates.front();
  return fail("it does not name our certificate", candidates.empty() ? "write it by hand" : "name one of them in \"certs\"");
}

// Without a name charon takes the word of every CA that it knows.
Result<std::vector<SwanctlAuth::File>> SwanctlAuth::authorities_of(const Section* remote, Draft& draft) const {
  auto names = files_of(remote, "cacert");
  const bool all = names.empty();
  std::vector<File> result;
  if (all) names = beside_.list("x509ca");
  for (const Section& authority : root_.at("authorities").sections) {
    authority.mark();
    for (const std::string_view key : {"cacert", "file"}) {
      const std::string& file = authority.value(key);
      if (all && !file.empty() && std::ranges::find(names, file) == names.end()) names.push_back(file);
    }
  }
  for (const std::string& name : names) {
    auto file = named("x509ca", name);
    const auto parts = file ? config::read_certificates(file->bytes) : fail("");
    const bool usable = parts && std::ranges::all_of(*parts, config::is_ca);
    if (!all && !file) return std::unexpected(file.error());
    if (all && !usable) {
      draft.note({}, fmt::format("x509ca/{} is not carried over: it is no certificate of a CA", name));
      continue;
    }
    result.push_back(std::move(*file));
  }
  if (result.empty()) return fail("it does not name the peer's CA, and x509ca holds none", "put the CA's certificate there");
  return result;
}

// Who has been revoked, as far as swanctl tells charon: what of it is lost.
std::string SwanctlAuth::add_revocation(const Section* remote, Json& auth, Draft& draft) const {
  std::string lost;
  for (const std::string& name : beside_.list("x509crl")) {
    const auto file = named("x509crl", name);
    const auto lists = file ? config::read_revocation_lists(file->bytes) : fail(file.error().text);
    if (lists && auth["crl"].size() < config::kMostAuthorityFiles) {
      auth["crl"].push_back(keep(*file, draft));
      continue;
    }
    draft.note({}, fmt::format("x509crl/{} is not carried over: {}", name, lists ? "there are too many" : lists.error().text));
    add_lost(lost, "x509crl/" + name);
  }
  const auto chosen = files_of(remote, "cacert");
  for (const Section& authority : root_.at("authorities").sections) {
    const std::string& file = authority.value(authority.setting("cacert") == nullptr ? "file" : "cacert");
    const bool others = !chosen.empty() && !file.empty() && std::ranges::find(chosen, file) == chosen.end();
    for (const std::string key : {"crl_uris", "ocsp_uris"}) {
      const Setting* setting = authority.setting(key);
      if (setting == nullptr || others) continue;
      for (const std::string& uri : words_of(setting->value, ", ")) {
        const bool fetched =
            uri.starts_with("http://") || uri.starts_with("https://") || (key == "crl_uris" && uri.starts_with("ldap://"));
        if (fetched && auth[key].size() < config::kMostUris) {
          auth[key].push_back(uri);
          continue;
        }
        draft.note(place_of(authority, *setting), fmt::format("{} is not carried over", uri),
                   "keep the authority in swanctl.conf");
        add_lost(lost, authority.path + '.' + setting->key);
      }
    }
  }
  for (const std::string key : {"crl", "crl_uris", "ocsp_uris"}) {
    if (auth[key].is_null()) auth.erase(key);
  }
  return lost;
}

// The PPK of the connection, out of the secrets whose names begin with "ppk".
Result<void> SwanctlAuth::add_ppk(const Section& connection, const std::string& tunnel, Draft& draft, Json& auth) const {
  const std::string& id = connection.value("ppk_id");
  const bool required = is_yes(connection.value("ppk_required"), false);
  if (id.empty() && !required) return {};
  if (id.empty())
    return fail("it asks for whichever post-quantum pre-shared key the peer names",
                "keep it in swanctl.conf and name it with \"external\"");
  const Section* found = nullptr;
  for (const Section& secret : root_.at("secrets").sections) {
    if (!secret.name.starts_with("ppk")) continue;
    const bool fits = std::ranges::any_of(
        secret.settings, [&](const Setting& setting) { return setting.key.starts_with("id") && setting.value == id; });
    if (fits) found = &secret;
  }
  if (found == nullptr)
    return fail(fmt::format("the file holds no post-quantum pre-shared key \"{}\"", id),
                "keep it in swanctl.conf and name it with \"external\"");
  found->mark();
  for (const Setting& setting : found->settings) setting.read |= setting.key.starts_with("id") || setting.key == "secret";
  auto bytes = secret_bytes(found->value("secret"));
  if (!bytes) return std::unexpected(bytes.error());
  if (!draft.keeps_files())
    draft.note(place_of(*found), fmt::format("the PPK of tunnels/{} is not printed: \"(secret)\" stands in its place", tunnel),
               "run it again with --secrets-dir DIR, which puts it into a file, or put it back by hand");
  auth["ppk"] = {{"id", id}, {"secret", draft.keep_secret(tunnel + ".ppk", std::move(*bytes))}};
  if (required) auth["ppk"]["required"] = true;
  return {};
}

Result<Json> SwanctlAuth::certificates(const Section& connection, const std::string& tunnel, Draft& draft,
                                       std::string& shut) const {
  const auto locals = rounds(connection, "local"), remotes = rounds(connection, "remote");
  const auto own = own_keys(locals.empty() ? nullptr : locals.front(), draft);
  if (!own) return std::unexpected(own.error());
  const Section* remote = remotes.empty() ? nullptr : remotes.front();
  const auto pinned = pinned_of(remote, draft, shut);
  const auto authorities = authorities_of(remote, draft);
  if (!authorities && pinned.empty()) return std::unexpected(authorities.error());
  if (files_ == Files::within && !draft.keeps_files())
    draft.note(place_of(connection),
               fmt::format("certificate, key and CA of tunnels/{} are in the file, and are not printed", tunnel),
               "run it again with --secrets-dir DIR, which puts them into files");
  Json auth{{"certificate", keep(own->certificate, draft)}, {"key", keep(own->key, draft)}};
  if (authorities) auth["ca"] = keep_each(*authorities, draft);
  if (!pinned.empty()) auth["peer_certificate"] = keep_all(pinned, tunnel + ".peer.pem", connection, draft);
  if (authorities) {
    if (const std::string lists = add_revocation(remote, auth, draft); !lists.empty()) add_lost(shut, lists);
  }
  for (const auto& [theirs, ours] : {std::pair("ca_id", "ca_id"), std::pair("cert_policy", "policies")}) {
    const Setting* setting = remote == nullptr || !authorities ? nullptr : remote->setting(theirs);
    if (setting == nullptr || setting->value.empty()) continue;
    auth[ours] = setting->value;
    if (setting->key == "cert_policy") auth[ours] = words_of(setting->value, ", ");
  }
  const Setting* revocation = remote == nullptr ? nullptr : remote->setting("revocation");
  if (revocation != nullptr && (revocation->value == "strict" || revocation->value == "ifuri")) {
    auth["revocation"] = revocation->value == "strict" ? "strict" : "if_uri";
    draft.note(place_of(*remote, *revocation),
               fmt::format("revocation = {} is carried over: charon asks the CA from here too", revocation->value),
               "see that the CA's lists can be reached");
  }
  return auth;
}

// The certificates one of which the peer has to have.
std::vector<SwanctlAuth::File> SwanctlAuth::pinned_of(const Section* remote, Draft& draft, std::string& shut) const {
  std::vector<File> result;
  for (const std::string& name : files_of(remote, "cert")) {
    auto file = named("x509", name);
    const auto parts = file ? config::read_certificates(file->bytes) : fail(file.error().text);
    if (parts) {
      result.push_back(std::move(*file));
      continue;
    }
    draft.note(place_of(*remote), fmt::format("certs = {} is not carried over: {}", name, parts.error().text));
    add_lost(shut, "certs = " + name);
  }
  return result;
}

// One name, or an array of them.
Json SwanctlAuth::keep_each(const std::vector<File>& files, Draft& draft) const {
  Json names = Json::array();
  for (const File& file : files) names.push_back(keep(file, draft));
  return names.size() == 1 ? Json(names.front()) : names;
}

// One of them as it is; several in a file that has to be written.
std::string SwanctlAuth::keep_all(const std::vector<File>& files, const std::string& name, const Section& connection,
                                  Draft& draft) const {
  if (files.size() == 1) return keep(files.front(), draft);
  std::string joined;
  for (const File& file : files) joined += as_pem(file.bytes);
  if (!draft.keeps_files())
    draft.note(place_of(connection),
               fmt::format("{} certificates stand in one file {} that is not written", files.size(), name),
               "run it again with --secrets-dir DIR, which writes it");
  return draft.keep_file(name, std::move(joined));
}

Result<Json> SwanctlAuth::raw_keys(const Section& connection, Draft& draft) const {
  const auto locals = rounds(connection, "local"), remotes = rounds(connection, "remote");
  const auto ours = files_of(locals.front(), "pubkey"),
             theirs = files_of(remotes.empty() ? nullptr : remotes.front(), "pubkey");
  if (theirs.size() > 1)
    return fail("it names several public keys of the peer", "keep it in swanctl.conf and name it with \"external\"");
  const auto own = named("pubkey", ours.front()), peer = named("pubkey", theirs.front());
  if (!own) return std::unexpected(own.error());
  if (!peer) return std::unexpected(peer.error());
  const auto key = key_of(*own);
  if (!key) return std::unexpected(key.error());
  return Json{{"public_key", keep(*own, draft)}, {"key", keep(*key, draft)}, {"peer_public_key", keep(*peer, draft)}};
}

}  // namespace vtid::foreign
