#include <gtest/gtest.h>

#include <algorithm>
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

}  // namespace
}  // namespace vtid::foreign
