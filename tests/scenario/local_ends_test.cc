// Where our end of a tunnel is, when the file says it by an interface, a gateway or a group: what follows when that changes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenario/stage.h"

namespace vtid::test {
namespace {

using enum model::GatewayState;
using model::TunnelState;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kFirst = "192.0.2.1";
constexpr const char* kSecond = "203.0.113.1";

void replace(std::string& text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  ASSERT_NE(at, std::string::npos) << from;
  text.replace(at, from.size(), to);
}

// The usual tunnel, beginning at `local`, of a host with two uplinks and a group that prefers the first.
std::string file_from(const std::string& local, const std::string& more = {}) {
  std::string text = one_tunnel_file();
  replace(text, R"("local": { "address": "192.0.2.1", "id": "here" }, )",
          R"("local": { )" + local + R"(, "id": "here" }, )" + more);
  replace(text, R"("interfaces": { )", R"("interfaces": { "WAN": { "device": "wan" }, "WAN2": { "device": "wan2" }, )");
  text.resize(text.rfind('}'));
  return text + R"(, "gateways": { "WAN_GW": { "interface": "WAN", "address": "192.0.2.254" },
      "WAN2_GW": { "interface": "WAN2", "address": "203.0.113.254" } },
    "gateway_groups": { "UPLINKS": { "members": [ { "gateway": "WAN_GW" }, { "gateway": "WAN2_GW", "tier": 2 } ] } } })";
}

class LocalEnds : public testing::Test {
 protected:
  explicit LocalEnds(const std::string& local = R"("gateway": "UPLINKS")", const std::string& more = {})
      : stage(file_from(local, more)) {
    stage.kernel.add_foreign_link(device("wan2"));
    stage.kernel.add_foreign_address({device("wan2"), prefix("203.0.113.1/24"), {}});
  }

  void start() {
    stage.start_vtid();
    stage.run(std::chrono::seconds{5});
    ASSERT_EQ(stage.state(), TunnelState::up);
    stage.events.clear();
  }
  void gateway_is(const std::string& gateway, model::GatewayState state) {
    stage.gateway_is(gateway, state, state == down ? "no answer" : "");
    stage.run(std::chrono::seconds{5});
  }
  void address_becomes(const char* written) {
    stage.kernel.flush_addresses(device("wan"));
    if (written != nullptr) stage.kernel.add_foreign_address({device("wan"), prefix(written), {}});
    stage.run(std::chrono::seconds{5});
  }
  std::vector<std::string> locals() {
    std::vector<std::string> addresses;
    for (const auto& [id, ike] : stage.charon.ikes) addresses.push_back(net::print(ike.local));
    return addresses;
  }
  std::string loaded() { return stage.charon.connections.at("hq").list("local_addrs").front(); }
  // Loads, initiations and terminations, ever.
  std::vector<int> asked() {
    return {stage.loads(), stage.charon.served["initiate"], stage.charon.served["terminate"], stage.charon.served["rekey"]};
  }
  // "198.51.100.1/32 via 192.0.2.254 dev wan", of those to the peer.
  std::vector<std::string> ways() {
    std::vector<std::string> lines;
    for (const auto& [route] : stage.kernel.seen().routes) {
      const auto* via = std::get_if<model::ViaGateway>(&route.target);
      if (via == nullptr || route.to.length != route.to.address.bits()) continue;
      lines.push_back(net::print(route.to) + (via->gateway ? " via " + net::print(*via->gateway) : "") + " dev " +
                      via->device.text());
    }
    return lines;
  }
  std::vector<std::string> told() {
    std::vector<std::string> lines;
    for (const model::Event& event : stage.events) {
      if (event.kind == "tunnel") lines.push_back(event.text);
    }
    return lines;
  }

  Stage stage;
};

TEST_F(LocalEnds, ATunnelBeginsAtTheGatewayThatCarries) {
  start();
  EXPECT_EQ(loaded(), kFirst);
  EXPECT_EQ(stage.tunnel().local, kFirst);
  EXPECT_EQ(stage.snapshot()->local_ends.at("hq").reason, "WAN_GW carries UPLINKS");
  EXPECT_TRUE(stage.snapshot()->converged);
  if (stage.kernel.is_linux()) {
    EXPECT_THAT(ways(), testing::UnorderedElementsAre("198.51.100.1/32 via 192.0.2.254 dev wan",
                                                      "198.51.100.1/32 via 203.0.113.254 dev wan2"));
    EXPECT_EQ(stage.kernel.seen().rules.size(), 2U);
  } else {
    EXPECT_THAT(ways(), ElementsAre("198.51.100.1/32 via 192.0.2.254 dev wan"));
  }
}

TEST_F(LocalEnds, WhenTheGatewayFailsTheTunnelMovesAndItsInterfaceStays) {
  start();
  const auto before = asked();
  const auto link = *stage.link();
  const auto addresses = stage.kernel.seen().addresses;
  const auto writes = stage.kernel.writes();
  gateway_is("WAN_GW", down);
  EXPECT_EQ(stage.state(), TunnelState::up);
  EXPECT_THAT(locals(), ElementsAre(kSecond));
  EXPECT_EQ(loaded(), kSecond);
  EXPECT_EQ(asked(), (std::vector{before[0] + 1, before[1] + 1, before[2] + 1, before[3]}));
  EXPECT_EQ(stage.link()->index, link.index);
  EXPECT_EQ(stage.kernel.seen().addresses, addresses);
  EXPECT_THAT(told(), Contains("begins at 203.0.113.1: WAN2_GW carries UPLINKS: WAN_GW is down: no answer"));
  EXPECT_THAT(told(), testing::Not(Contains(HasSubstr("connecting"))));
  if (stage.kernel.is_linux()) {
    EXPECT_EQ(stage.kernel.writes(), writes);
    EXPECT_EQ(*stage.link(), link);
  } else {
    EXPECT_EQ(stage.link()->outer, std::pair(address(kSecond), address("198.51.100.1")));
    EXPECT_THAT(ways(), ElementsAre("198.51.100.1/32 via 203.0.113.254 dev wan2"));
  }
  stage.run(std::chrono::minutes{5});
  EXPECT_EQ(asked(), (std::vector{before[0] + 1, before[1] + 1, before[2] + 1, before[3]}));
  EXPECT_THAT(locals(), ElementsAre(kSecond));
}

TEST_F(LocalEnds, ItComesBackWithTheGateway) {
  start();
  gateway_is("WAN_GW", down);
  gateway_is("WAN_GW", online);
  EXPECT_THAT(locals(), ElementsAre(kFirst));
  EXPECT_EQ(stage.state(), TunnelState::up);
}

TEST_F(LocalEnds, WhatCarriesStaysUntilTheNewOneIsThere) {
  start();
  const auto old = stage.charon.children.begin()->first;
  stage.charon.peers["hq"] = ScriptedCharon::Peer::silent;
  gateway_is("WAN_GW", down);
  EXPECT_THAT(locals(), ElementsAre(kFirst, kSecond));
  EXPECT_EQ(stage.state(), TunnelState::up);
  EXPECT_EQ(stage.charon.served["terminate"], 0);
  const int begun = stage.charon.served["initiate"];
  stage.run(std::chrono::minutes{2});
  EXPECT_EQ(stage.charon.served["initiate"], begun);  // it is under way: charon retransmits
  stage.charon.give_up(stage.charon.ikes.rbegin()->first);
  stage.charon.peers.clear();
  stage.run(std::chrono::seconds{90});
  EXPECT_THAT(locals(), ElementsAre(kSecond));
  EXPECT_NE(stage.charon.children.begin()->first, old);
  EXPECT_EQ(stage.charon.children.size(), 1U);
}

TEST_F(LocalEnds, AnOldSaThatEndsMeanwhileLeavesTheNewAttemptAlone) {
  start();
  stage.charon.peers["hq"] = ScriptedCharon::Peer::silent;
  gateway_is("WAN_GW", down);
  const int begun = stage.charon.served["initiate"];
  stage.charon.take_down(stage.charon.ikes.begin()->first);
  stage.run(std::chrono::seconds{30});
  EXPECT_THAT(locals(), ElementsAre(kSecond));
  EXPECT_EQ(stage.state(), TunnelState::connecting);
  EXPECT_EQ(stage.charon.served["initiate"], begun);
}

TEST_F(LocalEnds, AnAttemptWhereTheEndWasIsGivenUp) {
  stage.charon.peers["hq"] = ScriptedCharon::Peer::silent;
  stage.start_vtid();
  stage.run(std::chrono::seconds{5});
  EXPECT_THAT(locals(), ElementsAre(kFirst));
  stage.charon.peers.clear();
  gateway_is("WAN_GW", down);
  EXPECT_THAT(locals(), ElementsAre(kSecond));
  EXPECT_EQ(stage.state(), TunnelState::up);
}

TEST_F(LocalEnds, WhileNobodyCarriesItStaysWhereItIs) {
  start();
  gateway_is("WAN_GW", down);
  const auto before = asked();
  gateway_is("WAN2_GW", down);
  EXPECT_EQ(asked(), before);
  EXPECT_THAT(locals(), ElementsAre(kSecond));
  EXPECT_EQ(loaded(), kSecond);
}

TEST_F(LocalEnds, WhatMobikeBroughtThereIsLeftAlone) {
  start();
  stage.charon.move(stage.charon.ikes.begin()->first, address(kSecond));
  stage.run(std::chrono::seconds{1});
  const auto before = asked();
  gateway_is("WAN_GW", down);
  EXPECT_EQ(asked(), (std::vector{before[0] + 1, before[1], before[2], before[3]}));
  EXPECT_THAT(locals(), ElementsAre(kSecond));
}

TEST_F(LocalEnds, ARestartAdoptsWhatIsThere) {
  start();
  const auto before = asked();
  const auto connections = stage.charon.served["load-conn"];
  const auto writes = stage.kernel.writes();
  stage.kill_vtid();
  stage.start_vtid();
  stage.run(std::chrono::seconds{30});
  EXPECT_THAT(asked(), ElementsAre(testing::_, before[1], before[2], before[3]));
  EXPECT_EQ(stage.charon.served["load-conn"], connections);
  EXPECT_EQ(stage.kernel.writes(), writes);
}

TEST_F(LocalEnds, AReloadWithAnAddressInItsPlaceTakesTheRoutesAway) {
  start();
  stage.file = one_tunnel_file();
  (void)stage.command(model::Reload{}, Duration{10'000});
  EXPECT_THAT(ways(), testing::IsEmpty());
  EXPECT_THAT(stage.kernel.seen().rules, testing::IsEmpty());
  EXPECT_EQ(stage.state(), TunnelState::up);
  EXPECT_TRUE(stage.snapshot()->local_ends.empty());
}

class SplitLocalEnds : public LocalEnds {
 protected:
  SplitLocalEnds() : LocalEnds(R"("gateway": "UPLINKS")", R"("split": true, )") {
    replace(stage.file, R"("unit": 1, )", "");
    replace(stage.file, R"("tunnel": "hq" })", R"("tunnel": "hq", "child": "v4" })");
  }
};

TEST_F(SplitLocalEnds, AllChildrenMoveIntoOneIkeSa) {
  start();
  gateway_is("WAN_GW", down);
  EXPECT_EQ(stage.state(), TunnelState::up);
  EXPECT_THAT(locals(), ElementsAre(kSecond));
  EXPECT_EQ(stage.charon.children.size(), 2U);
}

class NamedLocalEnds : public LocalEnds {
 protected:
  NamedLocalEnds() {
    replace(stage.file, R"("address": "198.51.100.1")", R"("address": "vpn.example.org")");
    stage.hosts["vpn.example.org"] = {"198.51.100.7", "2001:db8::7"};
  }
};

TEST_F(NamedLocalEnds, ThePeersAddressesOfTheGatewaysFamilyAreRouted) {
  start();
  EXPECT_THAT(ways(), Contains("198.51.100.7/32 via 192.0.2.254 dev wan"));
  EXPECT_THAT(stage.charon.connections.at("hq").list("remote_addrs"), ElementsAre("198.51.100.7"));
  stage.hosts["vpn.example.org"] = {"198.51.100.9"};
  stage.run(std::chrono::seconds{90});
  EXPECT_THAT(ways(), Contains("198.51.100.9/32 via 192.0.2.254 dev wan"));
  EXPECT_THAT(ways(), testing::Not(Contains(StartsWith("198.51.100.7"))));
}

class Responders : public LocalEnds {
 protected:
  Responders() { replace(stage.file, R"("unit": 1, )", R"("unit": 1, "start": "none", )"); }
};

// The peer has no reason to call while its own SAs carry.
TEST_F(Responders, CallFromWhereTheyAreNow) {
  stage.start_vtid();
  stage.run(std::chrono::seconds{2});
  stage.charon.bring_up("hq", false);
  stage.run(std::chrono::seconds{2});
  ASSERT_EQ(stage.state(), TunnelState::up);
  gateway_is("WAN_GW", down);
  EXPECT_THAT(locals(), ElementsAre(kSecond));
  EXPECT_EQ(stage.state(), TunnelState::up);
}

class InterfaceEnds : public LocalEnds {
 protected:
  InterfaceEnds() : LocalEnds(R"("interface": "WAN")") {}
};

TEST_F(InterfaceEnds, FollowTheAddressOfTheDevice) {
  start();
  EXPECT_EQ(stage.tunnel().local, kFirst);
  EXPECT_THAT(ways(), testing::IsEmpty());
  const auto index = stage.link()->index;
  address_becomes("192.0.2.9/24");
  EXPECT_THAT(locals(), ElementsAre("192.0.2.9"));
  EXPECT_EQ(loaded(), "192.0.2.9");
  EXPECT_EQ(stage.link()->index, index);
  EXPECT_THAT(told(), Contains("begins at 192.0.2.9: the address of WAN (wan)"));
}

TEST_F(InterfaceEnds, WithoutAnAddressNothingIsTouchedAndTheReasonIsSaid) {
  start();
  const auto before = asked();
  address_becomes(nullptr);
  EXPECT_EQ(asked(), before);
  EXPECT_EQ(loaded(), kFirst);
  stage.charon.take_down(stage.charon.ikes.begin()->first);
  stage.run(std::chrono::seconds{5});
  EXPECT_EQ(stage.state(), TunnelState::down);
  EXPECT_EQ(stage.tunnel().reason, "it has no address to begin with: WAN (wan) has no ipv4 address");
  EXPECT_THAT(told(), Contains("begins nowhere: WAN (wan) has no ipv4 address"));
  address_becomes("192.0.2.1/24");
  EXPECT_EQ(stage.state(), TunnelState::up);
}

class DeviceEnds : public LocalEnds {
 protected:
  DeviceEnds() : LocalEnds(R"("interface": "wan2")") {}
};

TEST_F(DeviceEnds, NeedNoAssignment) {
  start();
  EXPECT_EQ(stage.tunnel().local, kSecond);
}

}  // namespace
}  // namespace vtid::test
