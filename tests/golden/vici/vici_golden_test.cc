// What real charons (strongSwan 5.9.8, and 6.0.1 where a file says so) sent, and what it means to us; `record` captures it.
#include <gtest/gtest.h>

#include <filesystem>

#include "support/vici_golden.h"
#include "support/worlds.h"
#include "vici/sa_decode.h"
#include "vici/session.h"

namespace vtid::vici {
namespace {

using test::address;
using test::read_golden;

constexpr WallTime kNow{std::chrono::seconds{1'800'000'000}};
constexpr Now kMoment{TimePoint{}, kNow};
constexpr Duration kPatience{1'000};

// What a session makes of a captured answer to a request.
Result<Message> answer(const std::string& golden) {
  Session session;
  session.request("command", {}, kPatience, kMoment);
  for (const std::string& segment : test::read_golden_segments(golden)) session.on_bytes(segment, kMoment);
  return std::get<Answered>(session.take_reports().at(0)).response;
}

std::string refusal(const std::string& golden) {
  const auto answered = answer(golden);
  return answered ? "accepted" : answered.error().text;
}

std::vector<SaEvent> events(const std::string& golden) {
  std::vector<SaEvent> events;
  for (const Packet& packet : read_golden(golden)) {
    if (const auto event = decode_event(packet.name, packet.message, kNow)) events.push_back(*event);
  }
  return events;
}

Listing listing(const std::string& golden) { return decode_listing(read_golden(golden).at(0).message, kNow).value(); }

model::IkeSa hq_ike() {
  model::IkeSa ike;
  ike.id = 2;
  ike.name = "hq";
  ike.state = model::IkeState::established;
  ike.initiator = ike.peer_answered = true;
  ike.local = address("192.0.2.1");
  ike.remote = address("192.0.2.2");
  ike.local_port = ike.remote_port = 500;
  ike.local_id = "hq";
  ike.remote_id = "branch";
  return ike;
}

model::ChildSa hq_child() {
  model::ChildSa child;
  child.id = 1;
  child.ike_id = 2;
  child.name = "hq";
  child.reqid = {5001};
  child.if_id_in = child.if_id_out = {1};
  child.state = model::ChildState::installed;
  child.protocol = "ESP";
  child.spi_in = 0xca0f885d;
  child.spi_out = 0xc296939c;
  child.algorithms = {"AES_GCM_16", 128, "", ""};
  child.local_ts = child.remote_ts = {"0.0.0.0/0", "::/0"};
  child.installed = kNow;
  return child;
}

// The same id as config's key_id_of() finds in branch.pem: tests/unit/config/credentials_test.cc.
TEST(ViciGolden, CharonSaysWhichKeyItLoaded) {
  EXPECT_EQ(answer("load-key_done")->text("id"), "18ced9709a230351e9638f8b0e5e03c71640baee");
}

TEST(ViciGolden, EveryCapturedPacketIsEncodedToTheSameBytes) {
  for (const auto& file : std::filesystem::directory_iterator(VTID_SOURCE_DIR "/tests/golden/vici")) {
    if (file.path().extension() != ".hex") continue;
    const std::string name = file.path().stem().string();
    const auto packets = read_golden(name);
    std::vector<std::string> encoded;
    for (const Packet& packet : packets) encoded.push_back(encode_segment(packet).value());
    EXPECT_EQ(encoded, test::read_golden_segments(name)) << name;
  }
}

TEST(ViciGolden, VersionIsFound) { EXPECT_EQ(answer("version")->text("version"), "5.9.8"); }

TEST(ViciGolden, StatsTellTheBootAndTheNumberOfSas) {
  const Message stats = answer("stats").value();
  EXPECT_EQ(stats.find_section("uptime")->text("since"), "Nov 24 04:02:41 2026");
  EXPECT_EQ(stats.find_section("ikesas")->number("total"), 0U);
}

TEST(ViciGolden, ConnectionsAndSecretsAreLists) {
  EXPECT_EQ(answer("get-conns")->list("conns"), Message::List{"hq"});
  EXPECT_EQ(answer("get-conns_none")->list("conns"), Message::List{});
  EXPECT_EQ(answer("get-shared")->list("keys"), Message::List{"vtid-hq"});
  EXPECT_EQ(answer("get-shared_none")->list("keys"), Message::List{});
  EXPECT_EQ(answer("get-keys")->list("keys").back(), "18ced9709a230351e9638f8b0e5e03c71640baee");
  EXPECT_EQ(answer("get-keys_none")->list("keys"), Message::List{});
}

TEST(ViciGolden, SuccessIsNoRefusal) {
  for (const std::string name :
       {"load-conn_done", "load-shared_done", "load-cert_done", "initiate_accepted", "terminate_done"}) {
    EXPECT_EQ(refusal(name), "accepted") << name;
  }
}

TEST(ViciGolden, RefusalsKeepTheWordsOfCharon) {
  EXPECT_EQ(refusal("load-conn_unknown-option"), "unknown option: no_such_option, config discarded");
  EXPECT_EQ(refusal("load-conn_bad-proposal"), "invalid value for: proposals, config discarded");
  EXPECT_EQ(refusal("load-key_bad"), "parsing ANY private key failed");
  EXPECT_EQ(refusal("unload-key_unknown"), "key not found");
  EXPECT_EQ(refusal("unload-conn_unknown"), "unload: connection 'nobody' not found");
  EXPECT_EQ(refusal("initiate_unknown"), "CHILD_SA config 'nobody' not found");
  EXPECT_EQ(refusal("terminate_nothing"), "no matching SAs to terminate found");
  EXPECT_EQ(refusal("rekey_nothing"), "no matching SAs to rekey found");
  EXPECT_EQ(refusal("unknown-command"), "charon does not know the command \"command\"");
}

TEST(ViciGolden, EventsAreConfirmedOrUnknown) {
  EXPECT_EQ(read_golden("confirm"), (std::vector{Packet{PacketType::confirmed, {}, {}}}));
  EXPECT_EQ(read_golden("unknown-event"), (std::vector{Packet{PacketType::unknown_event, {}, {}}}));
}

TEST(ViciGolden, AnIkeSaWithoutAnAnswerIsConnecting) {
  model::IkeSa ike = hq_ike();
  ike.id = 1;
  ike.state = model::IkeState::connecting;
  ike.peer_answered = false;
  ike.local_id = ike.remote_id = "%any";
  EXPECT_EQ(listing("list-sas_connecting"), (Listing{ike, {}}));
}

TEST(ViciGolden, AnInstalledChildIsListedUnderItsIkeSa) {
  Listing listed = listing("list-sas_up");
  EXPECT_LT(kNow - listed.children.at(0).installed, std::chrono::minutes{1});
  listed.children.at(0).installed = kNow;
  EXPECT_EQ(listed, (Listing{hq_ike(), {hq_child()}}));
}

TEST(ViciGolden, ARekeyedChildStaysListedAsDeleted) {
  std::vector<std::pair<std::uint32_t, model::ChildState>> states;
  for (const auto& child : listing("list-sas_after-child-rekey").children) states.emplace_back(child.id, child.state);
  EXPECT_EQ(states, (decltype(states){{1, model::ChildState::deleted}, {2, model::ChildState::installed}}));
}

TEST(ViciGolden, ChildRekeyCarriesBothChildren) {
  const auto event = std::get<ChildRekeyed>(events("events_child-rekey_initiator").at(0));
  model::ChildSa before = hq_child();
  before.state = model::ChildState::rekeyed;
  before.installed = event.before.installed;
  model::ChildSa after = hq_child();
  after.id = 2;
  after.spi_in = 0xc9663eed;
  after.spi_out = 0xcee6af94;
  after.algorithms.dh_group = "CURVE_25519";
  EXPECT_EQ(event, (ChildRekeyed{hq_ike(), before, after}));
}

TEST(ViciGolden, TheResponderOfARekeyTellsTheSameIds) {
  const auto event = std::get<ChildRekeyed>(events("events_child-rekey_responder").at(0));
  EXPECT_EQ(std::pair(event.before.id, event.after.id), std::pair(1U, 2U));
}

TEST(ViciGolden, IkeRekeyCarriesBothIkeSas) {
  model::IkeSa before = hq_ike();
  before.state = model::IkeState::rekeying;
  model::IkeSa after = hq_ike();
  after.id = 3;
  EXPECT_EQ(events("events_ike-rekey_initiator"), (std::vector<SaEvent>{IkeRekeyed{before, after}}));
}

TEST(ViciGolden, ComingUpIsToldForTheIkeSaThenForTheChild) {
  const auto told = events("events_up_initiator");
  EXPECT_EQ(told.at(0), SaEvent(IkeUpdown{true, hq_ike()}));
  model::ChildSa child = hq_child();
  child.installed = std::get<ChildUpdown>(told.at(1)).listing.children.at(0).installed;
  EXPECT_EQ(told.at(1), SaEvent(ChildUpdown{true, {hq_ike(), {child}}}));
}

TEST(ViciGolden, GoingDownIsToldForTheIkeSaThenForTheChild) {
  const auto told = events("events_down_initiator");
  EXPECT_EQ((std::pair{std::get<IkeUpdown>(told.at(0)).up, std::get<IkeUpdown>(told.at(0)).ike.id}), (std::pair{false, 3U}));
  EXPECT_EQ((std::pair{std::get<ChildUpdown>(told.at(1)).up, std::get<ChildUpdown>(told.at(1)).listing.children.at(0).id}),
            (std::pair{false, 2U}));
}

TEST(ViciGolden, AMovedIkeSaHasItsNewEndpoints) {
  const auto moved = std::get<IkeMoved>(events("events_move_initiator").back());
  EXPECT_EQ(moved.ike.local, address("192.0.2.3"));
  EXPECT_EQ(moved.ike.local_port, 4500);
}

TEST(ViciGolden, AnIkeSaWithoutAConnectionYetIsNoEvent) {
  EXPECT_EQ(read_golden("events_up_mobike_responder").at(0).name, "ike-update");
  EXPECT_TRUE(std::holds_alternative<IkeUpdown>(events("events_up_mobike_responder").at(0)));
}

// strongSwan 6.0.1, which tells of a rekey while the old CHILD_SA is called REKEYING, not REKEYED.
model::IkeSa ike_of_6(std::uint32_t id) {
  model::IkeSa ike = hq_ike();
  ike.id = id;
  ike.local = address("198.51.100.1");
  ike.remote = address("192.0.2.1");
  ike.local_id = "branch";
  ike.remote_id = "hq";
  return ike;
}

model::ChildSa child_of_6(const model::ChildSa& from) {  // the time of its installation is that of the capture
  model::ChildSa child = hq_child();
  child.ike_id = 1;
  child.spi_in = 0xce663a02;
  child.spi_out = 0xcb21d767;
  child.installed = from.installed;
  return child;
}

model::ChildSa rekeyed_of_6(const model::ChildSa& from) {
  model::ChildSa child = child_of_6(from);
  child.id = 2;
  child.spi_in = 0xc97138a4;
  child.spi_out = 0xcaeae604;
  child.algorithms.dh_group = "CURVE_25519";
  return child;
}

TEST(ViciGolden, Charon6TellsItsVersionAndItsStart) {
  EXPECT_EQ(answer("version_6.0.1")->text("version"), "6.0.1");
  const Message stats = answer("stats_6.0.1").value();
  EXPECT_EQ(stats.find_section("uptime")->text("since"), "Nov 27 20:35:18 2026");
  EXPECT_EQ(stats.find_section("ikesas")->number("total"), 1U);
}

TEST(ViciGolden, Charon6ListsConnectionsAsEvents) {
  const Packet listed = read_golden("list-conns_6.0.1").at(0);
  EXPECT_EQ(listed.name, "list-conn");
  const Message* connection = listed.message.find_section("hq");
  ASSERT_NE(connection, nullptr);
  EXPECT_EQ(connection->list("remote_addrs"), Message::List{"192.0.2.1"});
  EXPECT_EQ(connection->find_section("children")->find_section("hq")->list("local-ts"), (Message::List{"0.0.0.0/0", "::/0"}));
}

TEST(ViciGolden, Charon6ListsAnInstalledChildUnderItsIkeSa) {
  const Listing listed = listing("list-sas_up_6.0.1");
  EXPECT_LT(kNow - listed.children.at(0).installed, std::chrono::minutes{1});
  EXPECT_EQ(listed, (Listing{ike_of_6(1), {child_of_6(listed.children.at(0))}}));
}

TEST(ViciGolden, Charon6KeepsTheIdOfAChildWhoseIkeSaIsRekeyed) {
  const Listing listed = listing("list-sas_after-ike-rekey_6.0.1");
  model::ChildSa child = rekeyed_of_6(listed.children.at(0));
  child.ike_id = 2;
  EXPECT_EQ(listed, (Listing{ike_of_6(2), {child}}));
}

TEST(ViciGolden, Charon6TellsComingUpForTheIkeSaThenForTheChild) {
  const auto told = events("events_up_initiator_6.0.1");
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told.at(0), SaEvent(IkeUpdown{true, ike_of_6(1)}));
  const auto& child = std::get<ChildUpdown>(told.at(1)).listing.children.at(0);
  EXPECT_EQ(told.at(1), SaEvent(ChildUpdown{true, {ike_of_6(1), {child_of_6(child)}}}));
}

TEST(ViciGolden, Charon6TellsAChildRekeyWithTheOldOneStillRekeying) {
  const auto event = std::get<ChildRekeyed>(events("events_child-rekey_initiator_6.0.1").at(0));
  model::ChildSa before = child_of_6(event.before);
  before.state = model::ChildState::rekeying;
  EXPECT_EQ(event, (ChildRekeyed{ike_of_6(1), before, rekeyed_of_6(event.after)}));
}

TEST(ViciGolden, Charon6TellsAnIkeRekeyWithBothIkeSas) {
  model::IkeSa before = ike_of_6(1);
  before.state = model::IkeState::rekeying;
  EXPECT_EQ(events("events_ike-rekey_initiator_6.0.1"), (std::vector<SaEvent>{IkeRekeyed{before, ike_of_6(2)}}));
}

TEST(ViciGolden, TheResponderOfARekeyByCharon6TellsTheSameIds) {
  const auto child = std::get<ChildRekeyed>(events("events_child-rekey_responder_6.0.1").at(0));
  EXPECT_EQ(std::pair(child.before.id, child.after.id), std::pair(1U, 2U));
  const auto ike = std::get<IkeRekeyed>(events("events_ike-rekey_responder_6.0.1").at(0));
  EXPECT_EQ(std::pair(ike.before.id, ike.after.id), std::pair(1U, 2U));
}

TEST(ViciGolden, Charon6TellsGoingDownForTheIkeSaThenForTheChild) {
  const auto told = events("events_down_initiator_6.0.1");
  EXPECT_EQ((std::pair{std::get<IkeUpdown>(told.at(0)).up, std::get<IkeUpdown>(told.at(0)).ike.id}), (std::pair{false, 2U}));
  EXPECT_EQ((std::pair{std::get<ChildUpdown>(told.at(1)).up, std::get<ChildUpdown>(told.at(1)).listing.children.at(0).id}),
            (std::pair{false, 2U}));
}

}  // namespace
}  // namespace vtid::vici
