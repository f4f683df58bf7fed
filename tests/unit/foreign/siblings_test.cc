// Siblings of the files from the field: other elements, other sources, the same kinds of faults. A rule that vanishes, one that
// lets more through than it did, a condition that is dropped, a flag read the wrong way round.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>

#include "config/parse.h"
#include "config/print.h"
#include "foreign/import.h"

namespace vtid::foreign {
namespace {

using SiblingJson = nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

const Beside kNoFiles{[](std::string_view) -> Result<std::string> { return fail("there is none"); },
                      [](std::string_view) { return std::vector<std::string>{}; }};

struct Sibling {
  SiblingJson file;  // with every default
  std::string notes, printed;
  std::vector<KeptFile> kept;
};

Sibling sibling_of(const std::string& text, const Beside& beside = kNoFiles) {
  const Imported imported = import_from(recognise(text).value(), text, "file", {"secrets"}, beside).value();
  const auto read = [&](std::string_view name) -> Result<std::string> {
    const auto kept = std::ranges::find(imported.files, name, &KeptFile::name);
    return kept == imported.files.end() ? beside.read(name) : Result<std::string>(kept->bytes);
  };
  Sibling result{SiblingJson::parse(config::print_canonical(config::parse(imported.text, "vtid.json", read).config.value())),
                 "", imported.text, imported.files};
  for (const Note& note : imported.notes) result.notes += print(note, "file") + '\n';
  return result;
}

// ---- pfSense

std::string pfsense_phases(const std::string& more = "") {
  return "<ipsec><filtermode>if_ipsec</filtermode><phase1><ikeid>1</ikeid><iketype>ikev2</iketype><interface>wan</interface>"
         "<remote-gateway>198.51.100.1</remote-gateway><myid_type>myaddress</myid_type><peerid_type>peeraddress</peerid_type>"
         "<encryption><item><encryption-algorithm><name>aes</name><keylen>256</keylen></"
         "encryption-algorithm><hash-algorithm>sha256"
         "</hash-algorithm><dhgroup>14</dhgroup></item></encryption><pre-shared-key>x</pre-shared-key><authentication_method>"
         "pre_shared_key</authentication_method><descr>hq</descr></phase1><phase2><ikeid>1</ikeid><mode>vti</mode><reqid>1</"
         "reqid>"
         "<localid><type>network</type><address>10.6.0.1</address><netbits>30</netbits></localid><remoteid><type>address</type>"
         "<address>10.6.0.2</address></remoteid><protocol>esp</protocol><encryption-algorithm-option><name>aes256gcm</"
         "name><keylen>"
         "128</keylen></encryption-algorithm-option></phase2>" +
         more + "</ipsec>";
}
constexpr const char* kPfsenseInterfaces =
    "<interfaces><wan><enable></enable><if>igb0</if><ipaddr>192.0.2.1</ipaddr><subnet>24</subnet></wan><lan><enable></"
    "enable><if>igb1"
    "</if><ipaddr>10.1.0.1</ipaddr><subnet>24</subnet></lan><opt1><enable></enable><if>ipsec1</if><descr>VTI</descr></opt1></"
    "interfaces>";

Sibling pfsense_with(const std::string& parts, const std::string& ipsec = "") {
  return sibling_of(
      fmt::format("<pfsense><version>23.3</version>{}{}{}</pfsense>", kPfsenseInterfaces, pfsense_phases(ipsec), parts));
}
std::string pfsense_rule(const std::string& type, const std::string& more, const std::string& source = "<any></any>",
                         const std::string& destination = "<any></any>") {
  return fmt::format(
      "<filter><rule><type>{}</type><interface>opt1</interface><ipprotocol>inet</ipprotocol>{}<source>{}</"
      "source><destination>{}</"
      "destination><descr>it</descr></rule></filter>",
      type, more, source, destination);
}

TEST(Sibling, ARuleOfAnUnknownActionShuts) {
  const Sibling it = pfsense_with(pfsense_rule("drop", ""));
  EXPECT_EQ(it.file["rules"].at(0)["action"], "block");
  EXPECT_THAT(it.notes, HasSubstr("\"drop\" is no action that is known"));
}
TEST(Sibling, WhatNobodyKnowsInARuleMayNarrowIt) {
  for (const char* more : {"<received-on>lan</received-on>", "<prio>3</prio>", "<tos>lowdelay</tos>"}) {
    EXPECT_TRUE(pfsense_with(pfsense_rule("pass", more)).file["rules"].empty()) << more;
    EXPECT_EQ(pfsense_with(pfsense_rule("block", more)).file["rules"].at(0)["from"], "0.0.0.0/0") << more;
  }
  EXPECT_TRUE(pfsense_with(pfsense_rule("pass", "", "<any></any><usergroup>x</usergroup>")).file["rules"].empty());
}
TEST(Sibling, AScheduleDoesNotOpenAndKeepsShut) {
  EXPECT_TRUE(pfsense_with(pfsense_rule("pass", "<sched>worktime</sched>")).file["rules"].empty());
  EXPECT_EQ(pfsense_with(pfsense_rule("block", "<sched>worktime</sched>")).file["rules"].at(0)["action"], "block");
}
TEST(Sibling, ATableFromTheWebShutsAllAndOpensNothing) {
  const std::string alias =
      "<aliases><alias><name>bad</name><type>urltable</type><url>https://example.org/x</url></alias></aliases>";
  EXPECT_EQ(pfsense_with(alias + pfsense_rule("block", "", "<address>bad</address>")).file["rules"].at(0)["action"], "block");
  EXPECT_TRUE(pfsense_with(alias + pfsense_rule("pass", "", "<address>bad</address>")).file["rules"].empty());
}
TEST(Sibling, AliasesOfAliasesAreTheirAddresses) {
  const Sibling it = pfsense_with(
      "<aliases><alias><name>all</name><type>network</type><address>one "
      "10.9.0.0/24</address></alias><alias><name>one</name><type>host</"
      "type><address>10.8.0.1</address></alias></aliases>" +
      pfsense_rule("pass", "", "<address>all</address>"));
  EXPECT_EQ(it.file["rules"].at(0)["from"], "@all");
  EXPECT_EQ(it.file["lists"]["all"]["networks"], SiblingJson::parse(R"(["10.8.0.1/32", "10.9.0.0/24"])"));
}
TEST(Sibling, NotAnAddressIsAnException) {
  for (const char* action : {"pass", "block"}) {
    const SiblingJson rule =
        pfsense_with(pfsense_rule(action, "", "<not></not><address>10.9.0.0/16</address>")).file["rules"].at(0);
    EXPECT_EQ(rule["from_not"], "10.9.0.0/16") << action;
    EXPECT_EQ(rule.value("from", "any"), "any") << action;
  }
}
TEST(Sibling, NotWhatNobodyKnowsShutsMoreAndOpensNothing) {
  const char* source = "<not></not><address>NOBODY</address>";
  EXPECT_TRUE(pfsense_with(pfsense_rule("pass", "", source)).file["rules"].empty());
  EXPECT_THAT(pfsense_with(pfsense_rule("block", "", source)).notes, HasSubstr("blocks more than it did"));
}
TEST(Sibling, AFloatingBlockOfAllInterfacesIsTheTunnelsToo) {
  const Sibling it = pfsense_with(
      "<filter><rule><floating>yes</floating><quick>yes</quick><type>block</type><direction>any</direction><source><any></"
      "any></source>"
      "<destination><any></any></destination></rule></filter>");
  ASSERT_EQ(it.file["rules"].size(), 2U);
  EXPECT_EQ(it.file["rules"].at(1)["direction"], "out");
}
TEST(Sibling, AnUnknownModeIsNoTunnelMode) {
  const Sibling it =
      pfsense_with("",
                   "<phase2><ikeid>1</ikeid><mode>beet</mode><reqid>2</reqid><localid><type>lan</type></localid>"
                   "<remoteid><type>network</type><address>10.3.0.0</address><netbits>24</netbits></remoteid></phase2>");
  EXPECT_EQ(it.file["tunnels"]["hq"]["children"].size(), 1U);
  EXPECT_THAT(it.notes, HasSubstr("vtid has no mode \"beet\""));
}
std::string forward_to(const std::string& port, const std::string& local_port) {
  return fmt::format(
      "<aliases><alias><name>Web</name><type>port</type><address>8443</address></alias><alias><name>Server</name><type>host</"
      "type><address>"
      "10.1.0.9</address></alias></aliases><nat><rule><interface>opt1</interface><protocol>tcp</protocol><source><any></any></"
      "source>"
      "<destination><any></any><port>{}</port></destination><target>Server</target><local-port>{}</local-port></rule></nat>",
      port, local_port);
}
TEST(Sibling, APortForwardToAliasesGoesWhereTheyAre) {
  const Sibling it = pfsense_with(forward_to("443", "Web"));
  EXPECT_EQ(it.file["nat"].at(0)["target"], "10.1.0.9");
  EXPECT_EQ(it.file["nat"].at(0)["target_port"], 8'443);
}
TEST(Sibling, ARangeThatStaysWhereItIsIsForwarded) {
  EXPECT_EQ(pfsense_with(forward_to("5000-5010", "5000")).file["nat"].size(), 1U);
  EXPECT_THAT(pfsense_with(forward_to("5000-5010", "6000")).notes, HasSubstr("it moves a range of ports"));
}
TEST(Sibling, APrefixTranslationIsOneToOne) {
  const Sibling it = pfsense_with(
      "<nat><npt><interface>opt1</interface><source><address>fd00:1::/64</address></source><destination><address>"
      "2001:db8:1::/64</address></destination></npt></nat>");
  EXPECT_EQ(it.file["nat"].at(0)["from"], "fd00:1::/64") << it.notes;
  EXPECT_EQ(it.file["nat"].at(0)["address"], "2001:db8:1::/64");
}
TEST(Sibling, TunablesOfIpsecAreNamed) {
  EXPECT_THAT(
      pfsense_with("<sysctl><item><tunable>net.inet.ipsec.filtertunnel</tunable><value>1</value></item></sysctl>").notes,
      HasSubstr("net.inet.ipsec.filtertunnel is left to the system"));
}

// ---- OPNsense

std::string opnsense_phase1(const std::string& more) {
  return fmt::format(
      "<ipsec><enable>1</enable><phase1><ikeid>1</ikeid><iketype>ikev2</iketype><interface>wan</"
      "interface><remote-gateway>198.51.100.1</"
      "remote-gateway><myid_type>myaddress</myid_type><peerid_type>peeraddress</peerid_type><encryption-algorithm><name>aes</"
      "name><keylen>"
      "256</keylen></encryption-algorithm><hash-algorithm>sha256</hash-algorithm><dhgroup>14</dhgroup><descr>hq</descr>{}</"
      "phase1><phase2>"
      "<ikeid>1</ikeid><uniqid>u</uniqid><reqid>1</reqid><mode>route-based</mode><tunnel_local>10.6.0.1</"
      "tunnel_local><tunnel_remote>10.6.0.2"
      "</tunnel_remote><protocol>esp</protocol><encryption-algorithm-option><name>aes256gcm16</name></"
      "encryption-algorithm-option><lifetime>"
      "3600</lifetime></phase2></ipsec>",
      more);
}
constexpr const char* kOpnsensePsk =
    "<authentication_method>pre_shared_key</authentication_method><pre-shared-key>x</pre-shared-key><lifetime>28800</lifetime>";

Sibling opnsense_with(const std::string& phase1, const std::string& parts = "", const std::string& model = "") {
  return sibling_of(
      fmt::format("<opnsense><interfaces><wan><enable>1</enable><if>igb0</if><ipaddr>192.0.2.1</ipaddr><subnet>24</subnet></"
                  "wan><opt1><enable>1</enable>"
                  "<if>ipsec1</if><descr>VTI</descr></opt1></interfaces><sysctl><item><tunable>net.inet.ipsec.filtertunnel</"
                  "tunable><value>1</value></item>"
                  "</sysctl>{}{}<OPNsense>{}</OPNsense></opnsense>",
                  opnsense_phase1(phase1), parts, model));
}

TEST(Sibling, OpnsensesFlagTurnsMobikeOff) {
  EXPECT_EQ(opnsense_with(kOpnsensePsk).file["tunnels"]["hq"]["ike"]["mobike"], true);
  EXPECT_EQ(opnsense_with(std::string(kOpnsensePsk) + "<mobike>on</mobike>").file["tunnels"]["hq"]["ike"]["mobike"], false);
  EXPECT_EQ(opnsense_with(std::string(kOpnsensePsk) + "<mobike/>").file["tunnels"]["hq"]["ike"]["mobike"], true);
}
TEST(Sibling, OpnsensesTimesAreTheStarters) {
  const SiblingJson ike = opnsense_with(kOpnsensePsk).file["tunnels"]["hq"]["ike"];
  EXPECT_EQ(ike["rekey"], "0s");
  EXPECT_EQ(ike["reauth"], "471m");
  const SiblingJson never =
      opnsense_with(std::string(kOpnsensePsk) + "<reauth_enable>1</reauth_enable><margintime>600</margintime>").file;
  EXPECT_EQ(never["tunnels"]["hq"]["ike"]["rekey"], "470m");
  EXPECT_EQ(never["tunnels"]["hq"]["children"]["v4"]["rekey"], "50m");
}
TEST(Sibling, WithoutAWordOpnsenseStartsOnDemand) {
  EXPECT_EQ(opnsense_with(kOpnsensePsk).file["tunnels"]["hq"]["start"], "trap");
}
std::string model_rules(const std::string& list, const std::string& fields) {
  return fmt::format(
      "<Firewall><Filter><{0}><rule "
      "uuid=\"1\"><enabled>1</enabled><interface>opt1</interface>{1}</rule></{0}></Filter></Firewall>",
      list, fields);
}
TEST(Sibling, SeveralNetworksOfAnEndAreAllOfThem) {
  const Sibling it =
      opnsense_with(kOpnsensePsk, "",
                    model_rules("rules",
                                "<action>block</action><quick>1</quick><ipprotocol>inet</ipprotocol><protocol>any</protocol>"
                                "<source_net>10.8.0.0/16,10.9.0.0/16</source_net><destination_net>any</destination_net>"));
  EXPECT_EQ(it.file["rules"].at(0)["from"], SiblingJson::parse(R"(["10.8.0.0/16", "10.9.0.0/16"])"));
}
TEST(Sibling, ARuleOfOpnsensesHasItsDirectionThoughItFloatsNot) {
  const auto directions = [](const char* written) {
    std::string all;
    const Sibling it = opnsense_with(
        kOpnsensePsk, "",
        model_rules(
            "rules",
            fmt::format(
                "<action>block</action><quick>1</quick><direction>{}</direction><ipprotocol>inet</ipprotocol><protocol>any</"
                "protocol><source_net>any</source_net><destination_net>any</destination_net>",
                written)));
    for (const auto& rule : it.file["rules"]) all += rule["direction"].get<std::string>() + ' ';
    return all;
  };
  EXPECT_EQ(directions("in"), "in ");
  EXPECT_EQ(directions("out"), "out ");
  EXPECT_EQ(directions("any"), "in out ");
}
TEST(Sibling, TypesOfIcmpv6AreNumbers) {
  const Sibling it = opnsense_with(
      kOpnsensePsk, "",
      model_rules("rules",
                  "<action>pass</action><quick>1</quick><ipprotocol>inet6</ipprotocol><protocol>IPV6-ICMP</protocol>"
                  "<icmp6type>128,129</icmp6type><source_net>any</source_net><destination_net>any</destination_net>"));
  ASSERT_EQ(it.file["rules"].size(), 1U) << it.notes;
  EXPECT_EQ(it.file["rules"].at(0)["icmp_types"], SiblingJson::parse(R"(["echo-request", "echo-reply"])"));
}
TEST(Sibling, TranslationsOfTheModelAreCarriedOver) {
  const Sibling source =
      opnsense_with(kOpnsensePsk, "",
                    model_rules("snatrules",
                                "<nonat>0</nonat><sequence>1</sequence><ipprotocol>inet</ipprotocol><protocol>any</"
                                "protocol><source_net>10.1.0.0/24</source_net><source_not>0</source_not><destination_net>any</"
                                "destination_net><destination_not>0</destination_not><target>opt1ip</target><log>0</log>"));
  EXPECT_EQ(source.file["nat"].at(0)["address"], "interface") << source.notes;
  const Sibling both =
      opnsense_with(kOpnsensePsk, "",
                    model_rules("onetoone",
                                "<type>binat</type><source_net>10.1.0.0/24</source_net><source_not>0</source_not>"
                                "<destination_net>any</destination_net><external>10.91.0.0/24</external>"));
  EXPECT_EQ(both.file["nat"].at(0)["address"], "10.91.0.0/24") << both.notes;
  const Sibling one_way = opnsense_with(
      kOpnsensePsk, "",
      model_rules("onetoone", "<type>nat</type><source_net>10.1.0.0/24</source_net><external>10.91.0.0/24</external>"));
  EXPECT_THAT(one_way.notes, HasSubstr("it translates one way only"));
  const Sibling off = opnsense_with(
      kOpnsensePsk, "",
      "<Firewall><Filter><npt><rule uuid=\"1\"><enabled>0</enabled><interface>opt1</interface><source_net>fd00::/64</"
      "source_net><destination_net>fd01::/64</destination_net></rule></npt></Filter></Firewall>");
  EXPECT_TRUE(!off.file.contains("nat") || off.file["nat"].empty());
  EXPECT_THAT(off.notes, HasSubstr("it is disabled"));
}
TEST(Sibling, NotesOfAnOpnsenseNameNoOtherSystem) {
  const Sibling it = opnsense_with(
      std::string(kOpnsensePsk) + "<rightallowany>1</rightallowany>",
      "<filter><rule><type>pass</type><interface>enc0</interface><source><any>1</any></source><destination><any>1</any></"
      "destination></rule></filter>");
  EXPECT_THAT(it.notes, Not(HasSubstr("pfSense")));
  EXPECT_THAT(it.notes, HasSubstr("OPNsense does not look at it"));
}

// ---- swanctl

std::string swanctl_connection(const std::string& connection, const std::string& remote = "auth = psk\n",
                               const std::string& local = "auth = psk\n") {
  return fmt::format(
      "connections {{\nhq {{\nlocal_addrs = 192.0.2.1\nremote_addrs = 198.51.100.1\n{}\nlocal {{\n{}}}\nremote "
      "{{\n{}}}\nchildren {{\na {{\nif_id_in = "
      "5\nif_id_out = 5\n}}\n}}\n}}\n}}\nsecrets {{\nike {{\nsecret = x\n}}\n}}\n",
      connection, local, remote);
}
// Beside swanctl.conf: our certificate and key, a CA, and another certificate.
Result<std::string> certificate_file(std::string_view path) {
  const std::map<std::string_view, std::string> files{{"x509/own.pem", "branch.pem"},
                                                      {"private/own.key", "branch.key"},
                                                      {"x509ca/ca.pem", "ca.pem"},
                                                      {"x509/peer.pem", "ca.pem"}};
  const auto found = files.find(path);
  if (found == files.end()) return fail("there is none");
  std::ifstream stream(fmt::format("{}/tests/golden/config/files/{}", VTID_SOURCE_DIR, found->second), std::ios::binary);
  return std::string(std::istreambuf_iterator(stream), {});
}
const Beside kCertificates{certificate_file, [](std::string_view folder) -> std::vector<std::string> {
                             if (folder == "private") return {"own.key"};
                             return folder == "x509ca" ? std::vector<std::string>{"ca.pem"} : std::vector<std::string>{};
                           }};
TEST(Sibling, ThePeersCertificateIsStillAskedFor) {
  for (const char* remote : {"certs = peer.pem\n", "cert1 {\nfile = peer.pem\n}\n"}) {
    const Sibling it = sibling_of(
        swanctl_connection("", fmt::format("auth = pubkey\n{}", remote), "auth = pubkey\ncerts = own.pem\n"), kCertificates);
    EXPECT_EQ(it.file["tunnels"]["hq"]["ike"]["auth"]["peer_certificate"], "x509/peer.pem") << it.notes;
    EXPECT_EQ(it.file["tunnels"]["hq"]["enabled"], true);
  }
  const Sibling lost = sibling_of(
      swanctl_connection("", "auth = pubkey\ncerts = gone.pem\n", "auth = pubkey\ncerts = own.pem\n"), kCertificates);
  EXPECT_EQ(lost.file["tunnels"]["hq"]["enabled"], false);
}
TEST(Sibling, RevocationIsStillAskedFor) {
  for (const auto& [theirs, ours] : {std::pair{"ifuri", "if_uri"}, std::pair{"strict", "strict"}}) {
    const Sibling it = sibling_of(
        swanctl_connection("", fmt::format("auth = pubkey\nrevocation = {}\n", theirs), "auth = pubkey\ncerts = own.pem\n"),
        kCertificates);
    EXPECT_EQ(it.file["tunnels"]["hq"]["ike"]["auth"]["revocation"], ours);
    EXPECT_EQ(it.file["tunnels"]["hq"]["enabled"], true) << it.notes;
  }
}
TEST(Sibling, APostQuantumKeyIsAskedForInAnyWord) {
  for (const char* word : {"yes", "true", "1", "enabled"})
    EXPECT_TRUE(sibling_of(swanctl_connection(fmt::format("ppk_required = {}", word))).file["tunnels"].empty()) << word;
}
TEST(Sibling, ReplaceIsSaidToBeOfPeersAnywhere) {
  EXPECT_THAT(sibling_of(swanctl_connection("unique = replace")).notes,
              HasSubstr("\"replace\" is for peers at \"any\" address here"));
}
TEST(Sibling, AnIncludeMayNameASetOfCharacters) {
  const std::map<std::string, std::string> files{{"conf.d/a1.conf", swanctl_connection("")}, {"conf.d/b1.conf", "wrong {"}};
  const Beside beside{[&](std::string_view path) -> Result<std::string> {
                        const auto found = files.find(std::string(path));
                        return found == files.end() ? fail("there is none") : Result<std::string>(found->second);
                      },
                      [](std::string_view) {
                        return std::vector<std::string>{"a1.conf", "b1.conf"};
                      }};
  for (const char* pattern : {"conf.d/[ac]?.conf", "conf.d/[!b]*.conf", "conf.d/[a-a]1.conf"})
    EXPECT_TRUE(sibling_of(fmt::format("include {}\n", pattern), beside).file["tunnels"].contains("hq")) << pattern;
}

// ---- VyOS

std::string vyos_with(const std::string& more, const std::string& peer = "") {
  return "set vpn ipsec ike-group I key-exchange 'ikev2'\nset vpn ipsec ike-group I lifetime '7200'\nset vpn ipsec ike-group I "
         "proposal 1 encryption "
         "'aes256'\nset vpn ipsec esp-group E lifetime '1100'\nset vpn ipsec esp-group E proposal 1 encryption 'aes256'\n"
         "set vpn ipsec authentication psk p id '192.0.2.1'\nset vpn ipsec authentication psk p id '198.51.100.1'\nset vpn "
         "ipsec authentication psk p secret x-y\n"
         "set vpn ipsec site-to-site peer hq authentication mode 'pre-shared-secret'\nset vpn ipsec site-to-site peer hq "
         "ike-group 'I'\n"
         "set vpn ipsec site-to-site peer hq local-address '192.0.2.1'\nset vpn ipsec site-to-site peer hq remote-address "
         "'198.51.100.1'\n"
         "set vpn ipsec site-to-site peer hq vti bind 'vti0'\nset vpn ipsec site-to-site peer hq vti esp-group 'E'\n"
         "set interfaces vti vti0 address '10.6.0.1/30'\n" +
         peer + more;
}
TEST(Sibling, AFirewallThatDropsByDefaultShutsTheTunnel) {
  EXPECT_EQ(sibling_of(vyos_with("")).file["tunnels"]["hq"]["enabled"], true);
  for (const char* rule :
       {"set firewall ipv4 forward filter default-action 'drop'\n", "set firewall ipv6 input filter default-action 'reject'\n",
        "set firewall ipv4 forward filter rule 5 action 'drop'\n", "set firewall zone X member interface 'vti0'\n"})
    EXPECT_EQ(sibling_of(vyos_with(rule)).file["tunnels"]["hq"]["enabled"], false) << rule;
  EXPECT_EQ(sibling_of(vyos_with("set firewall ipv4 forward filter rule 5 action 'drop'\nset firewall ipv4 forward filter rule "
                                 "5 inbound-interface name 'eth9'\n"))
                .file["tunnels"]["hq"]["enabled"],
            true);
}
TEST(Sibling, APeerMayBeMadeAnewThoughItsGroupIsNot) {
  EXPECT_EQ(sibling_of(vyos_with("", "set vpn ipsec site-to-site peer hq ikev2-reauth 'yes'\n"))
                .file["tunnels"]["hq"]["ike"]["reauth"],
            "2h");
  const SiblingJson inherits = sibling_of(vyos_with("", "set vpn ipsec site-to-site peer hq ikev2-reauth 'inherit'\n")).file;
  EXPECT_FALSE(inherits["tunnels"]["hq"]["ike"].contains("reauth") && inherits["tunnels"]["hq"]["ike"]["reauth"] == "2h");
}
TEST(Sibling, WhatVyosSaysOfSilenceAndLateness) {
  std::string text = vyos_with(
      "set vpn ipsec ike-group I dead-peer-detection interval '20'\nset vpn ipsec ike-group I dead-peer-detection timeout "
      "'90'\nset vpn ipsec site-to-site peer hq replay-window '128'\n");
  text.replace(text.find("'ikev2'"), 7, "'ikev1'");
  const SiblingJson hq = sibling_of(text).file["tunnels"]["hq"];
  EXPECT_EQ(hq["ike"]["dpd_timeout"], "90s");
  EXPECT_EQ(hq["children"]["v4"]["replay_window"], 128);
}
TEST(Sibling, AGroupThatIsNotThereIsNamed) {
  std::string text = vyos_with("");
  text.replace(text.find("vti esp-group 'E'"), 17, "vti esp-group 'X'");
  EXPECT_THAT(sibling_of(text).notes, HasSubstr("names no esp-group that is in the file"));
}
TEST(Sibling, ASecretWithoutQuotationMarksIsQuotedNowhere) {
  const Sibling it =
      sibling_of(vyos_with("set vpn l2tp remote-access authentication local-users username joe password hunter2\n"
                           "set vpn ipsec authentication psk other secret swordfish\n"));
  EXPECT_THAT(it.notes, Not(HasSubstr("hunter2")));
  EXPECT_THAT(it.notes, Not(HasSubstr("swordfish")));
}
TEST(Sibling, ADisabledInterfaceStaysOff) {
  const Sibling it =
      sibling_of(vyos_with("set interfaces vti vti0 disable\nset protocols static route 10.9.0.0/16 interface 'vti0'\n"));
  EXPECT_EQ(it.file["interfaces"]["vti0"]["enabled"], false);
  EXPECT_TRUE(it.file["routes"].empty());
}

}  // namespace
}  // namespace vtid::foreign
