#include "ctl/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "ctl/import.h"
#include "ctl/read_file.h"
#include "peers/files.h"

namespace vtid::ctl {
namespace {

peers::File file_of(const Side& side) {
  return {side.text, side.name,
          [&side, folder = std::filesystem::path(side.name).parent_path()](std::string_view beside) -> Result<std::string> {
            const auto kept = std::ranges::find(side.kept, beside, &foreign::KeptFile::name);
            if (kept != side.kept.end()) return kept->bytes;
            return read_file((folder / beside).string(), peers::kLongestNamedFile);
          }};
}

// Another system's file in vtid's words.
Result<Side> read_side(const std::string& name) {
  auto text = read_file(name, foreign::kLongestForeignFile);
  if (!text) return std::unexpected(text.error());
  const auto first = text->find_first_not_of(" \t\r\n");
  const bool ours = first != std::string::npos && (*text)[first] == '{';
  if (ours || !foreign::recognise(*text)) return Side{name, std::move(*text)};
  auto imported = import_text({"", name, "secrets"}, *text);
  if (!imported) return std::unexpected(imported.error());
  return Side{name, std::move(imported->text), std::move(imported->files)};
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
  const auto here = read_side(local);
  if (!here) return std::unexpected(here.error());
  return compare_sides(*here, peer);
}

Result<Json> compare_sides(const Side& local, const std::string& peer) {
  const auto there = read_side(peer);
  if (!there) return std::unexpected(there.error());
  const auto pairs = peers::compare_files(file_of(local), file_of(*there));
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
