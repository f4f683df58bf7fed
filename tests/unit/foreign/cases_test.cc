// Files from the field, each with the one value that has to come out right. The files are golden/foreign's.
#include <gmock/gmock.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "foreign/import.h"

namespace vtid::foreign {
namespace {

using Json = nlohmann::json;
using ::testing::HasSubstr;

std::string contents(const std::string& path) {
  std::ifstream file(std::string(VTID_SOURCE_DIR) + "/tests/golden/" + path, std::ios::binary);
  return {std::istreambuf_iterator(file), {}};
}

// Beside a swanctl.conf: a certificate, its key, and a CA.
Result<std::string> read(std::string_view path) {
  const std::string file(path.substr(path.find('/') + 1));
  if (path.starts_with("private/") != file.ends_with(".key")) return fail("there is none");
  const std::string bytes = contents("config/files/" + file);
  return bytes.empty() ? fail("there is none") : Result<std::string>(bytes);
}
std::vector<std::string> list(std::string_view folder) {
  if (folder == "private") return {"branch.key"};
  return folder == "x509ca" ? std::vector<std::string>{"ca.pem"} : std::vector<std::string>{};
}

Imported carry_over(const std::string& file) {
  const std::string text = contents("foreign/" + file);
  const Wish wish{"secrets"};
  return (file.ends_with(".xml") ? import_pfsense(text, "file", wish) : import_swanctl(text, "file", wish, {read, list}))
      .value();
}
Json at(const std::string& file, const std::string& pointer) {
  return Json::parse(carry_over(file).text).value(Json::json_pointer(pointer), Json());
}
std::string notes(const std::string& file) {
  std::string all;
  for (const Note& note : carry_over(file).notes) all += print(note, "file") + '\n';
  return all;
}

// ---- pfSense

TEST(Case, ABlockOnAGroupStandsOnItsMembersBeforeTheirRules) {
  EXPECT_EQ(at("pfsense/interface_group.xml", "/rules/0"),
            Json::parse(R"({"on": "VTI_HQ", "action": "block", "protocol": "tcp", "to": "10.1.0.5/32", "ports": "22",
                            "description": "no ssh from tunnels"})"));
}
TEST(Case, AnInterfaceOfTheMapsIsTheTunnelThatTheySay) {
  EXPECT_EQ(at("pfsense/vtimaps.xml", "/interfaces/VTI_C/tunnel"), "siteC");
  EXPECT_EQ(at("pfsense/vtimaps.xml", "/interfaces/VTI_B/tunnel"), "siteB");
}
TEST(Case, ALongDescriptionIsAShortName) {
  EXPECT_EQ(at("pfsense/long_description.xml", "/policy_routes/0/name"), "Voice_and_video_to_headquarters");
}
TEST(Case, ADisabledTunnelStaysAndWhatNeedsItGoes) {
  EXPECT_EQ(at("pfsense/disabled.xml", "/tunnels/hq/enabled"), false);
  EXPECT_EQ(carry_over("pfsense/disabled.xml").files.at(0).name, "secrets/hq.psk");
  EXPECT_THAT(notes("pfsense/disabled.xml"), HasSubstr("staticroutes/route: is not carried over"));
}
TEST(Case, APeerIsReachedByTheInterfaceOfItsPhase1) {
  EXPECT_EQ(at("pfsense/second_wan.xml", "/routes/0"), Json::parse(R"({"to": "198.51.100.2/32", "via": "WAN2GW"})"));
}
TEST(Case, ADefaultRouteThroughATunnelDoesNotTakeItsPeerAlong) {
  EXPECT_EQ(at("pfsense/default_by_vti.xml", "/default_gateway/ipv4"), "VTI_HQ_VTIV4");
  EXPECT_EQ(at("pfsense/default_by_vti.xml", "/routes/0/via"), "WANGW");
}
TEST(Case, AnEmptyElementIsAYes) {
  for (const char* flag : {"strictcrlpolicy", "makebeforebreak", "unityplugin", "noshuntlaninterfaces"})
    EXPECT_THAT(notes("pfsense/flags.xml"), HasSubstr(std::string("ipsec/") + flag + ": is not carried over"));
}
TEST(Case, ATunnelWhosePeersMayBeRevokedComesOutDisabled) {
  EXPECT_EQ(at("pfsense/revoked.xml", "/tunnels/hq/enabled"), false);
  EXPECT_THAT(notes("pfsense/revoked.xml"), HasSubstr("the list of revoked certificates \"revoked\" is not carried over"));
}
TEST(Case, BlowfishHasALength) {
  EXPECT_EQ(at("pfsense/blowfish.xml", "/tunnels/hq/ike/proposals/0"), "blowfish256-sha1-modp2048");
  EXPECT_EQ(at("pfsense/blowfish.xml", "/tunnels/hq/children/tunnel-1/proposals/0"), "blowfish256-sha1-modp2048");
}
TEST(Case, AnEmptyCarefIsNone) { EXPECT_EQ(at("pfsense/empty_caref.xml", "/tunnels/hq/ike/auth/ca"), "secrets/hq.ca.pem"); }
TEST(Case, Ikev1BeginsAnewAtNineTenthsOfItsLifetime) {  // which is the default, and not said
  EXPECT_EQ(at("pfsense/ikev1_times.xml", "/tunnels/hq/ike/rekey"), Json());
}
TEST(Case, TheNetworkNoneIsEverything) {
  EXPECT_EQ(at("pfsense/none.xml", "/tunnels/hq/children/tunnel-1/local"), "0.0.0.0/0");
}
TEST(Case, WhatARuleDoesBesidesIsNamed) {
  for (const char* what :
       {"filter/rule/statetype: \"sloppy state\"", "filter/rule/disablereplyto: ", "filter/rule/allowopts: "})
    EXPECT_THAT(notes("pfsense/sloppy.xml"), HasSubstr(what));
}
TEST(Case, TheMssOfAllTunnelsIsNamed) { EXPECT_THAT(notes("pfsense/maxmss.xml"), HasSubstr("the MSS of 1328")); }
TEST(Case, AVirtualAddressOnATunnelIsNamed) {
  EXPECT_THAT(notes("pfsense/virtual_address.xml"), HasSubstr("the address 172.31.9.9/32 on VTI_HQ is not carried over"));
}

// ---- swanctl

TEST(Case, TheSecretOfThePeerGoesBeforeOurs) {
  EXPECT_EQ(carry_over("swanctl/secret_of_peer.conf").files.at(0).bytes, "the-key-of-b1");
}
TEST(Case, ASecretOfAnybodyIsOurs) { EXPECT_EQ(carry_over("swanctl/secret_of_any.conf").files.at(0).bytes, "the-key"); }
TEST(Case, NumbersAreOfAnyBase) { EXPECT_EQ(at("swanctl/never_rekey.conf", "/tunnels/b1/unit"), 42); }
TEST(Case, NeverIsNamed) {
  EXPECT_THAT(notes("swanctl/never_rekey.conf"), HasSubstr("net.rekey_time: 0 (never)"));  // and has no end
  EXPECT_EQ(at("swanctl/never_rekey.conf", "/tunnels/b1/ike/rekey"), "0s");
  EXPECT_EQ(at("swanctl/never_rekey.conf", "/tunnels/b1/ike/unique"), "never");
  EXPECT_EQ(at("swanctl/never_rekey.conf", "/tunnels/b1/ike/fragmentation"), "no");
  EXPECT_EQ(at("swanctl/never_rekey.conf", "/tunnels/b1/children/v4/rekey_bytes"), 500'000'000);
}
TEST(Case, SelectorsThatAreLostAreNamed) {
  EXPECT_EQ(at("swanctl/selectors.conf", "/tunnels/proxy-out/children/v4/selectors/remote"), "10.2.0.0/16");
}
TEST(Case, MarksAreAnInterface) {
  for (const char* file : {"swanctl/marks.conf", "swanctl/marks_everything.conf"}) {
    EXPECT_EQ(at(file, "/tunnels/gcp/unit"), 42);
    EXPECT_EQ(at(file, "/tunnels/gcp/children/v4/mode"), Json());  // vti
  }
}
TEST(Case, Ikev1RenewsWhenItBeginsAnew) { EXPECT_EQ(at("swanctl/ikev1_reauth.conf", "/tunnels/b1/ike/rekey"), "1d"); }
TEST(Case, WhoNamesNoCaTakesThoseOfTheFolder) {
  EXPECT_EQ(at("swanctl/any_authority.conf", "/tunnels/gw/ike/auth/ca"), "x509ca/ca.pem");
}
TEST(Case, AConditionThatIsLostShutsTheTunnel) {
  for (const char* file : {"swanctl/remote_conditions.conf", "swanctl/signature.conf"})
    EXPECT_EQ(at(file, "/tunnels/gw/enabled"), false);
  EXPECT_THAT(notes("swanctl/remote_conditions.conf"), HasSubstr("groups = staff is not carried over"));
  EXPECT_EQ(at("swanctl/remote_conditions.conf", "/tunnels/gw/ike/auth/revocation"), "strict");
}

}  // namespace
}  // namespace vtid::foreign
