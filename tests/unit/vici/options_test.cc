// What the file says of SAs reaches charon in its words, and only what the file says.
#include "vici/options.h"

#include <gmock/gmock.h>

#include "support/charon_wire.h"
#include "support/worlds.h"
#include "vici/loader.h"

namespace vtid::vici {
namespace {

using namespace std::chrono_literals;

model::Ike& own(model::Tunnel& tunnel) { return std::get<model::Ike>(tunnel.ike); }
model::ChildOptions& first(model::Tunnel& tunnel) { return tunnel.children.front().options; }

WantedConnection load(const model::Tunnel& tunnel) {
  return make_connection(tunnel, {{"hq", {7}}, {"hq/v4", {8}}, {"hq/v6", {9}}}).value();
}

Message of_connection(const model::Tunnel& tunnel) { return *load(tunnel).connection.find_section("hq"); }
Message of_child(const model::Tunnel& tunnel) { return *of_connection(tunnel).find_section("children")->find_section("hq"); }

std::vector<std::string> values(const Message& message, const std::vector<std::string>& keys) {
  std::vector<std::string> all;
  for (const std::string& key : keys) all.emplace_back(message.text(key));
  return all;
}

TEST(Options, OfAnIkeSaArriveInCharonsWords) {
  model::Tunnel tunnel = test::tunnel("hq");
  own(tunnel).local.port = 4'500;
  own(tunnel).remote.port = 4'500;
  own(tunnel).options = {.spread = 60s,
                         .grace = 120s,
                         .reauth = 3'600s,
                         .childless = model::Childless::force,
                         .unique = model::Unique::replace,
                         .fragmentation = model::Fragmentation::accept,
                         .dscp = 48};
  EXPECT_EQ(values(of_connection(tunnel), {"local_port", "remote_port", "rand_time", "over_time", "reauth_time", "childless",
                                           "unique", "fragmentation", "dscp"}),
            (std::vector<std::string>{"4500", "4500", "60", "120", "3600", "force", "replace", "accept", "110000"}));
}

TEST(Options, OfAChildArriveInCharonsWords) {
  model::Tunnel tunnel = test::tunnel("hq");
  tunnel.children.front().rekey = 600s;
  first(tunnel) = {.spread = 30s,
                   .grace = 90s,
                   .rekey_bytes = 10'737'418'240,
                   .rekey_packets = 4'000'000,
                   .replay_window = 0,
                   .dscp = model::CopyDscp::both,
                   .ecn = false,
                   .df = model::CopyDf::clear,
                   .mark_in = model::SetMark{0x10, 0xff},
                   .mark_out = model::SetMark{0x200, 0xffff},
                   .offload = model::Offload::crypto};
  EXPECT_EQ(values(of_child(tunnel), {"rekey_time", "rand_time", "life_time", "rekey_bytes", "rekey_packets", "replay_window",
                                      "copy_dscp", "copy_ecn", "copy_df", "set_mark_in", "set_mark_out", "hw_offload"}),
            (std::vector<std::string>{"600", "30", "690", "10737418240", "4000000", "0", "yes", "no", "no", "0x10/0xff",
                                      "0x200/0xffff", "yes"}));
}

TEST(Options, WhatTheFileDoesNotSayIsNotSent) {
  for (const char* key : {"rand_time", "over_time", "reauth_time", "childless", "fragmentation", "dscp", "local_port",
                          "remote_port", "dpd_timeout"})
    EXPECT_EQ(of_connection(test::tunnel("hq")).find(key), nullptr) << key;
  for (const char* key : {"rand_time", "life_time", "rekey_bytes", "rekey_packets", "replay_window", "copy_dscp", "copy_ecn",
                          "copy_df", "set_mark_in", "set_mark_out", "hw_offload"})
    EXPECT_EQ(of_child(test::tunnel("hq")).find(key), nullptr) << key;
}

TEST(Options, ASiblingsWordHoldsForTheSharedChild) {
  model::Tunnel tunnel = test::tunnel("hq", 2);
  ASSERT_EQ(tunnel.children.size(), 2U);
  tunnel.children[1].options.replay_window = 256;
  EXPECT_EQ(of_child(tunnel).text("replay_window"), "256");
}

TEST(Options, NeverIsALifeWithoutARekey) {
  model::Tunnel tunnel = test::tunnel("hq");
  tunnel.children.front().rekey = 0s;
  first(tunnel).grace = 28'800s;
  EXPECT_EQ(values(of_child(tunnel), {"rekey_time", "life_time"}), (std::vector<std::string>{"0", "28800"}));
}

TEST(Options, NamedNetworksTakeThePlaceOfEverything) {
  model::Tunnel tunnel = test::tunnel("hq");
  first(tunnel).selectors =
      model::Selectors{{test::prefix("10.1.0.0/16"), test::prefix("10.6.1.0/30")}, {test::prefix("10.2.0.0/16")}};
  EXPECT_EQ(of_child(tunnel).list("local_ts"), (Message::List{"10.1.0.0/16", "10.6.1.0/30"}));
  EXPECT_EQ(of_child(tunnel).list("remote_ts"), Message::List{"10.2.0.0/16"});
}

TEST(Options, Version1HasATimeoutOfItsOwn) {
  model::Tunnel tunnel = test::tunnel("hq");
  own(tunnel).version = model::IkeVersion::v1;
  EXPECT_EQ(of_connection(tunnel).text("dpd_timeout"), "60");
  own(tunnel).options.dpd_timeout = 25s;
  EXPECT_EQ(of_connection(tunnel).text("dpd_timeout"), "25");
}

std::vector<std::string> required(const model::Tunnel& tunnel) {
  std::vector<std::string> all;
  for (const Requirement& one : requirements_of(tunnel)) all.push_back(one.what + ' ' + print(one.since));
  return all;
}

TEST(Options, TellWhatOlderCharonsDoNotKnow) {
  model::Tunnel tunnel = test::tunnel("hq");
  first(tunnel).offload = model::Offload::crypto;
  own(tunnel).options.childless = model::Childless::force;
  EXPECT_EQ(required(tunnel), std::vector<std::string>{});
  first(tunnel).offload = model::Offload::packet;
  own(tunnel).options.childless = model::Childless::prefer;
  own(tunnel).proposals = {"aes256-sha256-x25519", "aes256gcm16-prfsha384-x25519-ke1_mlkem768"};
  EXPECT_EQ(required(tunnel), (std::vector<std::string>{"the proposal aes256gcm16-prfsha384-x25519-ke1_mlkem768 6.0.0",
                                                        "\"childless\": \"prefer\" 5.9.10", "\"offload\": \"packet\" 5.9.10"}));
}

// ---- what runs already

class OptionsInCharon : public testing::Test {
 protected:
  void want(Duration rekey) {
    own(tunnel).rekey = rekey;
    charon.want({make_connection(tunnel, {{"hq", net::Unit{1}}}).value()}, wire.now);
    wire.pass(Duration{0});
  }
  std::vector<std::string> problems() const {
    std::vector<std::string> texts;
    for (const model::Problem& problem : charon.problems()) texts.push_back(problem.object + ": " + problem.text);
    return texts;
  }

  model::Tunnel tunnel = test::tunnel("hq");
  test::ScriptedCharon server;
  Charon charon{{}, [] { return 0U; }};
  test::CharonWire wire{charon, server};
};

TEST_F(OptionsInCharon, WhatItDoesNotKnowIsNotLoadedAndSaidByName) {
  own(tunnel).options.childless = model::Childless::prefer;
  server.version = "5.9.8";
  want(3'600s);
  EXPECT_FALSE(server.connections.contains("hq"));
  EXPECT_THAT(problems(), testing::Contains("tunnels/hq: strongSwan 5.9.8 does not know \"childless\": \"prefer\", which came "
                                            "with 5.9.10: the connection is not loaded"));
}

TEST(LoaderOfOptions, AnIkeSaThatOutlivesAChangeIsOlderUntilTheSettingsAreThoseAgain) {
  Loader loader({}, [] { return 0U; });
  loader.on_charon("boot/1/2");
  loader.on_inventory({});
  const auto load_all = [&](Duration rekey) {
    model::Tunnel tunnel = test::tunnel("hq");
    own(tunnel).rekey = rekey;
    loader.want({load(tunnel)});
    while (const auto step = loader.next_step(TimePoint{})) {
      if (!step->replaces.empty()) loader.outlive(*step, {12});
      loader.on_done(*step, Message{}, TimePoint{});
    }
  };
  load_all(3'600s);
  EXPECT_FALSE(loader.is_older("hq", 12));
  load_all(7'200s);
  EXPECT_TRUE(loader.is_older("hq", 12));
  EXPECT_FALSE(loader.is_older("hq", 13));  // made since
  loader.on_ike_rekeyed(12, 14);
  EXPECT_TRUE(loader.is_older("hq", 14));
  EXPECT_EQ(loader.loaded().older.size(), 1U);
  load_all(3'600s);
  EXPECT_FALSE(loader.is_older("hq", 14));
  load_all(9'000s);
  EXPECT_TRUE(loader.is_older("hq", 14));
  loader.forget_ikes([](std::uint32_t id) { return id == 14; });
  EXPECT_FALSE(loader.is_older("hq", 14));
}

// How often it is loaded when its addresses change, and whether an IKE_SA from before has other settings then.
std::pair<int, bool> loads_and_age(const std::function<WantedConnection(const net::Address&)>& make) {
  Loader loader({}, [] { return 0U; });
  loader.on_charon("boot/1/2");
  loader.on_inventory({});
  int loads = 0;
  for (const char* address : {"198.51.100.1", "198.51.100.2"}) {
    loader.want({make(test::address(address))});
    while (const auto step = loader.next_step(TimePoint{})) {
      loads += step->kind == Step::Kind::load_connection ? 1 : 0;
      if (!step->replaces.empty()) loader.outlive(*step, {12});
      loader.on_done(*step, Message{}, TimePoint{});
    }
  }
  return {loads, loader.is_older("hq", 12)};
}

TEST(LoaderOfOptions, OtherAddressesOfAHostNameAreNoOtherSettings) {
  model::Tunnel tunnel = test::tunnel("hq");
  own(tunnel).remote.address = model::HostName{"vpn.example.org"};
  EXPECT_EQ(loads_and_age([&](const net::Address& peer) {
              return make_connection(tunnel, {{"hq", {7}}}, {peer}).value();
            }),
            std::pair(2, false));
}

TEST(LoaderOfOptions, AnotherPlaceOfOurEndIsNoOtherSetting) {
  model::Tunnel tunnel = test::tunnel("hq");
  own(tunnel).local = {model::AnyAddress{}, "branch"};
  own(tunnel).local.interface = "WAN";
  EXPECT_EQ(loads_and_age([&](const net::Address& end) {
              return make_connection(tunnel, {{"hq", {7}}}, {}, end).value();
            }),
            std::pair(2, false));
  own(tunnel).local.interface.clear();
  EXPECT_EQ(loads_and_age([&](const net::Address& end) {
              own(tunnel).local.address = end;
              return make_connection(tunnel, {{"hq", {7}}}).value();
            }),
            std::pair(2, true));
}

}  // namespace
}  // namespace vtid::vici
