#include "ctl/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "config/parse.h"
#include "ctl/read_file.h"
#include "ctl/table.h"
#include "peers/compare.h"

namespace vtid::ctl {
namespace {

constexpr std::size_t kLongestNamedFile = 65'535;

// Nobody here runs by the file, so who may read its secrets is not judged.
config::Readers readers_beside(const std::string& file, std::set<std::string>& not_at_hand) {
  const auto open = [folder = std::filesystem::path(file).parent_path()](std::string_view name) {
    return read_file((folder / name).string(), kLongestNamedFile);
  };
  const auto secret = [open, &not_at_hand](std::string_view name) -> Result<std::string> {
    auto text = open(name);
    if (!text) {
      not_at_hand.emplace(name);
      return std::string("not at hand");
    }
    if (text->ends_with('\n')) text->pop_back();
    return text;
  };
  return {.secret = secret, .key = open, .open = open};
}

Result<model::Config> read_configuration(const std::string& file) {
  const auto text = read_file(file, config::kLongestFile);
  if (!text) return std::unexpected(text.error());
  std::set<std::string> not_at_hand;
  config::Parsed parsed = config::parse(*text, file, readers_beside(file, not_at_hand));
  if (!parsed.config) {
    std::string all;
    for (const config::Finding& finding : parsed.errors) all += (all.empty() ? "" : "\n") + config::print(finding);
    return fail(all, "vtictl check FILE has it too");
  }
  for (model::Tunnel& tunnel : parsed.config->tunnels) {
    auto* ike = std::get_if<model::Ike>(&tunnel.ike);
    auto* psk = ike == nullptr ? nullptr : std::get_if<model::PskAuth>(&ike->auth);
    if (psk != nullptr && not_at_hand.contains(psk->psk.file)) psk->psk.secret = model::Secret(std::string());
  }
  return std::move(*parsed.config);
}

Json render(const peers::Pair& pair) {
  Json comparisons = Json::array();
  for (const peers::Comparison& one : pair.comparisons) {
    comparisons.push_back({{"verdict", print(one.verdict)},
                           {"what", one.what},
                           {"text", one.text},
                           {"local", one.local},
                           {"peer", one.peer},
                           {"remedy", one.remedy}});
  }
  return {{"local", pair.local}, {"peer", pair.peer}, {"comparisons", std::move(comparisons)}};
}

std::string render_pair(const Json& pair) {
  const std::string local = text_of(pair, "local"), peer = text_of(pair, "peer");
  if (peer.empty()) return fmt::format("{} has no counterpart in the peer's file\n", local);
  if (local.empty()) return fmt::format("{} of the peer has no counterpart in the local file\n", peer);
  std::string text = fmt::format("{} and {} of the peer\n", local, peer);
  for (const Json& one : array_of(pair, "comparisons")) {
    text += fmt::format("  {:<8} {}: {}\n", text_of(one, "verdict"), text_of(one, "what"), text_of(one, "text"));
    if (text_of(one, "verdict") == "meets") continue;
    text += fmt::format("           local {}, peer {}\n", text_of(one, "local"), text_of(one, "peer"));
    if (const std::string remedy = text_of(one, "remedy"); !remedy.empty())
      text += fmt::format("           remedy: {}\n", remedy);
  }
  return text;
}

}  // namespace

Result<Json> compare_files(const std::string& local, const std::string& peer) {
  const auto here = read_configuration(local);
  if (!here) return std::unexpected(here.error());
  const auto there = read_configuration(peer);
  if (!there) return std::unexpected(there.error());
  const auto pairs = peers::compare(*here, *there);
  Json rows = Json::array();
  for (const peers::Pair& pair : pairs) rows.push_back(render(pair));
  return Json{{"meets", peers::would_meet(pairs)}, {"pairs", std::move(rows)}};
}

std::string render_comparison(const Json& result, const Options&) {
  std::string text;
  for (const Json& pair : array_of(result, "pairs")) text += render_pair(pair);
  if (array_of(result, "pairs").empty()) text = "neither file has a tunnel\n";
  return text + (text_of(result, "meets") == "yes" ? "they would meet\n" : "they would not meet\n");
}

}  // namespace vtid::ctl
