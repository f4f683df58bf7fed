#include "platform/strongswan_conf.h"

#include <gmock/gmock.h>

#include <map>

namespace vtid::platform {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

using Files = std::map<std::string, std::string>;

ConfReader reader_of(const Files& files) {
  return [files](const std::string& pattern) -> Result<std::vector<ConfFile>> {
    if (pattern.contains("secret")) return fail("cannot read " + pattern + ": Permission denied");
    std::vector<ConfFile> found;
    const std::string start = pattern.substr(0, pattern.find('*'));
    for (const auto& [path, text] : files) {
      if (path.starts_with(start)) found.push_back({path, text});
    }
    return found;
  };
}

Result<model::CharonSettings> parse(const std::string& text, const Files& files = {}) {
  return parse_strongswan_conf({"/etc/strongswan.conf", text}, reader_of(files));
}

model::CharonSettings parsed(const std::string& text, const Files& files = {}) {
  const auto settings = parse(text, files);
  return settings.value();
}

std::string refusal(const std::string& text, const Files& files = {}) {
  const auto result = parse(text, files);
  return result ? "" : result.error().text;
}

TEST(StrongswanConf, NestsSections) {
  EXPECT_THAT(parsed("charon {\n  threads = 16\n  plugins { vici { socket = unix:///run/x.vici } }\n}\n"),
              ElementsAre(Pair("charon.plugins.vici.socket", "unix:///run/x.vici"), Pair("charon.threads", "16")));
}
TEST(StrongswanConf, TakesABraceOnTheNextLine) { EXPECT_THAT(parsed("a\n{\nb = c\n}"), ElementsAre(Pair("a.b", "c"))); }
TEST(StrongswanConf, LeavesCommentsOut) { EXPECT_THAT(parsed("# a = 1\nb = 2 # 3\n#"), ElementsAre(Pair("b", "2"))); }
TEST(StrongswanConf, KeepsWordsApartByOneSpace) { EXPECT_THAT(parsed("a = b \t c\n"), ElementsAre(Pair("a", "b c"))); }
TEST(StrongswanConf, TakesQuotedStringsAsTheyAre) {
  EXPECT_THAT(parsed(R"(a = "# { \"x\" \\ }" end)"), ElementsAre(Pair("a", R"(# { "x" \ } end)")));
}
TEST(StrongswanConf, LaterValuesWin) {
  EXPECT_THAT(parsed("a { b = 1 }\na { b = 2\n c = 3 }"), ElementsAre(Pair("a.b", "2"), Pair("a.c", "3")));
}
TEST(StrongswanConf, AnEmptyValueUnsets) { EXPECT_THAT(parsed("a = 1\na =\n"), ElementsAre()); }
TEST(StrongswanConf, FallsBackToTheNamedSection) {
  EXPECT_THAT(parsed("a { x = 1\n y = 1 }\nb : a { y = 2 }"),
              ElementsAre(Pair("a.x", "1"), Pair("a.y", "1"), Pair("b.x", "1"), Pair("b.y", "2")));
}
TEST(StrongswanConf, IncludesIntoTheSectionWhereItStands) {
  EXPECT_THAT(parsed("charon {\n  include strongswan.d/charon/*.conf\n}\ninclude strongswan.d/*.conf\n",
                     {{"/etc/strongswan.d/charon/vici.conf", "load = yes"}}),
              ElementsAre(Pair("charon.load", "yes"), Pair("load", "yes")));
}
TEST(StrongswanConf, IncludesRelativeToTheIncludingFile) {
  EXPECT_THAT(parsed("include /opt/a.conf", {{"/opt/a.conf", "include b.conf"}, {"/opt/b.conf", "x = 1"}}),
              ElementsAre(Pair("x", "1")));
}
TEST(StrongswanConf, AnIncludeWithoutFilesIsNoError) { EXPECT_THAT(parsed("include nothing/*.conf"), ElementsAre()); }
TEST(StrongswanConf, ReadsDebiansOwnFile) {
  const std::string text =
      "# strongswan.conf - strongSwan configuration file\n#\n\ncharon {\n\tload_modular = yes\n\tplugins {\n"
      "\t\tinclude strongswan.d/charon/*.conf\n\t}\n}\n\ninclude strongswan.d/*.conf\n";
  const Files files{{"/etc/strongswan.d/charon-systemd.conf",
                     "charon-systemd {\n\n    # Section to configure native systemd journal logger.\n    journal {\n\n"
                     "        # Loglevel for a specific subsystem.\n        # <subsystem> = <default>\n\n    }\n\n}\n\n"}};
  EXPECT_THAT(parsed(text, files), ElementsAre(Pair("charon.load_modular", "yes")));
}

TEST(StrongswanConf, RefusesHalfAFile) {
  EXPECT_EQ(refusal("a {\n  b = 1\n"), "/etc/strongswan.conf:3: a section is not closed");
  EXPECT_EQ(refusal("a = 1\n}\n"), "/etc/strongswan.conf:2: a } without its section");
  EXPECT_EQ(refusal("a\n"), "/etc/strongswan.conf:1: \"a\" is neither a setting nor a section");
  EXPECT_EQ(refusal("= 1"), "/etc/strongswan.conf:1: a name is missing");
  EXPECT_EQ(refusal("a = \"b"), "/etc/strongswan.conf:1: a quoted string does not end");
}
TEST(StrongswanConf, AnIncludedFileCannotCloseTheSectionAroundIt) {
  EXPECT_EQ(refusal("a { include b.conf\n }", {{"/etc/b.conf", "}"}}), "/etc/b.conf:1: a } without its section");
}
TEST(StrongswanConf, RefusesWhenAnIncludeCannotBeRead) {
  EXPECT_EQ(refusal("include secret.conf"), "cannot read /etc/secret.conf: Permission denied");
}
TEST(StrongswanConf, RefusesFilesThatIncludeThemselves) {
  EXPECT_THAT(refusal("include a.conf", {{"/etc/a.conf", "include a.conf"}}), HasSubstr("files include each other"));
}
TEST(StrongswanConf, RefusesWhatIsBeyondItsBounds) {
  EXPECT_THAT(refusal(std::string(kLongestConf + 1, '\n')), HasSubstr("longer than"));
  std::string deep;
  for (std::size_t i = 0; i <= kDeepestConf; ++i) deep += "a {";
  EXPECT_THAT(refusal(deep), HasSubstr("sections in each other"));
  EXPECT_THAT(refusal(std::string(kLongestConfName + 1, 'a') + " = 1"), HasSubstr("a name is longer"));
  std::string many;
  for (std::size_t i = 0; i <= kMostConfSettings; ++i) many += "a" + std::to_string(i) + "=1\n";
  EXPECT_THAT(refusal(many), HasSubstr("settings"));
}

TEST(StrongswanConf, IsOfTheCharonWhoseSocketItNames) {
  model::HostFacts facts;
  const auto settings = parsed("charon-systemd { plugins { vici { socket = unix:///run/hq.vici } } }");
  EXPECT_TRUE(names_socket(facts, settings, "unix:///var/run/hq.vici"));
  EXPECT_FALSE(names_socket(facts, settings, "unix:///run/charon.vici"));
  facts.charon_program = "charon";
  EXPECT_TRUE(names_socket(facts, settings, "unix:///var/run/charon.vici"));
  EXPECT_TRUE(names_socket(facts, {}, "unix:///var/run/charon.vici"));
}

}  // namespace
}  // namespace vtid::platform
