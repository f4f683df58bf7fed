// The prober against the system's own loopback, which needs CAP_NET_RAW. Nothing leaves the machine: what must not be
// answered is sent to documentation addresses by the loopback device.
#include "io/prober.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "io/asio.h"
#include "support/far_namespace.h"

namespace vtid::io {
namespace {

using namespace std::chrono_literals;
using enum model::GatewayState;
using State = model::GatewayState;

model::MonitorOptions quick() {
  model::MonitorOptions options;
  options.interval = 20ms;
  options.loss_interval = 200ms;
  options.period = 2s;
  options.alert = 20ms;
  options.hold = 0ms;
  return options;
}

Prober::Target target(std::string_view address, std::string_view device = {}) {
  Prober::Target result;
  result.gateway = "GW";
  result.address = *net::parse_address(address);
  if (!device.empty()) result.device = *net::IfName::parse(device);
  result.options = quick();
  return result;
}

struct ProberTest : testing::Test {
  // Runs until the gateway is in that state; the bound is there for a test that fails.
  State run_until(State wanted) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (state() != wanted && std::chrono::steady_clock::now() < deadline) context.run_one_for(100ms);
    return state();
  }
  [[nodiscard]] std::string reason() const { return prober.health().at("GW").reason; }
  [[nodiscard]] State state() const { return prober.health().at("GW").state; }

  boost::asio::io_context context;
  std::vector<State> changes;
  Prober prober{context, [this](const std::string&, const model::GatewayHealth& health) { changes.push_back(health.state); }};
};

TEST_F(ProberTest, brings_an_ipv4_gateway_that_answers_online) {
  prober.set_targets({target("127.0.0.1")});
  EXPECT_EQ(run_until(online), online);
}

TEST_F(ProberTest, an_update_tells_of_the_gateways_in_it_alone) {
  Prober::Target other = target("127.0.0.2");
  other.gateway = "OTHER";
  prober.set_targets({target("127.0.0.1"), other});
  ASSERT_EQ(run_until(online), online);
  Prober::Target cut = target("127.0.0.1");
  cut.underlay = {"hq", monitor::Underlay::State::down};
  prober.update_targets({cut});
  context.run_for(100ms);
  EXPECT_EQ(state(), down);
  EXPECT_EQ(changes.back(), down);
  EXPECT_EQ(prober.health().at("OTHER").state, online);
}

// Whom a mark leads where is the routing rules' business; here a filter tells that it is there.
void only_marked_probes_pass() {
  ASSERT_EQ(::unshare(CLONE_NEWNET), 0);
  ASSERT_EQ(
      std::system("ip link set lo up && nft 'add table inet t; add chain inet t out { type filter hook output priority 0; }; "
                  "add rule inet t out icmp type echo-request meta mark != 0xf0010000 drop; "
                  "add rule inet t out icmpv6 type echo-request meta mark != 0xf0010000 drop'"),
      0);
}

TEST_F(ProberTest, marks_the_probes_of_a_gateway_that_has_a_mark) {
  only_marked_probes_pass();
  for (const char* address : {"127.0.0.1", "::1"}) {
    Prober::Target marked = target(address, "lo");
    marked.via = marked.address;
    marked.mark = 0xf001'0000;
    prober.set_targets({marked});
    EXPECT_EQ(run_until(online), online) << address;
  }
}

TEST_F(ProberTest, marks_no_other_probes) {
  only_marked_probes_pass();
  prober.set_targets({target("127.0.0.1", "lo")});
  EXPECT_EQ(run_until(down), down);
}

// A neighbour has the address and would answer for it, by the main table and by ARP; the mark leads to a table that refuses.
TEST_F(ProberTest, does_not_take_the_answers_of_another_while_its_own_way_is_missing) {
  const test::FarNamespace far;
  ASSERT_TRUE(far.run(
      "ip link set lo up && ip link add name v type veth peer name vp && ip link set vp netns $far && at ip link set lo up && "
      "at ip link set vp up && at ip addr add 192.0.2.254/24 dev vp && at ip addr add 203.0.113.77/32 dev lo && "
      "ip link set v up && ip addr add 192.0.2.1/24 dev v && ip route add default via 192.0.2.254 && "
      "ip rule add fwmark 0xf0010000/0xffff0000 lookup 7 && ip route add blackhole 203.0.113.77/32 table 7"));
  Prober::Target marked = target("203.0.113.77", "v");
  prober.set_targets({marked});
  ASSERT_EQ(run_until(online), online);
  marked.via = *net::parse_address("192.0.2.253");
  marked.mark = 0xf001'0000;
  prober.set_targets({marked});
  EXPECT_EQ(run_until(down), down);
  EXPECT_THAT(reason(), testing::HasSubstr("cannot send to 203.0.113.77"));
}

TEST_F(ProberTest, takes_another_gateway_for_another_path) {
  Prober::Target first = target("127.0.0.1");
  first.via = *net::parse_address("192.0.2.1");
  prober.set_targets({first});
  ASSERT_EQ(run_until(online), online);
  first.via = *net::parse_address("192.0.2.2");
  prober.set_targets({first});
  EXPECT_EQ(state(), pending);
}

TEST_F(ProberTest, an_update_for_another_path_changes_nothing) {
  prober.set_targets({target("127.0.0.1")});
  ASSERT_EQ(run_until(online), online);
  Prober::Target elsewhere = target("127.0.0.3");
  elsewhere.underlay = {"hq", monitor::Underlay::State::down};
  prober.update_targets({elsewhere});
  context.run_for(100ms);
  EXPECT_EQ(state(), online);
}

monitor::Memories was_down(std::string_view address) {
  return {{"GW", {*net::parse_address(address), down, WallTime{1h}, true, false, {}}}};
}

TEST_F(ProberTest, remembers_what_it_recalls) {
  prober.recall(was_down("127.0.0.1"));
  prober.set_targets({target("127.0.0.1")});
  EXPECT_EQ(state(), down);
  EXPECT_EQ(prober.remember(), was_down("127.0.0.1"));
}

TEST_F(ProberTest, recalls_nothing_of_another_address) {
  prober.recall(was_down("127.0.0.2"));
  prober.set_targets({target("127.0.0.1")});
  EXPECT_EQ(state(), pending);
}

TEST_F(ProberTest, recalls_once) {
  prober.recall(was_down("127.0.0.1"));
  prober.set_targets({});
  prober.set_targets({target("127.0.0.1")});
  EXPECT_EQ(state(), pending);
}

TEST_F(ProberTest, brings_an_ipv6_gateway_that_answers_online) {
  prober.set_targets({target("::1")});
  EXPECT_EQ(run_until(online), online);
}

TEST_F(ProberTest, probes_by_a_device_and_from_a_source) {
  Prober::Target pinned = target("127.0.0.1", "lo");
  pinned.source = *net::parse_address("127.0.0.2");
  prober.set_targets({pinned});
  EXPECT_EQ(run_until(online), online);
}

TEST_F(ProberTest, probes_ipv6_by_a_device_and_from_a_source) {
  Prober::Target pinned = target("::1", "lo");
  pinned.source = *net::parse_address("::1");
  prober.set_targets({pinned});
  EXPECT_EQ(run_until(online), online);
}

TEST_F(ProberTest, measures_a_round_trip_time) {
  prober.set_targets({target("127.0.0.1")});
  run_until(online);
  EXPECT_GT(prober.health().at("GW").rtt_ms, 0);
}

TEST_F(ProberTest, takes_a_gateway_that_does_not_answer_down) {
  prober.set_targets({target("192.0.2.1", "lo")});
  EXPECT_EQ(run_until(down), down);
}

TEST_F(ProberTest, never_sends_from_a_source_that_is_not_ours) {
  Prober::Target foreign = target("127.0.0.1");
  foreign.source = *net::parse_address("192.0.2.7");
  prober.set_targets({foreign});
  run_until(down);
  EXPECT_THAT(reason(), testing::HasSubstr("; cannot send to 127.0.0.1: "));  // kernels differ in the error
}

TEST_F(ProberTest, takes_a_gateway_down_whose_device_does_not_exist) {
  prober.set_targets({target("127.0.0.1", "ipsec32767")});
  EXPECT_EQ(run_until(down), down);
}

TEST_F(ProberTest, says_why_a_probe_could_not_leave) {
  prober.set_targets({target("127.0.0.1", "ipsec32767")});
  run_until(down);
  EXPECT_THAT(reason(), testing::EndsWith("; ipsec32767 does not exist"));
}

TEST_F(ProberTest, tells_each_change_of_state_once) {
  prober.set_targets({target("127.0.0.1")});
  run_until(online);
  Prober::Target without_tunnel = target("127.0.0.1");
  without_tunnel.underlay.state = monitor::Underlay::State::down;
  prober.set_targets({without_tunnel});
  prober.set_targets({without_tunnel});
  context.poll();
  EXPECT_EQ(changes, (std::vector{online, down}));
}

TEST_F(ProberTest, keeps_the_history_of_a_target_whose_options_change) {
  prober.set_targets({target("127.0.0.1")});
  run_until(online);
  Prober::Target changed = target("127.0.0.1");
  changed.options.interval = 1s;
  prober.set_targets({changed});
  EXPECT_EQ(state(), online);
}

TEST_F(ProberTest, starts_anew_for_another_address) {
  prober.set_targets({target("127.0.0.1")});
  run_until(online);
  prober.set_targets({target("127.0.0.2")});
  EXPECT_EQ(state(), pending);
}

TEST_F(ProberTest, forgets_a_target_that_is_gone) {
  prober.set_targets({target("127.0.0.1")});
  run_until(online);
  prober.set_targets({});
  EXPECT_EQ(prober.health(), model::Gateways{});
}

TEST_F(ProberTest, lets_the_callback_change_the_targets) {
  Prober nested{context, [&](const std::string&, const model::GatewayHealth&) { nested.set_targets({}); }};
  nested.set_targets({target("127.0.0.1")});
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (!nested.health().empty() && std::chrono::steady_clock::now() < deadline) context.run_one_for(100ms);
  EXPECT_EQ(nested.health(), model::Gateways{});
}

TEST_F(ProberTest, serves_a_thousand_gateways) {
  std::vector<Prober::Target> targets;
  for (int i = 0; i < 1000; ++i) {
    targets.push_back(target(i % 2 == 0 ? "127.0.0.1" : "::1"));
    targets.back().gateway = "GW" + std::to_string(i);
    targets.back().options.interval = 200ms;
    targets.back().options.loss_interval = 2s;
  }
  prober.set_targets(targets);
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (changes.size() < targets.size() && std::chrono::steady_clock::now() < deadline) context.run_one_for(100ms);
  EXPECT_EQ(changes, std::vector<State>(1000, online));
}

TEST_F(ProberTest, is_pending_and_says_why_when_it_may_not_open_a_raw_socket) {
  ASSERT_EQ(::seteuid(65'534), 0);
  prober.set_targets({target("127.0.0.1")});
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (reason() == "no answer yet" && std::chrono::steady_clock::now() < deadline) context.run_one_for(100ms);
  ASSERT_EQ(::seteuid(0), 0);
  EXPECT_EQ(
      std::pair(state(), reason()),
      std::pair(pending, std::string("no answer yet; cannot open a raw socket for ipv4 probes: Operation not permitted")));
}

TEST_F(ProberTest, opens_its_socket_as_soon_as_it_may) {
  ASSERT_EQ(::seteuid(65'534), 0);
  prober.set_targets({target("127.0.0.1")});
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (reason() == "no answer yet" && std::chrono::steady_clock::now() < deadline) context.run_one_for(100ms);
  ASSERT_EQ(::seteuid(0), 0);
  EXPECT_EQ(run_until(online), online);
}

// In a network of its own; each test is a process of its own.
struct ProberNetworkTest : ProberTest {
  void SetUp() override { ASSERT_EQ(::unshare(CLONE_NEWNET), 0); }

  static void make_device(const std::string& name, const std::string& address) {
    const std::string commands = "ip link set lo up && ip link add " + name + " arp off type veth peer name " + name +
                                 "p && ip link set " + name + " addrgenmode none && ip link set " + name +
                                 "p up && ip link set " + name + " up && ip addr add " + address + " dev " + name;
    ASSERT_EQ(std::system(commands.c_str()), 0);
  }
  // Packets, from /proc/net/dev: "v0: bytes packets ..." with eight columns for receiving, then the same for sending.
  static long sent_by(const std::string& device) {
    std::ifstream file("/proc/thread-self/net/dev");
    for (std::string line; std::getline(file, line);) {
      std::istringstream words(line);
      std::string name;
      words >> name;
      if (name != device + ":") continue;
      long value = 0;
      for (int column = 0; column < 10; ++column) words >> value;
      return value;
    }
    return -1;
  }
};

TEST_F(ProberNetworkTest, never_probes_by_another_device_than_the_targets) {
  make_device("v0", "192.0.2.1/24");  // where the routing table would send it
  make_device("v1", "198.51.100.1/24");
  prober.set_targets({target("192.0.2.9", "v1")});
  run_until(down);
  EXPECT_EQ(std::pair(sent_by("v0"), sent_by("v1") > 0), std::pair(0L, true));
}

TEST_F(ProberNetworkTest, finds_silence_when_a_probe_is_late_and_not_when_the_state_is_judged) {
  ASSERT_EQ(std::system("ip link set lo up && ip addr add 192.0.2.9/32 dev lo"), 0);
  Prober::Target silent = target("192.0.2.9");
  silent.options.alert = 1h;
  Prober::Target other = target("127.0.0.1");
  other.gateway = "OTHER";
  prober.set_targets({silent, other});
  ASSERT_EQ(run_until(online), online);
  ASSERT_EQ(std::system("ip addr del 192.0.2.9/32 dev lo"), 0);
  EXPECT_EQ(run_until(down), down);
  EXPECT_NE(prober.health().at("GW").reason.find("silent"), std::string::npos);
  EXPECT_EQ(prober.health().at("OTHER").state, online);
}

TEST_F(ProberNetworkTest, follows_a_device_that_is_made_again) {
  make_device("v0", "192.0.2.1/24");
  prober.set_targets({target("192.0.2.1", "v0")});
  ASSERT_EQ(run_until(online), online);
  ASSERT_EQ(std::system("ip link del v0"), 0);
  ASSERT_EQ(run_until(down), down);
  make_device("v0", "192.0.2.1/24");
  EXPECT_EQ(run_until(online), online);
}

// A port of this machine that takes connections, by IPv4 and by nobody.
class Listener {
 public:
  explicit Listener(boost::asio::io_context& context)
      : acceptor_(context, boost::asio::ip::tcp::endpoint(boost::asio::ip::make_address("127.0.0.1"), 0)) {}
  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  boost::asio::ip::tcp::acceptor acceptor_;
};

Prober::Target by_tcp(std::string_view address, std::uint16_t port, std::string_view device = {}) {
  Prober::Target result = target(address, device);
  result.kind = model::ProbeKind::tcp;
  result.port = port;
  return result;
}

TEST_F(ProberTest, takes_a_connection_for_an_answer) {
  const Listener listener(context);
  prober.set_targets({by_tcp("127.0.0.1", listener.port(), "lo")});
  EXPECT_EQ(run_until(online), online);
}

TEST_F(ProberTest, takes_a_refused_connection_for_an_answer) {
  prober.set_targets({by_tcp("127.0.0.1", 9, "lo")});
  EXPECT_EQ(run_until(online), online);
  EXPECT_GT(prober.health().at("GW").rtt_ms, 0);
}

TEST_F(ProberTest, takes_a_gateway_that_no_connection_reaches_down) {
  prober.set_targets({by_tcp("192.0.2.1", 9, "lo")});
  EXPECT_EQ(run_until(down), down);
}

TEST_F(ProberTest, marks_connections_too) {
  ASSERT_EQ(::unshare(CLONE_NEWNET), 0);
  ASSERT_EQ(
      std::system("ip link set lo up && nft 'add table inet t; add chain inet t out { type filter hook output priority 0; }; "
                  "add rule inet t out tcp flags & (syn | ack) == syn meta mark != 0xf0010000 drop'"),
      0);
  Prober::Target marked = by_tcp("127.0.0.1", 9, "lo");
  prober.set_targets({marked});
  ASSERT_EQ(run_until(down), down);
  marked.via = marked.address;
  marked.mark = 0xf001'0000;
  prober.set_targets({marked});
  EXPECT_EQ(run_until(online), online);
}

// One of this machine, and one that is nowhere.
std::vector<Prober::Target> both_targets(std::optional<std::size_t> required) {
  std::vector<Prober::Target> targets{target("127.0.0.1", "lo"), by_tcp("192.0.2.1", 9, "lo")};
  for (Prober::Target& each : targets) {
    each.options.require = required;
    each.options.targets = {{targets[0].address}, {targets[1].address, model::ProbeKind::tcp, 9}};
  }
  return targets;
}

TEST_F(ProberTest, judges_a_gateway_by_as_many_targets_as_are_required) {
  prober.set_targets(both_targets(1));
  ASSERT_EQ(run_until(online), online);
  context.run_for(600ms);
  EXPECT_EQ(changes, std::vector{online});  // that the other is down is no change of the gateway
  prober.set_targets(both_targets(std::nullopt));
  EXPECT_EQ(run_until(down), down);
  EXPECT_THAT(reason(), testing::HasSubstr("tcp 192.0.2.1:9 is down"));
  context.run_for(100ms);
  EXPECT_EQ(changes, (std::vector{online, down}));
}

TEST_F(ProberTest, shows_each_target) {
  prober.set_targets(both_targets(1));
  ASSERT_EQ(run_until(online), online);
  const auto targets = prober.health().at("GW").targets;
  ASSERT_EQ(targets.size(), 2U);
  EXPECT_EQ(targets[0].target, "icmp 127.0.0.1");
  EXPECT_EQ(targets[0].state, online);
  EXPECT_EQ(targets[1].target, "tcp 192.0.2.1:9");
}

TEST_F(ProberTest, tells_the_last_answer_of_the_targets_that_ceased) {
  prober.set_targets(both_targets(1));
  EXPECT_EQ(prober.last_answer("GW"), std::nullopt);
  ASSERT_EQ(run_until(online), online);
  EXPECT_TRUE(prober.last_answer("GW").has_value());
}

TEST_F(ProberTest, remembers_each_target) {
  prober.set_targets(both_targets(1));
  ASSERT_EQ(run_until(online), online);
  context.run_for(600ms);
  const auto memories = prober.remember();
  ASSERT_EQ(memories.size(), 1U);
  EXPECT_EQ(memories.begin()->first, "GW tcp 192.0.2.1:9");
}

// Behind a pair of devices, and it answers no echo requests.
TEST_F(ProberTest, asks_an_ipv6_neighbour_for_itself) {
  const test::FarNamespace far;
  ASSERT_TRUE(far.run(
      "ip link set lo up && ip link add name v type veth peer name vp && ip link set vp netns $far && at ip link set vp up && "
      "at ip addr add 2001:db8::1/64 dev vp nodad && ip link set v up && ip addr add 2001:db8::2/64 dev v nodad && "
      "at nft 'add table inet t; add chain inet t in { type filter hook input priority 0; }; "
      "add rule inet t in icmpv6 type echo-request drop'"));
  Prober::Target neighbour = target("2001:db8::1", "v");
  prober.set_targets({neighbour});
  ASSERT_EQ(run_until(down), down);
  neighbour.kind = model::ProbeKind::nd;
  prober.set_targets({neighbour});
  EXPECT_EQ(run_until(online), online);
  neighbour.address = *net::parse_address("2001:db8::9");
  prober.set_targets({neighbour});
  EXPECT_EQ(run_until(down), down);
}

}  // namespace
}  // namespace vtid::io
