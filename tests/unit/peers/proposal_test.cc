#include "peers/proposal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vtid::peers {
namespace {

bool meet(const std::vector<std::string>& here, const std::vector<std::string>& there, Of of = Of::ike) {
  const auto one = disagreement(here, there, of), other = disagreement(there, here, of);
  EXPECT_EQ(one.has_value(), other.has_value());  // whoever asks
  return !one;
}

TEST(Proposals, MeetWhenOneOfThemIsInCommon) {
  EXPECT_TRUE(meet({"aes128-sha256-modp2048"}, {"aes256-sha384-ecp384", "aes128-sha256-modp2048"}));
  EXPECT_TRUE(meet({"aes128-aes256-sha256-modp2048"}, {"aes256-sha256-sha512-modp2048-ecp256"}));
}
TEST(Proposals, AreReadWhateverTheSpelling) {
  EXPECT_TRUE(meet({"aes128-sha1-modp2048"}, {"aes-sha-modp2048"}));
  EXPECT_TRUE(meet({"aes256gcm16-prfsha256-ecp256"}, {"aes256gcm128-prfsha256-ecp256"}));
  EXPECT_TRUE(meet({"aes256-sha256-x25519"}, {"aes256-sha2_256-curve25519"}));
}
TEST(Proposals, HaveThePrfOfTheirIntegrityUnlessTheyNameOne) {
  EXPECT_TRUE(meet({"aes128-sha256-modp2048"}, {"aes128-sha256-prfsha256-modp2048"}));
  EXPECT_FALSE(meet({"aes128-sha256-modp2048"}, {"aes128-sha256-prfsha384-modp2048"}));
}
TEST(Proposals, OfEspNeedNoPrfAndAgreeOnSequenceNumbers) {
  EXPECT_TRUE(meet({"aes256gcm16-ecp384"}, {"aes256gcm16-ecp384"}, Of::esp));
  EXPECT_TRUE(meet({"aes256gcm16-ecp384-esn-noesn"}, {"aes256gcm16-ecp384"}, Of::esp));
  EXPECT_FALSE(meet({"aes256gcm16-ecp384-esn"}, {"aes256gcm16-ecp384"}, Of::esp));
}
TEST(Proposals, WithAndWithoutForwardSecrecyDoNotMeet) { EXPECT_FALSE(meet({"aes256gcm16-ecp384"}, {"aes256gcm16"}, Of::esp)); }
TEST(Proposals, SayWhatIsMissingOfTheNearestPair) {
  EXPECT_EQ(disagreement({"3des-md5-modp1024", "aes256gcm16-prfsha384-ecp384"}, {"aes256gcm16-prfsha384-modp2048"}, Of::ike),
            "no key exchange in common: ecp384 here, modp2048 there");
}

}  // namespace
}  // namespace vtid::peers
