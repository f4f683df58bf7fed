#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "config/parse.h"
#include "config/print.h"
#include "foreign/import.h"

namespace vtid::foreign {
namespace {

using Json = nlohmann::json;

const Beside kNothingBeside{[](std::string_view) -> Result<std::string> { return fail("there is none"); },
                            [](std::string_view) { return std::vector<std::string>{}; }};

Imported carry_over(const std::string& connection,
                    const std::string& secrets = "secrets {\n ike {\n secret = a secret\n }\n}\n") {
  const std::string text =
      "connections {\n hq {\n local_addrs = 192.0.2.1\n remote_addrs = 198.51.100.1\n local {\n auth = psk\n }\n remote {\n "
      "auth = psk\n }\n" +
      connection + "\n }\n}\n" + secrets;
  return import_swanctl(text, "swanctl.conf", {"secrets"}, kNothingBeside).value();
}

// With every default, as the daemon has it.
Json tunnel(const std::string& connection) {
  const Imported imported = carry_over(connection);
  const auto read = [&](std::string_view name) -> Result<std::string> {
    const auto kept = std::ranges::find(imported.files, name, &KeptFile::name);
    return kept == imported.files.end() ? fail("there is none") : Result<std::string>(kept->bytes);
  };
  return Json::parse(config::print_canonical(config::parse(imported.text, "vtid.json", read).config.value()))["tunnels"]["hq"];
}

const std::string kVti = "children {\n a {\n if_id_in = 5\n if_id_out = 5\n";

TEST(Swanctl, AnIfIdIsTheUnit) { EXPECT_EQ(tunnel(kVti + "}\n}")["unit"], 5); }
TEST(Swanctl, AnIfIdOfTheConnectionIsItToo) {
  EXPECT_EQ(tunnel("if_id_in = 6\n if_id_out = 6\nchildren {\n a {\n }\n}")["unit"], 6);
}
TEST(Swanctl, PfsensesReqidIsTheUnit) {
  EXPECT_EQ(tunnel("children {\n a {\n reqid = 5009\n policies = no\n }\n}")["unit"], 9);
}
TEST(Swanctl, WithoutAnIfIdItIsAPolicy) {
  EXPECT_EQ(tunnel("children {\n a {\n local_ts = 10.1.0.0/24\n remote_ts = 10.2.0.0/24\n }\n}")["children"]["a"]["mode"],
            "tunnel");
}
TEST(Swanctl, NarrowSelectorsAreTheInnerAddresses) {
  EXPECT_EQ(tunnel(kVti + "local_ts = 10.6.6.1, 0.0.0.0/0\n remote_ts = 10.6.6.2, 0.0.0.0/0\n }\n}")["children"]["v4"]["local"],
            "10.6.6.1/30");
}
TEST(Swanctl, WhatItDoesNotSayItHasFromCharon) {
  EXPECT_EQ(tunnel(kVti + "}\n}")["ike"]["proposals"], Json::array({"default"}));
}
TEST(Swanctl, ItsOwnDefaultsAreKept) {
  const Json ike = tunnel(kVti + "}\n}")["ike"];
  EXPECT_EQ(Json::array({ike["mobike"], ike["dpd"], ike["rekey"]}), Json::array({true, "0s", "4h"}));
}
TEST(Swanctl, ChildrenWithInterfacesOfTheirOwnAreSplit) {
  EXPECT_EQ(tunnel(kVti + "}\n b {\n if_id_in = 6\n if_id_out = 6\n }\n}")["ike"]["split"], true);
}
TEST(Swanctl, StartsAsItDoes) { EXPECT_EQ(tunnel(kVti + "start_action = trap\n }\n}")["start"], "trap"); }
TEST(Swanctl, WaitsWhenItDoesNotSay) { EXPECT_EQ(tunnel(kVti + "}\n}")["start"], "none"); }
TEST(Swanctl, TheSecretWithTheRightIdIsTaken) {
  const auto imported =
      carry_over("remote {\n id = hq\n }\n" + kVti + "}\n}",
                 "secrets {\n ike-a {\n secret = one\n id = other\n }\n ike-b {\n secret = 0x74776f\n id = hq\n }\n}\n");
  EXPECT_EQ(imported.files.at(0).bytes, "two");
}

// ---- what it includes

const std::string kConnection =
    "connections {\n b1 {\n local_addrs = 192.0.2.1\n remote_addrs = 198.51.100.1\n mediation = yes\n local {\n auth = psk\n "
    "}\n"
    " remote {\n auth = psk\n }\n children {\n a {\n if_id_in = 5\n if_id_out = 5\n }\n }\n }\n}\n";

// A folder conf.d of these files.
Result<Imported> with_folder(const std::string& text, const std::map<std::string, std::string>& files) {
  const Beside beside{[&](std::string_view path) -> Result<std::string> {
                        const auto found = files.find(std::string(path));
                        return found == files.end() ? fail("there is none") : Result<std::string>(found->second);
                      },
                      [&](std::string_view folder) {
                        std::vector<std::string> names;
                        for (const auto& [path, bytes] : files) {
                          const auto slash = path.rfind('/');
                          if (path.substr(0, slash) == folder) names.push_back(path.substr(slash + 1));
                        }
                        return names;
                      }};
  return import_swanctl(text, "swanctl.conf", {"secrets"}, beside);
}

TEST(Swanctl, FollowsWhatItIncludes) {
  const auto imported = with_folder("include conf.d/*.conf\n", {{"conf.d/b.conf", kConnection}, {"conf.d/a.txt", "wrong"}});
  EXPECT_EQ(Json::parse(imported->text)["tunnels"]["b1"]["unit"], 5);
}
TEST(Swanctl, NamesTheFileOfWhatIsNotCarriedOver) {
  const auto imported = with_folder("include conf.d/*.conf\n", {{"conf.d/b.conf", kConnection}});
  EXPECT_TRUE(std::ranges::any_of(imported->notes, [](const Note& note) {
    return print(note, "swanctl.conf").starts_with("conf.d/b.conf:5: connections.b1.mediation: ");
  }));
}
TEST(Swanctl, IncludesWithinASectionAndFromAFileOfAnotherFolder) {
  const auto imported = with_folder("connections {\n include x/all\n}\n",
                                    {{"x/all", "include one*\n"}, {"x/one1", kConnection.substr(14, kConnection.size() - 16)}});
  ASSERT_TRUE(imported.has_value()) << imported.error().text;
  EXPECT_TRUE(Json::parse(imported->text)["tunnels"].contains("b1"));
}
TEST(Swanctl, SaysWhatItCannotFollow) {
  const auto imported = with_folder(kConnection + "include conf.d/*.conf\n", {});
  EXPECT_EQ(imported->notes.back().text, "conf.d/*.conf gives no file that can be read");
}
TEST(Swanctl, AFileThatIncludesItselfComesToAnEnd) {
  EXPECT_TRUE(with_folder(kConnection + "include x/a\n", {{"x/a", "include a\ninclude a\n"}}).has_value());
}
TEST(Swanctl, AMistakeInWhatIsIncludedNamesTheFile) {
  EXPECT_EQ(with_folder("include x/a\n", {{"x/a", "connections {\n"}}).error().text,
            "swanctl.conf: x/a: line 2: the file ends inside \"connections\" of line 1");
}
TEST(Swanctl, Ikev1LooksForItsAddressesWhenItsNamesHaveNoSecret) {
  const auto imported = carry_over("version = 1\n local {\n id = here\n }\n remote {\n id = there\n }\n" + kVti + "}\n}",
                                   "secrets {\n ike-a {\n id = 198.51.100.1\n secret = by address\n }\n}\n");
  EXPECT_EQ(imported.files.at(0).bytes, "by address");
}
TEST(Swanctl, ActionsHaveTheirOldWordsToo) {
  EXPECT_EQ(tunnel(kVti + "start_action = route\n }\n}")["start"], "trap");
  EXPECT_EQ(tunnel(kVti + "start_action = restart\n }\n}")["start"], "start");
  EXPECT_EQ(tunnel(kVti + "start_action = clear\n }\n}")["start"], "none");
}
TEST(Swanctl, TimesAreOfAnyBaseAndUnit) {
  EXPECT_EQ(tunnel("rekey_time = 0x0e10\n" + kVti + "}\n}")["ike"]["rekey"], "1h");
  EXPECT_EQ(tunnel("rekey_time = 2 H\n" + kVti + "}\n}")["ike"]["rekey"], "2h");
}
TEST(Swanctl, Ikev2ThatOnlyBeginsAnewIsNeverRekeyed) {
  const Json ike = tunnel("reauth_time = 3h\n" + kVti + "}\n}")["ike"];
  EXPECT_EQ(Json::array({ike["rekey"], ike["reauth"]}), Json::array({"0s", "3h"}));
}
TEST(Swanctl, OptionsOfSasAreCarriedOver) {
  const Json hq = tunnel(
      "rand_time = 10m\n over_time = 20m\n childless = force\n dscp = 110000\n local_port = 4500\n remote_port = 4500\n" +
      kVti +
      "rekey_time = 1h\n life_time = 2h\n rand_time = 60\n rekey_bytes = 2g\n replay_window = 128\n "
      "copy_dscp = yes\n copy_df = no\n copy_ecn = no\n set_mark_in = 0x10/0xff\n hw_offload = yes\n }\n}");
  EXPECT_EQ(Json::array({hq["ike"]["spread"], hq["ike"]["grace"], hq["ike"]["childless"], hq["ike"]["dscp"],
                         hq["ike"]["local"]["port"], hq["ike"]["remote"]["port"]}),
            Json::array({"10m", "20m", "force", 48, 4'500, 4'500}));
  const Json& child = hq["children"]["v4"];
  EXPECT_EQ(Json::array({child["spread"], child["grace"], child["rekey_bytes"], child["replay_window"], child["dscp"],
                         child["df"], child["ecn"], child["mark_in"], child["offload"]}),
            Json::array({"1m", "1h", 2'147'483'648, 128, "both", "clear", false, "0x10/0xff", "crypto"}));
}
TEST(Swanctl, WhatIsOutOfBoundsIsNamedAndLeftToTheDefault) {
  const auto imported =
      carry_over("rekey_time = 1h\n rand_time = 40m\n unique = replace\n" + kVti + "set_mark_out = 0x10000\n }\n}");
  std::string notes;
  for (const Note& note : imported.notes) notes += note.place + ": " + note.text + "\n";
  for (const char* key : {"rand_time", "unique", "set_mark_out"})
    EXPECT_NE(notes.find(std::string(key) + ": is not carried over"), std::string::npos) << notes;
}
TEST(Swanctl, AHostToHostSelectorIsNoInnerAddress) {
  EXPECT_EQ(tunnel(kVti + "local_ts = 10.6.6.1\n remote_ts = 10.7.7.2\n }\n}")["children"]["v4"]["local"], "169.254.1.1/30");
}
TEST(Swanctl, NamedNetworksAreNegotiated) {
  const Json child = tunnel(kVti + "local_ts = 10.1.0.0/16, 10.3.0.0/16\n remote_ts = 10.2.0.0/16\n }\n}")["children"]["v4"];
  EXPECT_EQ(child["selectors"], (Json{{"local", {"10.1.0.0/16", "10.3.0.0/16"}}, {"remote", "10.2.0.0/16"}}));
}

}  // namespace
}  // namespace vtid::foreign
