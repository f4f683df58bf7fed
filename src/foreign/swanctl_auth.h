// How the two ends of a swanctl connection prove who they are: identities, and the secrets and files behind them, in the words
// of vtid.json.
#pragma once

#include <string>
#include <vector>

#include "foreign/draft.h"
#include "foreign/settings.h"
#include "foreign/swanctl_secrets.h"

namespace vtid::foreign {

[[nodiscard]] inline Place place_of(const Section& section) { return {section.line, section.path, section.file}; }
[[nodiscard]] inline Place place_of(const Section& section, const Setting& setting) {
  if (!setting.path.empty()) return {setting.line, setting.path, setting.file};
  return {setting.line, section.path.empty() ? setting.key : section.path + '.' + setting.key, setting.file};
}

struct SwanctlProof {
  Json auth;
  std::string shut;  // what the peer had to prove and now need not, so that the tunnel has to come out disabled; empty: nothing
};

class SwanctlAuth {
 public:
  // Where certificates and keys are: files of their own, or in the foreign file, so that they have to be kept.
  enum class Files { beside, within };
  // All of them outlive it.
  SwanctlAuth(const Section& root, const Wish& wish, const Beside& beside, Files files = Files::beside,
              SecretRule rule = SecretRule::charon)
      : root_(root), wish_(wish), beside_(beside), files_(files), rule_(rule) {}

  // `side` is "local" or "remote"; empty: none is written.
  [[nodiscard]] std::string id(const Section& connection, std::string_view side) const;

  // "auth" of the connection, which becomes tunnels/`tunnel`.
  [[nodiscard]] Result<SwanctlProof> of(const Section& connection, const std::string& tunnel, Draft& draft) const;

 private:
  struct File {
    std::string name, bytes;  // as vtid.json names it
  };
  struct Keys {
    File certificate, key;
  };

  [[nodiscard]] Result<Json> psk(const Section& connection, const std::string& tunnel, Draft& draft) const;
  [[nodiscard]] Result<Json> certificates(const Section& connection, const std::string& tunnel, Draft& draft,
                                          std::string& shut) const;
  [[nodiscard]] Result<Json> raw_keys(const Section& connection, Draft& draft) const;
  [[nodiscard]] Result<File> named(std::string_view folder, const std::string& file) const;
  [[nodiscard]] Result<Keys> own_keys(const Section* local, Draft& draft) const;
  [[nodiscard]] Result<File> key_of(const File& certificate) const;
  [[nodiscard]] Result<std::vector<File>> authorities_of(const Section* remote, Draft& draft) const;
  [[nodiscard]] std::vector<File> pinned_of(const Section* remote, Draft& draft, std::string& shut) const;
  [[nodiscard]] std::string add_revocation(const Section* remote, Json& auth, Draft& draft) const;
  [[nodiscard]] Result<void> add_ppk(const Section& connection, const std::string& tunnel, Draft& draft, Json& auth) const;
  Json keep_each(const std::vector<File>& files, Draft& draft) const;
  std::string keep_all(const std::vector<File>& files, const std::string& name, const Section& connection, Draft& draft) const;
  std::string keep(const File& file, Draft& draft) const;

  const Section& root_;
  const Wish& wish_;
  const Beside& beside_;
  const Files files_;
  const SecretRule rule_;
};

}  // namespace vtid::foreign
