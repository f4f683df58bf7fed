#include "platform/linux/message.h"

#include <gmock/gmock.h>
#include <linux/rtnetlink.h>

#include <cerrno>

namespace vtid::platform::netlink {
namespace {

nlmsghdr& header(Bytes& message) { return *static_cast<nlmsghdr*>(static_cast<void*>(message.data())); }

Bytes error_message(int error) {
  Bytes message = Request(NLMSG_ERROR, 0, nlmsgerr{error, {}}).bytes();
  header(message).nlmsg_flags = 0;
  return message;
}

std::vector<std::uint16_t> types(const Bytes& datagram) {
  std::vector<std::uint16_t> found;
  for_each_message(datagram, [&](const nlmsghdr& message) { found.push_back(message.nlmsg_type); });
  return found;
}

Bytes two_messages() {
  Bytes all = Request(RTM_NEWLINK, 0, ifinfomsg{}).bytes();
  const Bytes second = Request(RTM_NEWADDR, 0, std::uint32_t{}).bytes();
  all.insert(all.end(), second.begin(), second.end());
  return all;
}

TEST(NetlinkMessages, AreWalkedInOrder) { EXPECT_THAT(types(two_messages()), testing::ElementsAre(RTM_NEWLINK, RTM_NEWADDR)); }

TEST(NetlinkMessages, EndWhereOneIsCutOff) {
  Bytes all = two_messages();
  all.pop_back();
  EXPECT_THAT(types(all), testing::ElementsAre(RTM_NEWLINK));
}

TEST(NetlinkMessages, EndWhereOneClaimsToBeShorterThanItsHeader) {
  Bytes all = two_messages();
  header(all).nlmsg_len = 15;
  EXPECT_THAT(types(all), testing::IsEmpty());
}

TEST(NetlinkMessages, ThatAreTooShortHaveNoHeader) {
  Bytes message = Request(RTM_NEWLINK, 0, std::uint32_t{}).bytes();
  EXPECT_FALSE(header_of<ifinfomsg>(header(message)));
}

TEST(NetlinkAttributes, AreReadByType) {
  Bytes message = Request(RTM_NEWLINK, 0, ifinfomsg{}).put(IFLA_MTU, std::uint32_t{1422}).put_text(IFLA_IFNAME, "x").bytes();
  const Attributes attributes(header(message), sizeof(ifinfomsg));
  EXPECT_EQ(attributes.get<std::uint32_t>(IFLA_MTU), 1422U);
  EXPECT_EQ(attributes.text(IFLA_IFNAME), "x");
  EXPECT_FALSE(attributes.has(IFLA_GROUP));
}

TEST(NetlinkAttributes, ThatAreTooShortForTheirTypeAreAbsent) {
  Bytes message = Request(RTM_NEWLINK, 0, ifinfomsg{}).put(IFLA_MTU, std::uint16_t{1422}).bytes();
  EXPECT_FALSE(Attributes(header(message), sizeof(ifinfomsg)).get<std::uint32_t>(IFLA_MTU));
}

TEST(NetlinkAttributes, ThatReachBeyondTheMessageAreAbsent) {
  Bytes message = Request(RTM_NEWLINK, 0, ifinfomsg{}).put(IFLA_MTU, std::uint32_t{1422}).bytes();
  message[sizeof(nlmsghdr) + sizeof(ifinfomsg)] = 200;  // the low byte of nla_len
  EXPECT_FALSE(Attributes(header(message), sizeof(ifinfomsg)).has(IFLA_MTU));
}

TEST(NetlinkVerdict, IsAnAcknowledgementForZero) {
  Bytes message = error_message(0);
  EXPECT_EQ(decode_verdict(header(message)), Verdict{});
}

TEST(NetlinkVerdict, TurnsTheKernelsSign) {
  Bytes message = error_message(-ENODEV);
  EXPECT_EQ(decode_verdict(header(message)), (Verdict{ENODEV, ""}));
}

TEST(NetlinkVerdict, DoesNotTakeAPositiveNumberForAnErrno) {
  Bytes message = error_message(ENODEV);
  EXPECT_EQ(decode_verdict(header(message)), (Verdict{EPROTO, ""}));
}

}  // namespace
}  // namespace vtid::platform::netlink
