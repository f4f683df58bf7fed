// Against the system's own loopback, which needs CAP_NET_RAW. Nothing leaves the machine.
#include "io/mtu_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <cstdlib>

#include "io/asio.h"

namespace vtid::io {
namespace {

using model::MtuFinding;
using testing::ElementsAre;
using testing::HasSubstr;

model::MtuPath path(std::string_view address, int mtu, std::string_view device = "lo") {
  return {*net::parse_address(address), *net::parse_address(address), *net::IfName::parse(device), mtu};
}

std::vector<MtuFinding> find(std::vector<model::MtuPath> paths, bool wanted = true) {
  boost::asio::io_context context;
  std::vector<MtuFinding> result;
  find_mtus(
      context, std::move(paths), [&](std::vector<MtuFinding> findings) { result = std::move(findings); },
      [wanted] { return wanted; });
  context.run();
  return result;
}

TEST(MtuProbe, PacketsOfTheWholeMtuComeBackInBothFamilies) {
  EXPECT_THAT(find({path("127.0.0.1", 1438), path("::1", 1501)}), ElementsAre(MtuFinding{1438, ""}, MtuFinding{1501, ""}));
}

TEST(MtuProbe, NothingIsSearchedForThatNobodyWants) { EXPECT_THAT(find({path("127.0.0.1", 1438)}, false), ElementsAre()); }

TEST(MtuProbe, SaysThatADeviceIsNotThere) {
  const auto findings = find({path("127.0.0.1", 1438, "ipsec4711"), path("127.0.0.1", 1438)});
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_THAT(findings[0].trouble, HasSubstr("ipsec4711 does not exist"));
  EXPECT_EQ(findings[1], (MtuFinding{1438, ""}));
}

TEST(MtuProbe, FindsWhatFitsToTheByte) {  // in a network of its own; each test is a process of its own
  ASSERT_EQ(::unshare(CLONE_NEWNET), 0);
  ASSERT_EQ(std::system("ip link set lo up mtu 1411"), 0);
  EXPECT_THAT(find({path("127.0.0.1", 1438), path("::1", 1438)}), ElementsAre(MtuFinding{1411, ""}, MtuFinding{1411, ""}));
}

// Less than IPv6 and an interface of ours take: only longer ones are dropped, on the way and without a word.
TEST(MtuProbe, FindsWhatFitsThroughANarrowPath) {
  ASSERT_EQ(::unshare(CLONE_NEWNET), 0);
  ASSERT_EQ(std::system("ip link set lo up && nft 'add table inet narrow; add chain inet narrow in { type filter hook input "
                        "priority 0; }; add rule inet narrow in meta length > 1246 drop'"),
            0);
  EXPECT_THAT(find({path("127.0.0.1", 1438), path("::1", 1438)}), ElementsAre(MtuFinding{1246, ""}, MtuFinding{1246, ""}));
}

TEST(MtuProbe, NothingComesBackFromNobody) {
  ASSERT_EQ(::unshare(CLONE_NEWNET), 0);
  ASSERT_EQ(std::system("ip link set lo up && ip link add v arp off type veth peer name vp && ip link set vp up && ip link set "
                        "v up && ip addr add 192.0.2.1/24 dev v"),
            0);
  model::MtuPath nobody = path("192.0.2.2", 1400, "v");
  nobody.source = *net::parse_address("192.0.2.1");
  EXPECT_THAT(find({nobody}), ElementsAre(MtuFinding{}));
}

}  // namespace
}  // namespace vtid::io
