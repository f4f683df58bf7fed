#include "daemon/state_store.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "daemon/files.h"

namespace vtid::daemon {
namespace {

using namespace std::chrono_literals;

class State : public testing::Test {
 protected:
  ~State() override { std::filesystem::remove_all(folder); }
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / ("vtid-state-" + std::to_string(::getpid()));
};

const reconcile::Numbers kNumbers{{"hq", {1}}, {"branch", {32767}}};
const vici::Loaded kLoaded{"boot/100/4711", {{"hq", "digest"}, {"b", ""}}, {"hq"}, {"0a1b"}};

TEST_F(State, OutlivesTheDaemon) {
  {
    const auto store = open_state_directory(folder).value();
    ASSERT_TRUE(store->save_numbers(kNumbers).has_value() && store->save_loaded(kLoaded).has_value());
    ASSERT_TRUE(store->save_role(model::Role::standby).has_value());
  }
  const auto store = open_state_directory(folder).value();
  EXPECT_EQ(store->load_numbers(), kNumbers);
  EXPECT_EQ(store->load_loaded(), kLoaded);
  EXPECT_EQ(store->load_role(), model::Role::standby);
}

TEST_F(State, KnowsNoCharonFromTheFileOfVersion010) {
  const auto store = open_state_directory(folder).value();
  ASSERT_TRUE(write_text(folder / "charon.json",
                         R"({"boot": "Nov 24 06:00:00 2026", "connections": {"hq": "digest"}, "secrets": ["hq"]})")
                  .has_value());
  EXPECT_EQ(store->load_loaded(), (vici::Loaded{"", {{"hq", "digest"}}, {"hq"}}));
}

TEST_F(State, RemembersGateways) {
  const monitor::Memories memories{
      {"A", {*net::parse_address("10.6.106.2"), model::GatewayState::down, WallTime{1000h}, true, false, {WallTime{999h}}}},
      {"B", {*net::parse_address("fd00:6::2"), model::GatewayState::pending, WallTime{}, false, true, {}}}};
  ASSERT_TRUE(open_state_directory(folder).value()->save_gateways(memories).has_value());
  EXPECT_EQ(open_state_directory(folder).value()->load_gateways(), memories);
}

TEST_F(State, GuessesNothingAboutGateways) {
  const auto store = open_state_directory(folder).value();
  for (const char* text :
       {"{", R"({"gateways":{"A":{}}})",
        R"({"gateways":{"A":{"address":"10.1.1.1","state":"odd","since":0,"has_worked":true,"slow":false,"falls":[]}}})"}) {
    ASSERT_TRUE(write_text(folder / "gateways.json", text).has_value());
    EXPECT_FALSE(store->load_gateways().has_value()) << text;
  }
}

TEST_F(State, IsEmptyAtFirst) { EXPECT_EQ(open_state_directory(folder).value()->load_numbers(), reconcile::Numbers{}); }
TEST_F(State, IsActiveAtFirst) { EXPECT_EQ(open_state_directory(folder).value()->load_role(), model::Role::active); }
TEST_F(State, GuessesNoRole) {
  const auto store = open_state_directory(folder).value();
  ASSERT_TRUE(write_text(folder / "role.json", R"({"role":"spectator"})").has_value());
  EXPECT_EQ(store->load_role().error().remedy, "remove it, and tell this node its role");
}

TEST_F(State, BelongsToOneDaemon) {
  const auto first = open_state_directory(folder).value();
  EXPECT_EQ(open_state_directory(folder).error().text,
            "another vtid (pid " + std::to_string(::getpid()) + ") uses " + folder.string());
}

TEST_F(State, CanBeReadWhileADaemonHoldsIt) {
  const auto first = open_state_directory(folder).value();
  ASSERT_TRUE(first->save_numbers(kNumbers).has_value());
  EXPECT_EQ(peek_state_directory(folder).value()->load_numbers(), kNumbers);
}

class Damaged : public State, public testing::WithParamInterface<const char*> {};
TEST_P(Damaged, IsAnErrorAndNotAnEmptyState) {
  const auto store = open_state_directory(folder).value();
  ASSERT_TRUE(write_text(folder / "units.json", GetParam()).has_value());
  EXPECT_FALSE(store->load_numbers().has_value());
}
INSTANTIATE_TEST_SUITE_P(States, Damaged,
                         testing::Values("", "{", "[]", "{}", R"({"units":{"hq":0}})", R"({"units":{"hq":32768}})",
                                         R"({"units":{"hq":"1"}})"));

}  // namespace
}  // namespace vtid::daemon
