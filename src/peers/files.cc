#include "peers/files.h"

#include <set>

namespace vtid::peers {
namespace {

// Nobody runs by these files here, so who may read their secrets is not judged.
Result<model::Config> read_configuration(const File& file) {
  std::set<std::string, std::less<>> not_at_hand;
  const auto secret = [&](std::string_view name) -> Result<std::string> {
    auto text = file.read(name);
    if (!text) {
      not_at_hand.emplace(name);
      return std::string("not at hand");
    }
    if (text->ends_with('\n')) text->pop_back();
    return text;
  };
  config::Parsed parsed = config::parse(file.text, file.name, {.secret = secret, .key = file.read, .open = file.read});
  if (!parsed.config) {
    std::string all;
    for (const config::Finding& finding : parsed.errors) all += (all.empty() ? "" : "\n") + config::print(finding);
    return fail(all, "vtictl check FILE has it too");
  }
  for (model::Tunnel& tunnel : parsed.config->tunnels) {
    auto* ike = std::get_if<model::Ike>(&tunnel.ike);
    if (ike == nullptr) continue;
    auto* psk = std::get_if<model::PskAuth>(&ike->auth);
    if (psk != nullptr && not_at_hand.contains(psk->psk.file)) psk->psk.secret = model::Secret(std::string());
    if (ike->ppk && not_at_hand.contains(ike->ppk->secret.file)) ike->ppk->secret.secret = model::Secret(std::string());
  }
  return std::move(*parsed.config);
}

}  // namespace

Result<std::vector<Pair>> compare_files(const File& local, const File& peer) {
  const auto here = read_configuration(local);
  if (!here) return std::unexpected(here.error());
  const auto there = read_configuration(peer);
  if (!there) return std::unexpected(there.error());
  return compare(*here, *there);
}

}  // namespace vtid::peers
