#include "ctl/compare.h"

#include <fmt/format.h>

#include <filesystem>

#include "ctl/read_file.h"
#include "peers/files.h"

namespace vtid::ctl {
namespace {

peers::File file_of(std::string_view text, const std::string& name) {
  return {text, name, [folder = std::filesystem::path(name).parent_path()](std::string_view beside) {
            return read_file((folder / beside).string(), peers::kLongestNamedFile);
          }};
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

// Of what stands in one file alone there is one.
std::string print_places(const std::string& local, const std::string& peer) {
  if (local.empty()) return "peer " + peer;
  return peer.empty() ? "local " + local : fmt::format("local {}, peer {}", local, peer);
}

std::string render_pair(const Json& pair) {
  const std::string local = text_of(pair, "local"), peer = text_of(pair, "peer");
  if (peer.empty()) return fmt::format("{} has no counterpart in the peer's file\n", local);
  if (local.empty()) return fmt::format("{} of the peer has no counterpart in the local file\n", peer);
  std::string text = fmt::format("{} and {} of the peer\n", local, peer);
  for (const Json& one : array_of(pair, "comparisons")) {
    text += fmt::format("  {:<8} {}: {}\n", text_of(one, "verdict"), text_of(one, "what"), text_of(one, "text"));
    if (text_of(one, "verdict") == "meets") continue;
    text += fmt::format("           {}\n", print_places(text_of(one, "local"), text_of(one, "peer")));
    if (const std::string remedy = text_of(one, "remedy"); !remedy.empty())
      text += fmt::format("           remedy: {}\n", remedy);
  }
  return text;
}

}  // namespace

Result<Json> compare_files(const std::string& local, const std::string& peer) {
  const auto here = read_file(local, peers::kLongestFile);
  if (!here) return std::unexpected(here.error());
  const auto there = read_file(peer, peers::kLongestFile);
  if (!there) return std::unexpected(there.error());
  const auto pairs = peers::compare_files(file_of(*here, local), file_of(*there, peer));
  if (!pairs) return std::unexpected(pairs.error());
  Json rows = Json::array();
  for (const peers::Pair& pair : *pairs) rows.push_back(render(pair));
  return Json{{"meets", peers::would_meet(*pairs)}, {"pairs", std::move(rows)}};
}

std::string render_comparison(const Json& result, const Options&) {
  std::string text;
  for (const Json& pair : array_of(result, "pairs")) text += render_pair(pair);
  if (array_of(result, "pairs").empty()) text = "neither file has a tunnel\n";
  return text + (text_of(result, "meets") == "yes" ? "they would meet\n" : "they would not meet\n");
}

}  // namespace vtid::ctl
