// The promise of config/print.h as one function, for the golden files and for the fuzzer.
#pragma once

#include <string>

#include "config/parse.h"
#include "config/print.h"

namespace vtid::config {

// What the configuration becomes when its canonical text is read: the same, but for secrets that stand in the file.
inline model::Config with_withheld_secrets(model::Config config) {
  const auto withhold = [](model::SecretSource& source) {
    if (source.file.empty()) source.secret = model::Secret(std::string(kWithheldSecret));
  };
  for (model::Tunnel& tunnel : config.tunnels) {
    if (auto* keys = std::get_if<model::StaticKeys>(&tunnel.ike)) {
      for (model::StaticSa& sa : keys->in) withhold(sa.key);
      withhold(keys->out.key);
    }
    auto* ike = std::get_if<model::Ike>(&tunnel.ike);
    if (ike == nullptr) continue;
    if (auto* psk = std::get_if<model::PskAuth>(&ike->auth)) withhold(psk->psk);
    if (ike->ppk) withhold(ike->ppk->secret);
  }
  return config;
}

// Which part of the promise `config` breaks; empty when it keeps it.
inline std::string round_trip_fault(const model::Config& config, const SecretReader& read_secret) {
  const std::string canonical = print_canonical(config);
  const Parsed again = parse(canonical, "canonical", read_secret);
  if (!again.config) return "does not parse again: " + print(again.errors.front()) + "\n" + canonical;
  if (*again.config != with_withheld_secrets(config)) return "parses to something else:\n" + canonical;
  if (print_canonical(*again.config) != canonical) return "prints differently:\n" + canonical;
  return "";
}

}  // namespace vtid::config
