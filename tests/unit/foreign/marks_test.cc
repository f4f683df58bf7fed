// Whatever stands in a source and is not carried over has a line that names it: what no reader knows, wherever it stands. Tried
// with every golden file of every source.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include "foreign/import.h"
#include "foreign/settings.h"
#include "foreign/xml.h"

namespace vtid::foreign {
namespace {

std::string contents(std::string_view file) {
  std::ifstream stream(fmt::format("{}/tests/golden/foreign/{}", VTID_SOURCE_DIR, file), std::ios::binary);
  return {std::istreambuf_iterator(stream), {}};
}

// Names of that source's golden files.
std::vector<std::string> golden_of(const std::string& source, std::string_view ending) {
  std::vector<std::string> names;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(VTID_SOURCE_DIR) + "/tests/golden/foreign/" + source)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(ending)) names.push_back(source + '/' + name);
  }
  std::ranges::sort(names);
  return names;
}

// Before each closing tag from the first one of `part` to its last: <zz1></zz1>, <zz2>1</zz2>, …
std::string with_unknown_elements(std::string text, std::string_view part, int& count) {
  const auto first = std::min(text.find(fmt::format("<{}>", part)), text.find(fmt::format("<{} ", part)));
  const auto last = text.find(fmt::format("</{}>", part));
  if (first == std::string::npos) return text;
  std::string result = text.substr(0, first);
  for (std::size_t at = first; at <= last;) {
    const auto close = std::min(text.find("</", at), last);
    result += text.substr(at, close - at);
    ++count;
    result += fmt::format("<zz{0}>{1}</zz{0}>", count, count % 2 == 0 ? "1" : "");
    const auto end = text.find('>', close) + 1;
    result += text.substr(close, end - close);
    at = end;
  }
  return result + text.substr(std::min(text.size(), last + part.size() + 3));
}

// In each section, at its beginning `zz1 = 1`, and at its end a section `zz2 { zz3 = 1 }`.
std::string with_unknown_keys(const std::string& text, int& count) {
  std::string result;
  bool comment = false;
  for (const char c : text) {
    comment = c == '#' || (comment && c != '\n');
    if (c == '}' && !comment) {
      result += fmt::format("\n zz{} {{\n zz{} = 1\n }}\n", count + 1, count + 2);
      count += 2;
    }
    result += c;
    if (c == '{' && !comment) result += fmt::format(" zz{} = 1\n", ++count);
  }
  return result;
}

std::set<std::string> unnamed(const std::vector<Note>& notes, int count) {
  std::string all;
  for (const Note& note : notes) all += print(note, "") + ' ';
  std::set<std::string> missing;
  for (int i = 1; i <= count; ++i) {
    const std::string name = fmt::format("zz{}", i);
    auto at = all.find(name);
    while (at != std::string::npos && at + name.size() < all.size() &&
           std::isdigit(static_cast<unsigned char>(all[at + name.size()])) != 0)
      at = all.find(name, at + 1);
    if (at == std::string::npos) missing.insert(name);
  }
  return missing;
}

const Beside kNothing{[](std::string_view) -> Result<std::string> { return fail("there is none"); },
                      [](std::string_view) { return std::vector<std::string>{}; }};

class UnknownElements : public testing::TestWithParam<std::string> {};

TEST_P(UnknownElements, AreNamedWhereverTheyStand) {
  for (const std::string_view part : {"interfaces", "gateways", "Gateways", "staticroutes", "filter", "Filter", "nat", "ipsec",
                                      "IPsec", "Swanctl", "virtualip", "ifgroups"}) {
    int count = 0;
    const std::string text = with_unknown_elements(contents(GetParam()), part, count);
    const auto imported = import_from(recognise(text).value(), text, "config.xml", {"secrets"}, kNothing);
    ASSERT_TRUE(imported.has_value()) << imported.error().text;
    EXPECT_EQ(unnamed(imported->notes, count), std::set<std::string>{}) << part << '\n' << text;
  }
}
INSTANTIATE_TEST_SUITE_P(Pfsense, UnknownElements, testing::ValuesIn(golden_of("pfsense", ".xml")));
INSTANTIATE_TEST_SUITE_P(Opnsense, UnknownElements, testing::ValuesIn(golden_of("opnsense", ".xml")));

class UnknownKeys : public testing::TestWithParam<std::string> {};

TEST_P(UnknownKeys, AreNamedWhereverTheyStand) {
  int count = 0;
  const std::string text = with_unknown_keys(contents(GetParam()), count);
  const auto imported = import_from(recognise(text).value(), text, "swanctl.conf", {"secrets"}, kNothing);
  ASSERT_TRUE(imported.has_value()) << imported.error().text;
  EXPECT_EQ(unnamed(imported->notes, count), std::set<std::string>{}) << text;
}
INSTANTIATE_TEST_SUITE_P(Swanctl, UnknownKeys, testing::ValuesIn(golden_of("swanctl", ".conf")));

// After each line that opens a section: `    zz1=1`.
class UnknownWords : public testing::TestWithParam<std::string> {};

TEST_P(UnknownWords, AreNamedWhereverTheyStand) {
  std::string text;
  int count = 0;
  std::istringstream lines(contents(GetParam()));
  for (std::string line; std::getline(lines, line);) {
    text += line + '\n';
    const bool opens = line.starts_with("conn ") || line.starts_with("config ") || line.starts_with("ca ");
    if (opens) text += fmt::format("    zz{}=1\n", ++count);
  }
  const auto imported = import_ipsec_conf(text, "ipsec.conf", {"secrets"}, kNothing);
  ASSERT_TRUE(imported.has_value()) << imported.error().text;
  EXPECT_EQ(unnamed(imported->notes, count), std::set<std::string>{}) << text;
}
INSTANTIATE_TEST_SUITE_P(IpsecConf, UnknownWords, testing::ValuesIn(golden_of("ipsec", ".conf")));

// Below each node on the way to what a "set" command says, of the parts that are looked at: `set vpn zz1`.
std::string unknown_commands(const std::string& line, int& count) {
  std::string result;
  const bool looked_at =
      std::ranges::any_of(std::array{"set vpn ", "set interfaces ", "set protocols ", "set nat ", "set firewall "},
                          [&](const char* part) { return line.starts_with(part); });
  for (auto space = line.find(' ', 4); looked_at && space != std::string::npos; space = line.find(' ', space + 1)) {
    if (line.find('\'') < space) break;  // the value
    const std::string_view node = std::string_view(line).substr(0, space);
    const bool named =
        std::ranges::any_of(std::array{"id", "secret", "pre-shared-secret", "proposal", "remote-address", "route", "peer"},
                            [&](std::string_view word) { return node.ends_with(fmt::format(" {}", word)); });
    if (named) continue;  // what stands below it is a name or a value
    result += fmt::format("{} zz{}\n", line.substr(0, space), ++count);
  }
  return result;
}

// Within each node of these parts: `zz1` and `zz2 x`.
class UnknownNodes : public testing::TestWithParam<std::string> {};

TEST_P(UnknownNodes, AreNamedWhereverTheyStand) {
  std::string text, part;
  int count = 0;
  std::istringstream lines(contents(GetParam()));
  for (std::string line; std::getline(lines, line);) {
    text += line + '\n';
    if (line.starts_with("set ")) text += unknown_commands(line, count);
    if (!line.starts_with(' ')) part = line;
    const bool looked_at =
        part == "vpn {" || part == "interfaces {" || part == "protocols {" || part == "nat {" || part == "firewall {";
    if (!looked_at || !line.ends_with('{')) continue;
    ++count;
    text += fmt::format("    zz{}{}\n", count, count % 2 == 0 ? " x" : "");
  }
  const auto imported = import_vyos(text, "config.boot", {"secrets"});
  ASSERT_TRUE(imported.has_value()) << imported.error().text;
  EXPECT_EQ(unnamed(imported->notes, count), std::set<std::string>{}) << text;
}
INSTANTIATE_TEST_SUITE_P(Vyos, UnknownNodes, testing::ValuesIn(golden_of("vyos", ".boot")));

TEST(Marks, AnElementIsReadWhenItIsAskedFor) {
  const Element root = parse_xml("<a><b/><c><d/><e/></c></a>").value();
  static_cast<void>(root.at("c").value("d"));
  const auto left = unread(root);
  ASSERT_EQ(left.size(), 2U);
  EXPECT_EQ(left[0]->path + ' ' + left[1]->path, "b c/e");
}
TEST(Marks, WhatIsTakenOverByReferenceIsReadWhereItIsTaken) {
  const Settings settings = parse_settings("t {\n x = 1\n}\na : t {\n}").value();
  static_cast<void>(settings.root.at("a"));
  const auto left = unread(settings.root);
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].within->path + '.' + left[0].setting->key, "a.x");
}

}  // namespace
}  // namespace vtid::foreign
