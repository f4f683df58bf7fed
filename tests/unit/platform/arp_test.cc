// ARP on a pair of devices of its own, which needs root. Nothing leaves the machine.
#include "platform/arp.h"

#include <gtest/gtest.h>
#include <net/if.h>
#include <poll.h>

#include <chrono>
#include <cstdlib>

#include "support/far_namespace.h"

namespace vtid::platform {
namespace {

using namespace std::chrono_literals;

const net::Address kNeighbour = *net::parse_address("192.0.2.254");
using Reply = std::pair<net::Address, net::IfIndex>;

net::IfIndex index_of(const char* device) { return {::if_nametoindex(device)}; }

class Arp : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(
        far.run("ip link set lo up && ip link add name v type veth peer name vp && ip link set vp netns $far && at ip link set "
                "vp up && "
                "at ip addr add 192.0.2.254/24 dev vp && ip link set v up && ip addr add 192.0.2.1/24 dev v"));
    auto opened = open_arp_socket();
    ASSERT_TRUE(opened) << opened.error().text;
    fd = std::move(*opened);
  }

  // What comes within a second; a request that the neighbour sends is none.
  std::optional<Reply> reply() {
    const auto deadline = std::chrono::steady_clock::now() + 1s;
    std::optional<Reply> heard;
    for (auto left = 1'000ms; !heard && left > 0ms;) {
      pollfd ready{fd.get(), POLLIN, 0};
      if (::poll(&ready, 1, static_cast<int>(left.count())) == 1) heard = receive_arp_reply(fd.get()).value();
      left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    }
    return heard;
  }
  // A device that has just come up may drop what it is to send.
  std::optional<Reply> ask_neighbour() {
    std::optional<Reply> heard;
    for (int tries = 0; !heard && tries < 10; ++tries) {
      EXPECT_TRUE(send_arp_request(fd.get(), index_of("v"), kNeighbour));
      heard = reply();
    }
    return heard;
  }
  const test::FarNamespace far;
  UniqueFd fd;
};

TEST_F(Arp, HearsTheNeighbourThatItAsksFor) {
  EXPECT_EQ(ask_neighbour(), Reply(kNeighbour, index_of("v")));
  EXPECT_EQ(receive_arp_reply(fd.get()).value(), std::nullopt);
}

TEST_F(Arp, HearsNothingOfWhoIsNotThere) {
  ASSERT_TRUE(send_arp_request(fd.get(), index_of("v"), *net::parse_address("192.0.2.9")));
  EXPECT_EQ(reply(), std::nullopt);
}

// Its own question of the neighbour, and the neighbour's to us, have no answer for the kernel's table.
TEST_F(Arp, LeavesTheKernelsTableAlone) {
  ASSERT_TRUE(ask_neighbour().has_value());
  EXPECT_NE(std::system("ip neigh show 192.0.2.254 | grep -q ."), 0);
}

TEST_F(Arp, AsksFromADeviceWithoutAnAddressToo) {
  ASSERT_EQ(std::system("ip addr flush dev v"), 0);
  EXPECT_EQ(ask_neighbour(), Reply(kNeighbour, index_of("v")));
}

TEST_F(Arp, RefusesWhatIsNoEthernet) {
  const auto sent = send_arp_request(fd.get(), index_of("lo"), kNeighbour);
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().text, "cannot ask for 192.0.2.254: lo is no Ethernet");
}

TEST_F(Arp, SaysThatADeviceIsGone) { EXPECT_FALSE(send_arp_request(fd.get(), {4'711}, kNeighbour)); }

}  // namespace
}  // namespace vtid::platform
