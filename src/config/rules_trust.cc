#include <fmt/format.h>

#include <map>

#include "config/rules.h"
#include "config/tree.h"

namespace vtid::config {
namespace {

// The tunnel that was first to name each PPK, and with which secret: charon looks for one by its id alone.
using Ppks = std::map<std::string_view, std::pair<std::string_view, const model::Secret*>>;

void check_ppk(const model::Tunnel& tunnel, const model::Ppk& ppk, const std::string& at, Ppks& ppks, Findings& findings) {
  if (findings.any_under(at + "/ppk")) return;
  const auto [first, fresh] = ppks.try_emplace(ppk.id, tunnel.name, &ppk.secret.secret);
  if (fresh || *first->second.second == ppk.secret.secret) return;
  findings.error(at + "/ppk/secret", fmt::format("the PPK \"{}\" has another secret in tunnel {}", ppk.id, first->second.first),
                 "give it one secret, or each its own \"id\"");
}

void check_version(const model::Ike& ike, const std::string& at, Findings& findings) {
  if (ike.version == model::IkeVersion::v2) return;
  const auto refuse = [&](bool there, std::string_view key) {
    const std::string where = fmt::format("{}/{}", at, key);
    if (there && !findings.any_under(where)) findings.error(where, "needs IKE version 2", "take it out");
  };
  refuse(ike.ppk.has_value(), "ppk");
  refuse(!ike.signature.empty(), "signature");
  refuse(!ike.peer_signature.empty(), "peer_signature");
}

}  // namespace

void check_trust(const model::Config& config, Findings& findings) {
  Ppks ppks;
  for (const model::Tunnel& tunnel : config.tunnels) {
    const auto* ike = std::get_if<model::Ike>(&tunnel.ike);
    if (ike == nullptr) continue;
    const std::string at = join("/tunnels", tunnel.name) + "/ike/auth";
    check_version(*ike, at, findings);
    if (ike->ppk && tunnel.enabled) check_ppk(tunnel, *ike->ppk, at, ppks, findings);
  }
}

}  // namespace vtid::config
