// The file as one would have written it: what its source said of each thing stands there, and so does what was not carried
// over.
#include <gmock/gmock.h>

#include <algorithm>

#include "foreign/import.h"

namespace vtid::foreign {
namespace {

using ::testing::HasSubstr;

std::string commented_pfsense(const std::string& parts) {
  return commented(
      import_pfsense("<pfsense>\n<version>23.3</version>\n" + parts + "</pfsense>\n", "config.xml", {"secrets"}).value(),
      "config.xml");
}

const std::string kWanAndTunnel =
    "<interfaces><wan><enable></enable><if>igb0</if><descr>WAN</descr><ipaddr>192.0.2.1</ipaddr><subnet>24</subnet></wan>"
    "<opt1><enable></enable><if>ipsec1</if><descr>VTI</descr></opt1></interfaces>\n"
    "<ipsec><phase1><ikeid>1</ikeid><iketype>ikev2</iketype><interface>wan</interface>\n"
    "<remote-gateway>198.51.100.1</remote-gateway><myid_type>myaddress</myid_type><peerid_type>peeraddress</peerid_type>\n"
    "<encryption><item><encryption-algorithm><name>aes</name><keylen>256</keylen></"
    "encryption-algorithm><hash-algorithm>sha256</"
    "hash-algorithm><dhgroup>14</dhgroup></item></encryption>\n"
    "<pre-shared-key>x</pre-shared-key><authentication_method>pre_shared_key</authentication_method><descr>hq</descr>\n"
    "<closeaction>restart</closeaction></phase1>\n"
    "<phase2><ikeid>1</ikeid><mode>vti</mode><reqid>1</reqid><localid><type>network</type><address>10.6.0.1</"
    "address><netbits>30</"
    "netbits></localid><remoteid><type>address</type><address>10.6.0.2</address></remoteid><protocol>esp</protocol>\n"
    "<encryption-algorithm-option><name>aes256gcm</name><keylen>128</keylen></encryption-algorithm-option></phase2></ipsec>\n";

TEST(Commented, ANoteStandsBeforeWhatItIsAPartOf) {
  EXPECT_THAT(commented_pfsense(kWanAndTunnel), HasSubstr("  \"tunnels\": {\n    // config.xml:8: ipsec/phase1/closeaction: is "
                                                          "not carried over: \"start\" says whether a tunnel "
                                                          "that was closed is called again\n    \"hq\": {\n"));
}
TEST(Commented, ADescriptionStandsWhereVtidHasNoPlaceForIt) {
  EXPECT_THAT(commented_pfsense(kWanAndTunnel +
                                "<staticroutes><route><network>10.9.0.0/16</network><gateway>VTI_VTIV4</gateway><descr>the "
                                "labs</descr></route></staticroutes>\n"),
              HasSubstr("    // the labs\n    {\n      \"to\": \"10.9.0.0/16\",\n"));
}
TEST(Commented, WhatWentAltogetherIsNamedBeforeWhatFollowsIt) {
  const std::string text =
      commented_pfsense(kWanAndTunnel +
                        "<staticroutes><route><network>10.8.0.0/16</network><gateway>NONE</gateway></route>\n"
                        "<route><network>10.9.0.0/16</network><gateway>VTI_VTIV4</gateway></route></staticroutes>\n");
  EXPECT_THAT(
      text, HasSubstr("staticroutes/route[1]: is not carried over: the gateway \"NONE\" is not\n    {\n      \"to\": \"10.9."));
}
TEST(Commented, NoTextOfTheSourceEndsAComment) {
  EXPECT_THAT(
      commented_pfsense(kWanAndTunnel +
                        "<staticroutes><route><network>10.9.0.0/16</network><gateway>VTI_VTIV4</gateway><descr>one\ntwo \xff "
                        "*/</descr></route></staticroutes>\n"),
      HasSubstr("    // one two \xef\xbf\xbd */\n"));
}

}  // namespace
}  // namespace vtid::foreign
