#include "model/proposal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vtid::model {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Proposal, IsTakenApart) {
  const Proposal proposal = parse_proposal("aes128-aes256-sha256-prfsha384-modp2048-ecp256", Of::ike);
  EXPECT_THAT(proposal.encryption, ElementsAre("aes128", "aes256"));
  EXPECT_THAT(proposal.integrity, ElementsAre("sha256"));
  EXPECT_THAT(proposal.prf, ElementsAre("prfsha384"));
  EXPECT_THAT(proposal.key_exchange, ElementsAre("ecp256", "modp2048"));
}
TEST(Proposal, HasOneSpelling) {
  EXPECT_EQ(parse_proposal("aes-sha-modp2048", Of::ike), parse_proposal("aes128-sha1-modp2048", Of::ike));
  EXPECT_EQ(parse_proposal("aes256gcm128-prfsha256-curve25519", Of::ike),
            parse_proposal("aes256gcm16-prfsha256-x25519", Of::ike));
}
TEST(Proposal, HasThePrfOfItsIntegrityUnlessItNamesOne) {
  EXPECT_THAT(parse_proposal("aes128-sha256-modp2048", Of::ike).prf, ElementsAre("prfsha256"));
}
TEST(Proposal, OfEspHasNoPrfAndUsualSequenceNumbers) {
  EXPECT_THAT(parse_proposal("aes256gcm16-ecp384", Of::esp).prf, IsEmpty());
  EXPECT_THAT(parse_proposal("aes256gcm16-ecp384", Of::esp).sequence_numbers, ElementsAre("noesn"));
}
TEST(Proposal, WithAnAeadCipherNeedsNoIntegrity) {
  EXPECT_THAT(parse_proposal("aes256gcm16-sha256", Of::esp).integrity, IsEmpty());
}

}  // namespace
}  // namespace vtid::model
