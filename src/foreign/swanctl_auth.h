// How the two ends of a swanctl connection prove who they are: identities, and the secrets and files behind them, in the words
// of vtid.json.
#pragma once

#include <set>
#include <string>

#include "foreign/draft.h"
#include "foreign/settings.h"

namespace vtid::foreign {

class SwanctlAuth {
 public:
  // All of them outlive it.
  SwanctlAuth(const Section& root, const Wish& wish, const Beside& beside) : root_(root), wish_(wish), beside_(beside) {}

  // `side` is "local" or "remote"; empty: none is written.
  [[nodiscard]] std::string id(const Section& connection, std::string_view side) const;

  // "auth" of the connection, which becomes tunnels/`tunnel`.
  [[nodiscard]] Result<Json> of(const Section& connection, const std::string& tunnel, Draft& draft) const;

  // Secrets that no connection needed.
  void note_unused(Draft& draft) const;

 private:
  [[nodiscard]] Result<Json> psk(const Section& connection, const std::string& tunnel, Draft& draft) const;
  [[nodiscard]] Result<Json> public_keys(const Section& connection, Draft& draft) const;
  [[nodiscard]] Result<std::string> named(std::string_view folder, const std::string& file, Draft& draft) const;
  [[nodiscard]] Result<std::string> key_of(const std::string& file, Draft& draft) const;
  [[nodiscard]] const Section* secret_for(const Section& connection) const;

  const Section& root_;
  const Wish& wish_;
  const Beside& beside_;
  mutable std::set<std::string> used_;
};

}  // namespace vtid::foreign
