// Whatever stands in a source and is not carried over has a line that names it: what no reader knows, wherever it stands.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
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

// In each section: `zz1 = 1`.
std::string with_unknown_keys(const std::string& text, int& count) {
  std::string result;
  for (const char c : text) {
    result += c;
    if (c == '{') result += fmt::format(" zz{} = 1\n", ++count);
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

class UnknownElements : public testing::TestWithParam<const char*> {};

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
INSTANTIATE_TEST_SUITE_P(Pfsense, UnknownElements,
                         testing::Values("pfsense/site.xml", "pfsense/assigned.xml", "pfsense/interface_group.xml",
                                         "pfsense/revoked.xml", "pfsense/vtimaps.xml", "pfsense/virtual_address.xml",
                                         "pfsense/long_description.xml"));

INSTANTIATE_TEST_SUITE_P(Opnsense, UnknownElements,
                         testing::Values("opnsense/connections.xml", "opnsense/legacy.xml", "opnsense/switched_off.xml"));

class UnknownKeys : public testing::TestWithParam<const char*> {};

TEST_P(UnknownKeys, AreNamedWhereverTheyStand) {
  int count = 0;
  const std::string text = with_unknown_keys(contents(GetParam()), count);
  const auto imported = import_from(recognise(text).value(), text, "swanctl.conf", {"secrets"}, kNothing);
  ASSERT_TRUE(imported.has_value()) << imported.error().text;
  EXPECT_EQ(unnamed(imported->notes, count), std::set<std::string>{}) << text;
}
INSTANTIATE_TEST_SUITE_P(Swanctl, UnknownKeys,
                         testing::Values("swanctl/linux.conf", "swanctl/certificates.conf", "swanctl/secret_of_peer.conf",
                                         "swanctl/marks.conf", "swanctl/remote_conditions.conf"));

// After each line that opens a section: `    zz1=1`.
class UnknownWords : public testing::TestWithParam<const char*> {};

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
INSTANTIATE_TEST_SUITE_P(IpsecConf, UnknownWords, testing::Values("ipsec/libreswan.conf", "ipsec/starter.conf"));

// Within each node of these parts: `zz1` and `zz2 x`.
class UnknownNodes : public testing::TestWithParam<const char*> {};

TEST_P(UnknownNodes, AreNamedWhereverTheyStand) {
  std::string text, part;
  int count = 0;
  std::istringstream lines(contents(GetParam()));
  for (std::string line; std::getline(lines, line);) {
    text += line + '\n';
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
INSTANTIATE_TEST_SUITE_P(Vyos, UnknownNodes, testing::Values("vyos/rolling.boot", "vyos/v13.boot"));

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
