#include "platform/refusal.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "support/foreign_words.h"

namespace vtid::platform {
namespace {

const model::DeleteLink kChange{*net::IfName::parse("ipsec1")};

TEST(Refusal, SaysWhatWasTriedAndTheKernelsOwnWordsBesideTheErrno) {
  EXPECT_EQ(refusal(kChange, EBUSY, "it is in use"),
            (Error{"cannot delete link ipsec1: it is in use (Device or resource busy)", "", EBUSY}));
}

TEST(Refusal, WithoutWordsGivesTheErrnoAlone) {
  EXPECT_EQ(refusal(kChange, ENODEV), (Error{"cannot delete link ipsec1: No such device", "", ENODEV}));
}

TEST(Refusal, OfAnUnprivilegedCallNamesTheCapability) {
  EXPECT_EQ(refusal(kChange, EPERM).remedy, "vtid has to run as root, or with CAP_NET_ADMIN");
}

TEST(Refusal, OfTheFilterIsToldInPfsWordsAlone) {
  EXPECT_EQ(refusal(model::DeleteFilter{}, ENOEXEC, "pf is disabled").text, "cannot delete filter: pf is disabled");
}

TEST(Refusal, OnFreebsdNamesNothingOfLinux) {
  for (const model::Change& change : {model::Change{model::CreateLink{}}, model::Change{model::SetRoute{}}}) {
    for (const int code : {EPERM, EOPNOTSUPP, EEXIST, EACCES}) {
      const Error error = refusal(change, code, {}, "freebsd");
      EXPECT_EQ(test::linux_word_in(error.remedy), "") << error.remedy;
    }
  }
}

TEST(Refusal, OfAnUnknownLinkKindNamesTheModule) {
  EXPECT_EQ(refusal(model::CreateLink{}, EOPNOTSUPP).remedy, "load the kernel module xfrm_interface");
}

TEST(Refusal, OfARouteThatSomebodyElseHasSaysWhereToLook) {
  model::SetRoute change;
  change.route.to = net::parse_prefix("0.0.0.0/0").value();
  EXPECT_EQ(refusal(change, EEXIST, kNotOurs).remedy,
            "give it up where it was made (ip route show 0.0.0.0/0), or give one of the two another metric");
}

}  // namespace
}  // namespace vtid::platform
