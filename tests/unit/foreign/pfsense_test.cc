#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "config/parse.h"
#include "config/print.h"
#include "foreign/import.h"

namespace vtid::foreign {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kProposal =
    "<encryption><item><encryption-algorithm><name>aes</name><keylen>256</keylen></encryption-algorithm>"
    "<hash-algorithm>sha256</hash-algorithm><dhgroup>14</dhgroup></item></encryption>";

// A phase 1 with `more` in it; elements of the same name in `more` come first and count.
std::string phase1(std::string_view more = "") {
  return fmt::format(
      "<phase1><ikeid>1</ikeid>{}<iketype>ikev2</iketype><interface>wan</interface><remote-gateway>198.51.100.1</"
      "remote-gateway>"
      "<protocol>inet</protocol><myid_type>myaddress</myid_type><peerid_type>peeraddress</peerid_type>{}<lifetime>28800</"
      "lifetime>"
      "<pre-shared-key>a "
      "secret</pre-shared-key><authentication_method>pre_shared_key</authentication_method><descr>hq</descr></phase1>",
      more, kProposal);
}

std::string phase2(std::string_view more = "", std::string_view reqid = "3") {
  return fmt::format(
      "<phase2><ikeid>1</ikeid><reqid>{}</reqid>{}<mode>vti</mode><localid><type>address</type><address>10.6.6.1</address></"
      "localid>"
      "<remoteid><type>address</type><address>10.6.6.2</address></remoteid><protocol>esp</"
      "protocol><encryption-algorithm-option>"
      "<name>aes256gcm</name><keylen>128</keylen></encryption-algorithm-option><pfsgroup>20</pfsgroup><lifetime>3600</"
      "lifetime></phase2>",
      reqid, more);
}

std::string config(std::string_view ipsec, std::string_view more = "") {
  return fmt::format(
      "<pfsense><interfaces><wan><enable/><if>igb0</if><descr>WAN</descr><ipaddr>192.0.2.1</ipaddr><subnet>24</subnet></wan>"
      "<opt1><enable/><if>ipsec3</if><descr>vti</descr></opt1></interfaces><ipsec>{}</ipsec>{}</pfsense>",
      ipsec, more);
}

Imported carry_over(const std::string& text) { return import_pfsense(text, "config.xml", {"secrets"}).value(); }
// With every default, as the daemon has it.
Json file(const std::string& text) {
  const Imported imported = carry_over(text);
  const auto read = [&](std::string_view name) -> Result<std::string> {
    const auto kept = std::ranges::find(imported.files, name, &KeptFile::name);
    return kept == imported.files.end() ? fail("there is none") : Result<std::string>(kept->bytes);
  };
  return Json::parse(config::print_canonical(config::parse(imported.text, "vtid.json", read).config.value()));
}
Json tunnel(std::string_view in_phase1, std::string_view in_phase2 = "") {
  return file(config(phase1(in_phase1) + phase2(in_phase2)))["tunnels"]["hq"];
}

TEST(Pfsense, KeepsTheNumberOfItsInterface) { EXPECT_EQ(tunnel("")["unit"], 3); }
TEST(Pfsense, NamesTheSharedInterfaceByTheFirstPhase2) {
  EXPECT_EQ(file(config(phase1() + phase2("<disabled/>", "8") +
                        phase2("<localid><type>address</type><address>10.6.7.1</address></localid>"
                               "<remoteid><type>address</type><address>10.6.7.2</address></remoteid>",
                               "3")))["tunnels"]["hq"]["unit"],
            8);
}
TEST(Pfsense, WithInterfacesOfTheirOwnChildrenKeepTheirs) { EXPECT_EQ(tunnel("<splitconn/>")["children"]["v4"]["unit"], 3); }
TEST(Pfsense, KeepsAnOldNumberThatIsAssigned) {
  std::string text = config(phase1() + phase2());
  EXPECT_EQ(file(text.replace(text.find("ipsec3"), 6, "ipsec1000"))["tunnels"]["hq"]["unit"], 1000);
}
TEST(Pfsense, KnowsTheOldMarkOfTheDefaultGateway) {
  const Json json =
      file(config(phase1() + phase2(),
                  "<gateways><gateway_item><interface>wan</interface><gateway>192.0.2.254</gateway><name>GW</name>"
                  "<defaultgw/></gateway_item></gateways>"));
  EXPECT_EQ(json["default_gateway"]["ipv4"], "GW");
}
TEST(Pfsense, AProtocolOfAnotherFamilyIsNotAny) {
  const Json json =
      file(config(phase1() + phase2(),
                  "<filter><rule><type>pass</type><interface>enc0</interface><ipprotocol>inet</ipprotocol>"
                  "<protocol>ipv6-icmp</protocol><source><any/></source><destination><any/></destination></rule></filter>"));
  EXPECT_EQ(json["rules"], Json::array());
}
TEST(Pfsense, RekeysAtNineTenthsOfTheLifetime) { EXPECT_EQ(tunnel("")["ike"]["rekey"], "432m"); }
TEST(Pfsense, RekeysWhenItSays) { EXPECT_EQ(tunnel("<rekey_time>3600</rekey_time>")["ike"]["rekey"], "1h"); }
TEST(Pfsense, WithoutDpdThereIsNone) { EXPECT_EQ(tunnel("<dpd_delay>10</dpd_delay>")["ike"]["dpd"], "0s"); }
TEST(Pfsense, RespondsOnlyWhenItSays) { EXPECT_EQ(tunnel("<startaction>none</startaction>")["start"], "none"); }
TEST(Pfsense, AKeyIdKeepsItsKind) {
  EXPECT_EQ(tunnel("<myid_type>keyid tag</myid_type><myid_data>42</myid_data>")["ike"]["local"]["id"], "keyid:42");
}
TEST(Pfsense, ANameThatLooksLikeANumberKeepsItsKind) {
  EXPECT_EQ(tunnel("<peerid_type>fqdn</peerid_type><peerid_data>42</peerid_data>")["ike"]["remote"]["id"], "fqdn:42");
}
TEST(Pfsense, AnAddressIsInAFour) { EXPECT_EQ(tunnel("")["children"]["v4"]["local"], "10.6.6.1/30"); }
TEST(Pfsense, ADisabledPhase1IsADisabledTunnel) { EXPECT_EQ(tunnel("<disabled/>")["enabled"], false); }
TEST(Pfsense, DeniesWhatNoRulePasses) { EXPECT_EQ(file(config(phase1() + phase2()))["rules"], Json::array()); }
TEST(Pfsense, ItsPresharedKeyIsAFileOfItsOwn) {
  const auto imported = carry_over(config(phase1() + phase2()));
  EXPECT_EQ(imported.files.at(0).name + ' ' + imported.files.at(0).bytes, "secrets/hq.psk a secret");
}
TEST(Pfsense, ATunnelThatIsTakenOutTakesItsFilesAlong) {
  EXPECT_TRUE(carry_over(config(phase1("<remote-gateway>not a host</remote-gateway>") + phase2())).files.empty());
}
TEST(Pfsense, NamesTheAutomaticGatewayAsItIs) {
  const Json json =
      file(config(phase1() + phase2(),
                  "<staticroutes><route><network>10.9.0.0/16</network><gateway>VTI_VTIV4</gateway></route></staticroutes>"));
  EXPECT_EQ(json["routes"][0]["via"], "VTI_VTIV4");
}
TEST(Pfsense, ARuleWithAnAliasThatIsNotThereIsNoRule) {
  const Json json =
      file(config(phase1() + phase2(),
                  "<filter><rule><type>pass</type><interface>enc0</interface><source><address>NOBODY</address></source>"
                  "<destination><any/></destination></rule></filter>"));
  EXPECT_EQ(json["rules"], Json::array());
}
TEST(Pfsense, AnAliasThatHoldsItselfIsNoRule) {
  const Json json =
      file(config(phase1() + phase2(),
                  "<aliases><alias><name>A</name><type>host</type><address>A</address></alias></aliases><filter><rule>"
                  "<type>pass</type><interface>enc0</interface><source><address>A</address></source><destination><any/></"
                  "destination></rule></filter>"));
  EXPECT_EQ(json["rules"], Json::array());
}
// Of a gateway that vtid makes by itself too, and one that is too long goes alone.
TEST(Pfsense, GatewaysAndGroupsKeepTheirDescriptions) {
  const Json json = file(
      config(phase1() + phase2(),
             fmt::format(
                 "<gateways><gateway_item><interface>opt1</interface><gateway>dynamic</gateway><name>VTI_VTIV4</name><descr>to "
                 "HQ</descr></gateway_item><gateway_item><interface>wan</interface><gateway>192.0.2.254</gateway><name>WAN_GW"
                 "</name><descr>{}</descr></gateway_item><gateway_group><name>BOTH</name><item>VTI_VTIV4|1</item><item>WAN_GW|2"
                 "</item><descr>HQ first</descr></gateway_group></gateways>",
                 std::string(1'025, 'x'))));
  EXPECT_EQ(json["gateways"]["VTI_VTIV4"]["description"], "to HQ");
  EXPECT_EQ(json["gateways"]["WAN_GW"]["description"], "");
  EXPECT_EQ(json["gateways"]["WAN_GW"]["address"], "192.0.2.254");
  EXPECT_EQ(json["gateway_groups"]["BOTH"]["description"], "HQ first");
}
TEST(Pfsense, ARuleOfOneFamilyIsOfOne) {
  const Json json = file(
      config(phase1() + phase2(),
             "<filter><rule><type>pass</type><interface>enc0</interface><ipprotocol>inet</ipprotocol><source><any/></source>"
             "<destination><any/></destination></rule></filter>"));
  EXPECT_EQ(json["rules"][0]["from"], "0.0.0.0/0");
}
TEST(Pfsense, WhatAnInterfacesSwitchesBlockGoesBeforeItsRules) {
  std::string text =
      config("<filtermode>if_ipsec</filtermode>" + phase1() + phase2(),
             "<filter><rule><type>pass</type><interface>opt1</interface><source><any/></source><destination><any/>"
             "</destination></rule></filter>");
  text.replace(text.find("<descr>vti</descr>"), 0, "<blockpriv></blockpriv><blockbogons></blockbogons>");
  const Json rules = file(text)["rules"];
  ASSERT_EQ(rules.size(), 3U);
  EXPECT_EQ(rules[0]["action"].get<std::string>() + rules[0]["from"][0].get<std::string>(), "block10.0.0.0/8");
  EXPECT_EQ(rules[1]["action"].get<std::string>() + rules[1]["from"][0].get<std::string>(), "block0.0.0.0/8");
}
TEST(Pfsense, ABlockThatCannotBeSaidBlocksMore) {
  const Json json = file(config(
      phase1() + phase2(),
      "<filter><rule><type>block</type><interface>enc0</interface><protocol>tcp</protocol><sched>night</sched><source><address>"
      "NOBODY</address></source><destination><address>10.1.0.5</address><port>22</port></destination></rule></filter>"));
  EXPECT_EQ(json["rules"][0]["from"], "any");
  EXPECT_EQ(json["rules"][0]["to"], "10.1.0.5/32");
  EXPECT_EQ(json["rules"][0]["ports"], "22");
}
TEST(Pfsense, ABlockThatVtidRefusesBlocksAllThatComesThere) {
  std::string many;
  for (int i = 0; i < 129; ++i) many += fmt::format("10.9.{}.1 ", i);
  const Imported imported = carry_over(
      config(phase1() + phase2(), fmt::format("<filter><rule><type>block</type><interface>enc0</interface><source><address>{}"
                                              "</address></source><destination><any/></destination></rule></filter>",
                                              many)));
  EXPECT_EQ(Json::parse(imported.text)["rules"], Json::parse(R"([{"on": "ipsec", "action": "block"}])"));
}
TEST(Pfsense, AProposalThatCannotBeGoesAloneWhenThereAreOthers) {
  const std::string gcm =
      "<item><encryption-algorithm><name>aes128gcm</name><keylen>128</keylen></encryption-algorithm>"
      "<hash-algorithm>sha256</hash-algorithm><dhgroup>14</dhgroup></item>";
  std::string one = phase1("<iketype>ikev1</iketype>");
  one.insert(one.find("</encryption>"), gcm);  // which IKEv1 has not
  EXPECT_EQ(file(config(one + phase2()))["tunnels"]["hq"]["ike"]["proposals"], Json::array({"aes256-sha256-modp2048"}));
}
TEST(Pfsense, ManyTunnelsAreCarriedOverInAMoment) {
  std::string ipsec;
  for (int i = 1; i <= 500; ++i) {
    const std::string id = std::to_string(i);
    std::string one = phase1(fmt::format(
        "<descr>t{}</descr><ikeid>{}</ikeid><peerid_type>fqdn</peerid_type><peerid_data>p{}</peerid_data>", i, i, i));
    std::string two =
        phase2(fmt::format("<localid><type>address</type><address>10.{}.{}.1</address></localid><remoteid><type>address</type>"
                           "<address>10.{}.{}.2</address></remoteid>",
                           i / 250, i % 250, i / 250, i % 250),
               id);
    one.replace(one.find("<ikeid>1</ikeid>"), 16, "");
    two.replace(two.find("<ikeid>1</ikeid>"), 16, fmt::format("<ikeid>{}</ikeid>", i));
    ipsec += one + two;
  }
  EXPECT_EQ(file(config(ipsec))["tunnels"].size(), 500U);
}

}  // namespace
}  // namespace vtid::foreign
