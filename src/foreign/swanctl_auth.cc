#include "foreign/swanctl_auth.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "foreign/base64.h"
#include "foreign/pfsense_names.h"

namespace vtid::foreign {
namespace {

// "local", "local-1": what a connection says of one end, in rounds.
std::vector<const Section*> rounds(const Section& connection, std::string_view side) {
  std::vector<const Section*> result;
  for (const Section& section : connection.sections) {
    if (section.name.starts_with(side)) result.push_back(&section);
  }
  return result;
}

// A file that stands in the section, or in one of its own there: `certs = a.pem`, or `cert1 { file = a.pem }`.
std::string file_of(const Section* section, const std::string& key) {
  if (section == nullptr) return "";
  if (const auto list = words_of(section->value(key + 's'), ", "); !list.empty()) return list.front();
  for (const Section& below : section->sections) {
    if (below.name.starts_with(key)) return below.value("file");
  }
  return "";
}

// Text, 0x and hexadecimal digits, or 0s and base64.
Result<std::string> secret_bytes(const std::string& written) {
  if (written.starts_with("0s")) return decode_base64(std::string_view(written).substr(2));
  if (!written.starts_with("0x")) return written;
  auto bytes = model::decode_hex(model::Secret(written));
  if (!bytes) return fail("the secret begins with 0x and is not hexadecimal");
  return bytes->reveal();
}

std::string stem_of(std::string_view file) {
  const auto slash = file.rfind('/');
  if (slash != std::string_view::npos) file.remove_prefix(slash + 1);
  return std::string(file.substr(0, file.rfind('.')));
}

}  // namespace

std::string SwanctlAuth::id(const Section& connection, std::string_view side) const {
  const auto all = rounds(connection, side);
  return all.empty() ? "" : all.front()->value("id");
}

Result<Json> SwanctlAuth::of(const Section& connection, const std::string& tunnel, Draft& draft) const {
  const auto local = rounds(connection, "local"), remote = rounds(connection, "remote");
  if (local.size() > 1 || remote.size() > 1)
    return fail("it has several rounds of authentication", "keep it in swanctl.conf and name it with \"external\"");
  const auto method = [](const std::vector<const Section*>& side) {
    return side.empty() || side.front()->value("auth").empty() ? std::string("pubkey") : side.front()->value("auth");
  };
  const std::string ours = method(local), theirs = method(remote);
  const auto is_key = [](std::string_view word) {
    return std::ranges::any_of(std::array<std::string_view, 4>{"pubkey", "rsa", "ecdsa", "ed25519"},
                               [&](std::string_view kind) { return word.starts_with(kind); });
  };
  if (ours == "psk" && theirs == "psk") return psk(connection, tunnel, draft);
  if (is_key(ours) && is_key(theirs)) return public_keys(connection, draft);
  return fail(fmt::format("vtid has no authentication by \"{}\" here and \"{}\" there", ours, theirs),
              "keep it in swanctl.conf and name it with \"external\"");
}

// charon takes the secret with the most matching ids; one without ids is anybody's.
const Section* SwanctlAuth::secret_for(const Section& connection) const {
  const std::vector<std::string> wanted{id(connection, "remote"), connection.value("remote_addrs"), id(connection, "local"),
                                        connection.value("local_addrs")};
  const Section* best = nullptr;
  int most = -1;
  for (const Section& secret : root_.at("secrets").sections) {
    if (!secret.name.starts_with("ike") || secret.value("secret").empty()) continue;
    int matches = 0;
    bool any_id = false;
    for (const Setting& setting : secret.settings) {
      if (!setting.key.starts_with("id")) continue;
      any_id = true;
      if (!setting.value.empty() && std::ranges::find(wanted, setting.value) != wanted.end()) ++matches;
    }
    if (any_id && matches == 0) continue;
    if (matches > most) {
      most = matches;
      best = &secret;
    }
  }
  return best;
}

Result<Json> SwanctlAuth::psk(const Section& connection, const std::string& tunnel, Draft& draft) const {
  const Section* secret = secret_for(connection);
  if (secret == nullptr) {
    draft.note({connection.line, connection.path},
               fmt::format("the file holds no pre-shared key for tunnels/{}: \"(secret)\" stands in its place", tunnel),
               "put the key in its place, or into a file that \"psk\" names");
    return Json{{"psk", {{"text", "(secret)"}}}};
  }
  used_.insert(secret->path);
  auto bytes = secret_bytes(secret->value("secret"));
  if (!bytes) return std::unexpected(bytes.error());
  if (!draft.keeps_files()) {
    draft.note({secret->line, secret->path},
               fmt::format("the pre-shared key of tunnels/{} is not printed: \"(secret)\" stands in its place", tunnel),
               "run it again with --secrets-dir DIR, which puts it into a file, or put it back by hand");
  }
  return Json{{"psk", draft.keep_secret(tunnel + ".psk", std::move(*bytes))}};
}

// The file as vtid.json names it, from where swanctl looks for such files.
Result<std::string> SwanctlAuth::named(std::string_view folder, const std::string& file, Draft& draft) const {
  const std::string beside = file.starts_with('/') ? file : fmt::format("{}/{}", folder, file);
  auto bytes = beside_(beside);
  if (!bytes) return fail(bytes.error().text, "run it where the files of swanctl are");
  std::string name =
      file.starts_with('/') || wish_.foreign_folder.empty() ? beside : fmt::format("{}/{}", wish_.foreign_folder, beside);
  draft.know_file(name, std::move(*bytes));
  return name;
}

// swanctl loads every key that it finds, and charon takes the one that fits: it is looked for by its certificate's name.
Result<std::string> SwanctlAuth::key_of(const std::string& file, Draft& draft) const {
  for (const std::string_view folder : {"private", "rsa", "ecdsa", "pkcs8"}) {
    for (const std::string_view ending : {".pem", ".key", ".der", ""}) {
      if (auto name = named(folder, stem_of(file) + std::string(ending), draft)) return name;
    }
  }
  return fail(fmt::format("there is no private key of the name of {} in private, rsa, ecdsa or pkcs8", file),
              "name it like its certificate, or write the tunnel by hand");
}

Result<Json> SwanctlAuth::public_keys(const Section& connection, Draft& draft) const {
  const auto locals = rounds(connection, "local"), remotes = rounds(connection, "remote");
  const Section* local = locals.empty() ? nullptr : locals.front();
  const Section* remote = remotes.empty() ? nullptr : remotes.front();
  const bool raw = !file_of(local, "pubkey").empty();
  const std::string own = file_of(local, raw ? "pubkey" : "cert");
  std::string peer = raw ? file_of(remote, "pubkey") : file_of(remote, "cacert");
  const auto& authorities = root_.at("authorities").sections;
  if (!raw && peer.empty() && authorities.size() == 1) peer = authorities.front().value("cacert");
  if (own.empty()) return fail(fmt::format("it does not name our {}", raw ? "public key" : "certificate"), "write it by hand");
  if (peer.empty()) return fail(fmt::format("it does not name the peer's {}", raw ? "public key" : "CA"), "write it by hand");
  const auto own_file = named(raw ? "pubkey" : "x509", own, draft);
  if (!own_file) return std::unexpected(own_file.error());
  const auto key = key_of(own, draft);
  if (!key) return std::unexpected(key.error());
  const auto peer_file = named(raw ? "pubkey" : "x509ca", peer, draft);
  if (!peer_file) return std::unexpected(peer_file.error());
  if (raw) return Json{{"public_key", *own_file}, {"key", *key}, {"peer_public_key", *peer_file}};
  return Json{{"certificate", *own_file}, {"key", *key}, {"ca", *peer_file}};
}

void SwanctlAuth::note_unused(Draft& draft) const {
  for (const Section& secret : root_.at("secrets").sections) {
    if (used_.contains(secret.path) || secret.name.starts_with("private") || secret.name.starts_with("rsa") ||
        secret.name.starts_with("ecdsa") || secret.name.starts_with("pkcs8")) {
      continue;
    }
    draft.note({secret.line, secret.path}, "is not carried over: no tunnel here needs it");
  }
}

}  // namespace vtid::foreign
