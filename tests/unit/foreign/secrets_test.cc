#include "foreign/swanctl_secrets.h"

#include <gtest/gtest.h>

namespace vtid::foreign {
namespace {

// The name of the secret that charon takes.
std::string taken(std::string_view secrets, const Ends& ends) {
  const auto settings = parse_settings(secrets).value();
  const Section* secret = secret_of(settings.root, ends);
  return secret == nullptr ? "" : secret->name;
}
const Ends kEnds{{"hub.example.org"}, {"b1.example.org"}};

TEST(Secrets, ThePeersGoesBeforeOurs) {
  EXPECT_EQ(taken("ike-a {\n id = hub.example.org\n secret = x\n}\nike-b {\n id = b1.example.org\n secret = x\n}", kEnds),
            "ike-b");
}
TEST(Secrets, OfBothGoesBeforeThePeers) {
  EXPECT_EQ(taken("ike-a {\n id-1 = hub.example.org\n id-2 = b1.example.org\n secret = x\n}\nike-b {\n id = b1.example.org\n "
                  "secret = x\n}",
                  kEnds),
            "ike-a");
}
TEST(Secrets, OfAnybodyIsTheLastChoice) {
  EXPECT_EQ(taken("ike-a {\n id = %any\n secret = x\n}\nike-b {\n id = hub.example.org\n secret = x\n}", kEnds), "ike-a");
  EXPECT_EQ(taken("ike-a {\n secret = x\n}\nike-b {\n id = b1.example.org\n secret = x\n}", kEnds), "ike-b");
}
TEST(Secrets, APartOfASubjectMayBeAnything) {
  EXPECT_EQ(match_identity("C=CH, O=x, CN=b1", "C=CH, O=*, CN=b1"), IdMatch::wildcards);
  EXPECT_EQ(match_identity("C=CH, O=x, CN=b1", "C=CH, O=*, CN=b2"), IdMatch::none);
  EXPECT_EQ(match_identity("C=CH, O=x, CN=b1", "C=CH, CN=*"), IdMatch::none);
}
TEST(Secrets, OfEqualsTheLastIsTaken) { EXPECT_EQ(taken("ike-a {\n secret = x\n}\nike-b {\n secret = x\n}", kEnds), "ike-b"); }
TEST(Secrets, OfOthersIsNone) { EXPECT_EQ(taken("ike-a {\n id = other\n secret = x\n}", kEnds), ""); }
TEST(Secrets, OfAnotherTypeIsNone) { EXPECT_EQ(taken("eap-a {\n id = b1.example.org\n secret = x\n}", kEnds), ""); }
TEST(Secrets, WhoIsUnknownIsAnybody) {
  EXPECT_EQ(taken("ike-a {\n id = b1.example.org\n secret = x\n}\nike-b {\n id = %any\n secret = x\n}", {{}, {}}), "ike-b");
}
TEST(Secrets, IdentitiesOfOneKindMatchHoweverTheyAreWritten) {
  EXPECT_EQ(match_identity("b1.example.org", "fqdn:B1.Example.org"), IdMatch::perfect);
  EXPECT_EQ(match_identity("@b1.example.org", "b1.example.org"), IdMatch::perfect);
  EXPECT_EQ(match_identity("C=CH, CN=x", "c=ch,cn=X"), IdMatch::perfect);
  EXPECT_EQ(match_identity("fd00::1", "fd00:0::1"), IdMatch::perfect);
  EXPECT_EQ(match_identity("keyid:b1.example.org", "b1.example.org"), IdMatch::none);
}
TEST(Secrets, PatternsMatchLess) {
  EXPECT_EQ(match_identity("b1.example.org", "*.example.org"), IdMatch::wildcards);
  EXPECT_EQ(match_identity("192.0.2.7", "192.0.2.0/24"), IdMatch::range);
  EXPECT_EQ(match_identity("192.0.2.7", "%any"), IdMatch::any);
}

}  // namespace
}  // namespace vtid::foreign
