// What the documents say of each key, held against conf/vtid.schema.json: every key is there, no other, each with its default.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <ranges>
#include <regex>
#include <set>
#include <sstream>

#include "unit/config/schema.h"

namespace vtid::config {
namespace {

using nlohmann::json;

struct Section {
  std::string file;
  std::string heading;
  std::vector<std::string> places;  // pointers to the objects whose keys its tables may hold
  std::string text{};
};

// The sections that describe keys, with their texts.
const std::vector<Section>& sections() {
  static const std::vector<Section> kSections = [] {
    const std::string page = "docs/configuration.md";
    const std::string filtering = "docs/filtering.md";
    std::vector<Section> all{
        {page, "Values", {"/tunnels/x/ike/auth/psk", "/tunnels/x/ike/auth/ppk/secret", "/tunnels/x/keys/out/key"}},
        {page, "Top level", {""}},
        {page, "`tunnels.NAME`", {"/tunnels/x"}},
        {page, "`ike`", {"/tunnels/x/ike", "/tunnels/x/ike/auth"}},
        {page, "`outer` and `keys`", {"/tunnels/x", "/tunnels/x/keys/out"}},
        {page, "`children.NAME`", {"/tunnels/x/children/x"}},
        {page, "`interfaces.NAME`", {"/interfaces/x"}},
        {page, "`gateways.NAME`", {"/gateways/x", "/gateways/x/monitor/targets/0"}},
        {page, "`gateway_groups.NAME`", {"/gateway_groups/x"}},
        {page, "`http`", {"/http"}},
        {page, "`on_change`", {"/on_change"}},
        {page, "`routes`", {"/routes/0"}},
        {page, "`policy_routes`", {"/policy_routes/0"}},
        {filtering, "`rules`", {"/rules/0"}},
        {filtering, "`lists`", {"/lists/x"}},
        {filtering, "`nat`", {"/nat/0"}}};
    for (Section& section : all) {
      const std::string text = source_file(section.file);
      const std::size_t begin = text.find("# " + section.heading + "\n");
      EXPECT_NE(begin, std::string::npos) << section.heading;
      section.text = text.substr(begin, text.find("\n#", begin + 2) - begin);
    }
    return all;
  }();
  return kSections;
}

std::vector<std::string> quoted(const std::string& text) {
  static const std::regex kCode("`([^`]+)`");
  std::vector<std::string> words;
  for (std::sregex_iterator at(text.begin(), text.end(), kCode), end; at != end; ++at) words.push_back((*at)[1]);
  return words;
}

// "loss.low", ".high" and "members[].tier" as pointers: each that begins with a dot goes where the one before went.
std::vector<std::string> pointers_of(const std::string& cell) {
  std::vector<std::string> pointers;
  for (std::string name : quoted(cell)) {
    name = "/" + std::regex_replace(std::regex_replace(name, std::regex("\\[\\]"), "/0"), std::regex("\\."), "/");
    if (name.starts_with("//")) name = pointers.back().substr(0, pointers.back().rfind('/')) + name.substr(1);
    pointers.push_back(name);
  }
  return pointers;
}

bool known(const std::string& pointer) {
  const std::size_t slash = pointer.rfind('/');
  const auto found = schema().objects().find(pointer.substr(0, slash));
  return found != schema().objects().end() && found->second.contains(pointer.substr(slash + 1));
}

// The second cell of every key that a table describes. The tables of `nat` are by kind.
std::map<std::string, std::string> described() {
  static const std::regex kRow(R"(\| (`.*?) \| (.*?) \|.*)");
  std::map<std::string, std::string> cells;
  for (const Section& section : sections()) {
    std::istringstream lines(section.text);
    std::smatch row;
    for (std::string line; std::getline(lines, line);) {
      if (section.places.front() == "/nat/0" || !std::regex_match(line, row, kRow)) continue;
      for (const std::string& name : pointers_of(row[1])) {
        const auto place = std::ranges::find_if(section.places, [&](const std::string& at) { return known(at + name); });
        EXPECT_NE(place, section.places.end()) << section.file << ": there is no " << name << " in " << section.heading;
        if (place != section.places.end()) cells[*place + name] = row[2];
      }
    }
  }
  return cells;
}

TEST(Reference, DescribesEveryKey) {
  const auto cells = described();
  for (const auto& [place, keys] : schema().objects()) {
    for (const std::string& key : keys) {
      const std::string pointer = place + "/" + key;
      const auto next = cells.lower_bound(pointer);  // itself, or what is in it
      if (next != cells.end() && (next->first == pointer || next->first.starts_with(pointer + "/"))) continue;
      const bool said = std::ranges::any_of(sections(), [&](const Section& section) {
        return std::ranges::find(section.places, place) != section.places.end() && section.text.contains(key);
      });
      EXPECT_TRUE(said) << pointer << " is in no table and no sentence";
    }
  }
}

TEST(Reference, HasTheDefaults) {
  for (const auto& [pointer, cell] : described()) {
    const std::vector<std::string> words = quoted(cell);
    if (words.empty()) continue;
    const auto found = schema().defaults().find(pointer);
    if (found == schema().defaults().end()) continue;
    const auto is_it = [&](const std::string& word) { return json::parse(word, nullptr, false) == found->second; };
    EXPECT_TRUE(std::ranges::any_of(words, is_it)) << pointer << " is " << found->second << ", not " << cell;
  }
}

TEST(Reference, ManualNamesEveryKey) {
  const std::string page = source_file("docs/man/vtid.json.5");
  for (const auto& [place, keys] : schema().objects()) {
    for (const std::string& key : keys)
      EXPECT_TRUE(std::regex_search(page, std::regex("\\b" + key + "\\b"))) << place << "/" << key;
  }
}

}  // namespace
}  // namespace vtid::config
