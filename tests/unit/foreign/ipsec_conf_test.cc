// ipsec.conf and ipsec.secrets: which program reads the file, how conns take over from each other, whose secret is taken, and
// keys that stand in the files themselves.
#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "config/parse.h"
#include "config/print.h"
#include "foreign/import.h"

namespace vtid::foreign {
namespace {

using Json = nlohmann::json;
using ::testing::HasSubstr;

using FilesBeside = std::map<std::string, std::string>;

Imported imported_conf(const std::string& conf, const FilesBeside& files = {{"ipsec.secrets", ": PSK \"a secret\"\n"}}) {
  const Beside beside{[&](std::string_view name) -> Result<std::string> {
                        const auto found = files.find(std::string(name));
                        return found == files.end() ? fail("there is none") : Result<std::string>(found->second);
                      },
                      [&](std::string_view folder) {
                        std::vector<std::string> names;
                        for (const auto& [path, bytes] : files) {
                          if (path.substr(0, path.rfind('/')) == folder) names.push_back(path.substr(path.rfind('/') + 1));
                        }
                        return names;
                      }};
  return import_ipsec_conf(conf, "ipsec.conf", {"secrets"}, beside).value();
}

// With every default.
Json tunnels_of_conf(const Imported& imported) {
  const auto read = [&](std::string_view name) -> Result<std::string> {
    const auto kept = std::ranges::find(imported.files, name, &KeptFile::name);
    return kept == imported.files.end() ? fail("there is none") : Result<std::string>(kept->bytes);
  };
  return Json::parse(config::print_canonical(config::parse(imported.text, "vtid.json", read).config.value()))["tunnels"];
}

std::string notes_of_conf(const Imported& imported) {
  std::string all;
  for (const Note& note : imported.notes) all += print(note, "ipsec.conf") + '\n';
  return all;
}

const std::string kEnds =
    "    left=192.0.2.1\n    right=198.51.100.1\n    leftsubnet=10.1.0.0/24\n    rightsubnet=10.2.0.0/24\n";
const std::string kPsk = kEnds + "    authby=secret\n    auto=start\n";

// ---- who reads it

TEST(IpsecConf, TheFileAsAWholeShowsWhoReadsIt) {
  const Json all =
      tunnels_of_conf(imported_conf("conn a\n" + kPsk + "conn b\n" + kPsk + "    right=198.51.100.2\n    ikev2=yes\n"));
  EXPECT_EQ(all["a"]["ike"]["rekey"], all["b"]["ike"]["rekey"]);
  EXPECT_EQ(all["a"]["ike"]["rekey"], "471m");  // libreswan's 8h, and 9m less
}
TEST(IpsecConf, WhatBothReadShowsNothing) {
  const Json all =
      tunnels_of_conf(imported_conf("conn a\n" + kPsk + "    keyexchange=ikev2\n    dpdtimeout=30\n    dpddelay=10\n"));
  EXPECT_EQ(all["a"]["ike"]["mobike"], true);  // the starter's default
}

// ---- taking over

TEST(IpsecConf, AlsoflipTakesTheOtherEndsKeys) {
  const Json all =
      tunnels_of_conf(imported_conf("conn base\n    leftid=@there.example\n    left=198.51.100.1\n    leftsubnet=10.2.0.0/24\n"
                                    "conn a\n    alsoflip=base\n    left=192.0.2.1\n    leftsubnet=10.1.0.0/24\n"
                                    "    authby=secret\n    auto=add\n    ikev2=yes\n"));
  EXPECT_EQ(all["a"]["ike"]["remote"]["id"], "there.example");
  EXPECT_EQ(all["a"]["ike"]["remote"]["address"], "198.51.100.1");
}
TEST(IpsecConf, TheDefaultsTakeOverToo) {
  const Json all = tunnels_of_conf(
      imported_conf("conn common\n    dpdaction=restart\n    dpddelay=7\nconn %default\n    also=common\nconn a\n" + kPsk));
  EXPECT_EQ(all["a"]["ike"]["dpd"], "7s");
}
TEST(IpsecConf, AnEmptyValueUnsetsWhatWouldBeTakenOver) {
  const Json all =
      tunnels_of_conf(imported_conf("conn %default\n    leftid=@wrong.example\nconn a\n" + kPsk + "    leftid=\n"));
  EXPECT_FALSE(all["a"]["ike"]["local"].contains("id") && all["a"]["ike"]["local"]["id"] == "wrong.example");
}

// ---- what the peer has to prove

TEST(IpsecConf, ASecondRoundIsNotLeftOut) {
  for (const char* second : {"rightauth2=xauth-pam", "rightauth2=eap-mschapv2", "rightxauthclient=yes", "leftauth2=eap"}) {
    const Imported imported = imported_conf("conn a\n" + kPsk + "    " + second + "\n");
    EXPECT_EQ(imported.text, "{\n  \"tunnels\": {}\n}\n") << second;
    EXPECT_THAT(notes_of_conf(imported), HasSubstr("several rounds of authentication")) << second;
  }
}
TEST(IpsecConf, APercentBeforeAnIdIsNoPartOfIt) {
  const Json all = tunnels_of_conf(imported_conf("conn a\n" + kPsk + "    rightid=%peer.example\n"));
  EXPECT_EQ(all["a"]["ike"]["remote"]["id"], "peer.example");
}
TEST(IpsecConf, LibreswanHoldsThePeerToAKindOfSignature) {
  const Imported imported =
      imported_conf("conn a\n" + kEnds + "    authby=ecdsa\n    leftcert=a\n    ikev2=yes\n    auto=start\n");
  EXPECT_EQ(imported.text, "{\n  \"tunnels\": {}\n}\n");  // there is no certificate either
  EXPECT_THAT(notes_of_conf(imported), HasSubstr("auth = ecdsa is not carried over"));
}

// ---- secrets

TEST(IpsecConf, LibreswansSecretIsForUsFirst) {
  const FilesBeside files{
      {"ipsec.secrets", "198.51.100.1 : PSK \"for the peer alone\"\n192.0.2.1 %any : PSK \"ours\"\n: PSK \"anybody's\"\n"}};
  EXPECT_EQ(imported_conf("conn a\n" + kPsk + "    ikev2=yes\n", files).files.at(0).bytes, "ours");
  EXPECT_EQ(imported_conf("conn a\n" + kPsk + "    leftauth=psk\n", files).files.at(0).bytes, "for the peer alone");  // charon
}

TEST(IpsecConf, AKeyIdIsTheSameInBothFiles) {
  const FilesBeside files{{"ipsec.secrets", "@west @[Group] : PSK \"theirs\"\n: PSK \"anybody's\"\n"}};
  EXPECT_EQ(
      imported_conf("conn a\n" + kPsk + "    ikev2=yes\n    leftid=@west\n    rightid=@[Group]\n", files).files.at(0).bytes,
      "theirs");
}
TEST(IpsecConf, WhatIsNotRenewedEnds) {
  const Json all = tunnels_of_conf(imported_conf("conn a\n" + kPsk + "    rekey=no\n    lifetime=2h\n    leftauth=psk\n"));
  EXPECT_EQ(all["a"]["children"]["a"]["rekey"], "0s");
  EXPECT_EQ(all["a"]["children"]["a"]["grace"], "2h");
}

// ---- proposals

TEST(IpsecConf, LibreswansPfsIsTheKeyExchangeOfIke) {
  const std::string words =
      "    ike=aes256-sha2_512;dh19,aes128-sha1;modp1024\n    esp=aes256-sha2_256,aes_gcm128-null;dh20\n    ikev2=yes\n";
  const Json child = tunnels_of_conf(imported_conf("conn a\n" + kPsk + words))["a"]["children"]["a"];
  EXPECT_EQ(child["proposals"], Json::parse(R"(["aes256-sha256-ecp256", "aes128gcm16-ecp384"])"));
  const Json without = tunnels_of_conf(imported_conf("conn a\n" + kPsk + words + "    pfs=no\n"))["a"]["children"]["a"];
  EXPECT_EQ(without["proposals"].at(0), "aes256-sha256");
}
TEST(IpsecConf, FragmentationIsCarriedOver) {
  EXPECT_EQ(tunnels_of_conf(imported_conf("conn a\n" + kPsk + "    fragmentation=no\n"))["a"]["ike"]["fragmentation"], "no");
}

// ---- networks

TEST(IpsecConf, EachPairOfSubnetsIsAChildOfLibreswans) {
  const Json all = tunnels_of_conf(
      imported_conf("conn a\n    left=192.0.2.1\n    right=198.51.100.1\n    leftsubnets={10.1.0.0/24 10.2.0.0/24}\n"
                    "    rightsubnets=10.3.0.0/24,10.4.0.0/24\n    authby=secret\n    auto=start\n"));
  ASSERT_EQ(all["a"]["children"].size(), 4U);
  EXPECT_EQ(all["a"]["children"]["a-2x1"]["local"], "10.2.0.0/24");
  EXPECT_EQ(all["a"]["children"]["a-2x1"]["remote"], "10.3.0.0/24");
}
TEST(IpsecConf, TooManyPairsAreRefusedAndNamed) {
  std::string networks;
  for (int i = 0; i < 200; ++i) networks += " 10.1." + std::to_string(i) + ".0/24";
  const Imported imported = imported_conf("conn a\n    left=192.0.2.1\n    right=198.51.100.1\n    leftsubnets={" + networks +
                                          " }\n    rightsubnets={" + networks + " }\n    authby=secret\n    auto=start\n");
  EXPECT_THAT(notes_of_conf(imported), HasSubstr("more than 64 children"));
}

// ---- keys in the files themselves

constexpr const char* kPeersKey =
    "0sAwEAAfsX8DlpLFYMqx1NMpijc1UbUAzMEDhcF9kEI841pyhJ8nj/"
    "r2KWfFuAbDCqn5yZEil+JflePZNKlSEbitqDrcl7yBUZJAr3oZ5X1tJWpGZ9TmO4+ofmJB8"
    "yfPxLYQkFV47pQMDHPS2FhXc3RW1XP8NjkFTQd9l3BFcaToHyZtTt";
constexpr const char* kPeersPem =
    "-----BEGIN PUBLIC "
    "KEY-----\nMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQD7F/A5aSxWDKsdTTKYo3NVG1AM\nzBA4XBfZBCPONacoSfJ4/69ilnxbgGwwqp+"
    "cmRIpfiX5Xj2TSpUhG4rag63Je8gV\nGSQK96GeV9bSVqRmfU5juPqH5iQfMnz8S2EJBVeO6UDAxz0thYV3N0VtVz/"
    "DY5BU\n0HfZdwRXGk6B8mbU7QIDAQAB\n-----END "
    "PUBLIC KEY-----\n";
constexpr const char* kOurKey =
    "0sAwEAAbKktOC/CJTF0Srl4rEijvMtJD7LYpmjJc89/EIBKkSlsOoGnKy7sCAI17xHEDy4a71Pv1GtYcEcXJ7yI/"
    "eyARiCKH465jLeSusVEc5tHU2XGt8EVVnSvRvMjCu"
    "WL4Fv87I8hUWhDtXWVI9r3QNigmXPFj1q6KImmZ1m/aLBo94F";
constexpr const char* kOurNumbers =
    ": RSA\t{\n"
    "\tModulus: "
    "0xb2a4b4e0bf0894c5d12ae5e2b1228ef32d243ecb6299a325cf3dfc42012a44a5b0ea069cacbbb02008d7bc47103cb86bbd4fbf51ad61c11c5c9ef22"
    "3f7b2011882287e3ae632de4aeb1511ce6d1d4d971adf045559d2bd1bcc8c2b962f816ff3b23c8545a10ed5d6548f6bdd03628265cf163d6ae8a226999"
    "d66fda2c1a3de"
    "05\n\tPublicExponent: 0x010001\n"
    "\tPrivateExponent: "
    "0x3a219ab25fb79d21d9f4c9a5c0da6c05f9b487b28b3d4f77a83e956dad0f621340c486ae490f323ada65c9609e8a03c11b736de058392d2b"
    "db7fe56f8ad4a3c218badbf3fd8b3cd75e52daedea71558c1229366ba7b8591b415d0c538eb5e6b85c5c82bed49b07dea31766c0e9a7a5efdfc4ed267f"
    "4986fb42f094d"
    "54af27941\n"
    "\tPrime1: "
    "0xd647a9ae4bd06c7a4ff9e9d49231d58448af682935a5660007bd407d70e6f0b5f5abe4fcd2a336148b23be0ddbe21a8f7b042571eafe5d164411dd8c"
    "2"
    "60864bd\n"
    "\tPrime2: "
    "0xd56cd06f01c5fa6a1feac3b551b297f6afd6b979e0dba158c4a2f6846ee0eb8a0bbbd3e2d3ba57666c821ac13fa5abdbbbd94771a082f0ce1c91cc03"
    "4"
    "ecec6e9\n"
    "\tExponent1: "
    "0x0e10da3494c973b57bb67e00f42fcd4247bb2bed389648e1cba042b1794dcf9342332c6ee42cce89feb033f398f178a8de7c6130df2a1f562cd5b7"
    "6351c3cf49\n"
    "\tExponent2: "
    "0x79a112c440897865a49ce13de33a599a4fa99a7857ea32f068d7ca8fbcb4d7e70b3ad6cd2d06c42a6dea539f104bb53e7bb69f1da5711a150c7916"
    "8048185589\n"
    "\tCoefficient: "
    "0x353e10575ce2731848650ba2085ea126a9ba9e2071e7e7676d87497df383eec345f8ee02d9bce0039b24d88e5e4321b5821b393faf6b337db657"
    "583d41125959\n}\n";

TEST(IpsecConf, LibreswansRsaKeysBecomeFiles) {
  const Imported imported = imported_conf("conn a\n" + kEnds + "    authby=rsasig\n    leftrsasigkey=" + kOurKey +
                                              "\n    rightrsasigkey=" + kPeersKey + "\n    auto=start\n",
                                          {{"ipsec.secrets", kOurNumbers}});
  const Json auth = tunnels_of_conf(imported)["a"]["ike"]["auth"];  // the parser has checked that ours belong together
  const auto peer = std::ranges::find(imported.files, auth["peer_public_key"].get<std::string>(), &KeptFile::name);
  ASSERT_NE(peer, imported.files.end()) << imported.text << notes_of_conf(imported);
  EXPECT_EQ(peer->bytes, kPeersPem);
}
TEST(IpsecConf, WithoutOurPrivateKeyTheConnectionIsNamed) {
  const Imported imported = imported_conf("conn a\n" + kEnds + "    authby=rsasig\n    leftrsasigkey=" + kOurKey +
                                          "\n    rightrsasigkey=" + kPeersKey + "\n    auto=start\n");
  EXPECT_THAT(notes_of_conf(imported), HasSubstr("no private key"));
}
TEST(IpsecConf, ACertificateDoesNotStandForAPublicKeyOfThePeer) {
  const Imported imported =
      imported_conf("conn a\n" + kEnds + "    leftcert=a.pem\n    rightsigkey=" + kPeersKey + "\n    auto=start\n");
  EXPECT_EQ(imported.text, "{\n  \"tunnels\": {}\n}\n");
  EXPECT_THAT(notes_of_conf(imported), HasSubstr("names a public key of the peer and none of ours"));
}

}  // namespace
}  // namespace vtid::foreign
