#include "daemon/state_store.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>

#include "daemon/state_text.h"
#include "unit/daemon/folder.h"

namespace vtid::daemon {
namespace {

using namespace std::chrono_literals;

const reconcile::Numbers kNumbers{{"hq", {1}}, {"branch", {32767}}};
const vici::Loaded kLoaded{"boot/100/4711", {{"hq", "digest"}, {"b", ""}},  {"hq"},
                           {"0a1b"},        {{7, "before"}, {9, "before"}}, {"vtid-0a"}};
const monitor::Memories kMemories{
    {"A", {*net::parse_address("10.6.106.2"), model::GatewayState::down, WallTime{1000h}, true, false, {WallTime{999h}}}},
    {"B", {*net::parse_address("fd00:6::2"), model::GatewayState::pending, WallTime{}, false, true, {}}}};

class State : public testing::Test {
 protected:
  [[nodiscard]] std::unique_ptr<StateStore> open() const { return open_state_directory(folder.path()).value(); }
  [[nodiscard]] std::string refusal() const {
    const auto store = open_state_directory(folder.path());
    return store ? "" : store.error().text + "; " + store.error().remedy;
  }
  // One byte in the middle of a file says something else.
  void damage(const std::string& name) const {
    std::string text = folder.text(name);
    text.at(text.size() / 2) = '\0';
    folder.write(name, text);
  }
  const test::TestFolder folder;
};

std::string problems(const StateStore& store) {
  std::string text;
  for (const model::Problem& problem : store.problems()) text += problem.text + "; " + problem.remedy + "\n";
  return text;
}

TEST_F(State, OutlivesTheDaemon) {
  {
    const auto store = open();
    ASSERT_TRUE(store->save_numbers(kNumbers).has_value() && store->save_loaded(kLoaded).has_value());
    ASSERT_TRUE(store->save_role(model::Role::standby).has_value() && store->save_gateways(kMemories).has_value());
  }
  const auto store = open();
  EXPECT_EQ(store->load_numbers(), kNumbers);
  EXPECT_EQ(store->load_loaded(), kLoaded);
  EXPECT_EQ(store->load_role(), model::Role::standby);
  EXPECT_EQ(store->load_gateways(), kMemories);
}

TEST_F(State, IsEmptyAtFirst) { EXPECT_EQ(open()->load_numbers(), reconcile::Numbers{}); }
TEST_F(State, IsActiveAtFirst) { EXPECT_EQ(open()->load_role(), model::Role::active); }

TEST_F(State, KnowsNoCharonFromTheFileOfVersion010) {
  folder.write("charon.json", R"({"boot": "Nov 24 06:00:00 2026", "connections": {"hq": "digest"}, "secrets": ["hq"]})");
  EXPECT_EQ(open()->load_loaded(), (vici::Loaded{"", {{"hq", "digest"}}, {"hq"}}));
}

TEST_F(State, IsTheSameInMemory) {
  const auto store = make_memory_store();
  ASSERT_TRUE(store->save_loaded({"boot", {{"not \xff UTF-8", ""}}, {}, {}}).has_value());
  EXPECT_EQ(store->load_loaded(), (vici::Loaded{"boot", {{"not \xef\xbf\xbd UTF-8", ""}}, {}, {}}));
}

TEST_F(State, BelongsToOneDaemon) {
  const auto first = open();
  EXPECT_EQ(open_state_directory(folder.path()).error().text,
            "another vtid (pid " + std::to_string(::getpid()) + ") uses " + folder.path().string());
}

TEST_F(State, CanBeReadWhileADaemonHoldsIt) {
  const auto first = open();
  ASSERT_TRUE(first->save_numbers(kNumbers).has_value());
  EXPECT_EQ(peek_state_directory(folder.path()).value()->load_numbers(), kNumbers);
}

TEST_F(State, NeedNotBeThereToBePeekedAt) {
  EXPECT_EQ(peek_state_directory(folder.path() / "none").value()->load_numbers(), reconcile::Numbers{});
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "none"));
}

// ---- the folder --------------------------------------------------------------------------------------------------------

TEST_F(State, MakesItsFolderClosed) {
  ASSERT_TRUE(open_state_directory(folder.path() / "a" / "b").has_value());
  EXPECT_EQ(folder.mode("a/b"), 0700U);
}

TEST_F(State, LeavesTheModeOfAFolderThatWasThere) {
  ::chmod(folder.path().c_str(), 0755);
  (void)open();
  EXPECT_EQ(folder.mode(""), 0755U);
}

TEST_F(State, IsNotKeptWhereOthersWrite) {
  ::chmod(folder.path().c_str(), 01777);
  EXPECT_EQ(refusal(), folder.path().string() + " can be written by others (mode 1777); chmod go-w " + folder.path().string());
}

TEST_F(State, IsNotKeptInAnothersFolder) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a folder away";
  ASSERT_EQ(::chown(folder.path().c_str(), 65'533, 0), 0);
  EXPECT_EQ(refusal(), folder.path().string() + " belongs to another user (uid 65533), who may write it; chown root " +
                           folder.path().string());
}

TEST_F(State, FollowsNoLinkOfAnother) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a link away";
  const test::TestFolder real;
  ASSERT_EQ(::symlink(real.path().c_str(), folder.at("link").c_str()), 0);
  EXPECT_TRUE(open_state_directory(folder.path() / "link").has_value());
  ASSERT_EQ(::lchown(folder.at("link").c_str(), 65'533, 0), 0);
  EXPECT_EQ(open_state_directory(folder.path() / "link").error().text,
            folder.at("link") + " is a symbolic link of another user (uid 65533)");
}

TEST_F(State, LocksNoFileBehindALink) {
  const test::TestFolder other;
  ASSERT_EQ(::symlink(other.at("made").c_str(), folder.at("lock").c_str()), 0);
  EXPECT_EQ(refusal(), "cannot open " + folder.at("lock") + ": Too many levels of symbolic links; ");
  EXPECT_FALSE(std::filesystem::exists(other.at("made")));
}

TEST_F(State, ReadsNoFileBehindALink) {
  const test::TestFolder other;
  other.write("real", print_state(kNumbers));
  ASSERT_EQ(::symlink(other.at("real").c_str(), folder.at("units.json").c_str()), 0);
  EXPECT_EQ(open()->load_numbers().error().text, folder.at("units.json") + " is a symbolic link");
}

TEST_F(State, NeitherWaitsForAFifoNorTakesAFolder) {
  ASSERT_EQ(::mkfifo(folder.at("units.json").c_str(), 0600), 0);
  ASSERT_EQ(::mkdir(folder.at("role.json").c_str(), 0700), 0);
  EXPECT_EQ(open()->load_numbers().error().text, folder.at("units.json") + " is not a regular file");
  EXPECT_EQ(open()->load_role().error().text, folder.at("role.json") + " is not a regular file");
}

TEST_F(State, WritesThroughNoLinkThatWasLeft) {
  const test::TestFolder other;
  other.write("victim", "whole");
  for (const char* name : {"role.json.new", "role.json"})
    ASSERT_EQ(::symlink(other.at("victim").c_str(), folder.at(name).c_str()), 0);
  ASSERT_TRUE(open()->save_role(model::Role::standby).has_value());
  EXPECT_EQ(other.text("victim"), "whole");
  EXPECT_EQ(open()->load_role(), model::Role::standby);
}

TEST_F(State, ReplacesWhatACrashLeft) {
  folder.write("role.json.new", "{ \"role\"", 0444);
  ASSERT_TRUE(open()->save_role(model::Role::standby).has_value());
  EXPECT_EQ(open()->load_role(), model::Role::standby);
  EXPECT_EQ(folder.mode("role.json"), 0600U);
  EXPECT_FALSE(std::filesystem::exists(folder.at("role.json.new")));
}

// ---- damage ------------------------------------------------------------------------------------------------------------

TEST_F(State, OfUnitsIsTakenFromItsCopy) {
  ASSERT_TRUE(open()->save_numbers(kNumbers).has_value());
  damage("units.json");
  const auto store = open();
  EXPECT_EQ(store->load_numbers(), kNumbers);
  EXPECT_EQ(problems(*store), folder.at("units.json") + " is damaged: not JSON, from byte 25; its copy serves; it is kept as " +
                                  folder.at("units.json") + ".damaged; is the disk sound?\n");
  EXPECT_EQ(folder.text("units.json"), print_state(kNumbers));
}

TEST_F(State, OfUnitsThatIsLostTwiceIsAnError) {
  ASSERT_TRUE(open()->save_numbers(kNumbers).has_value());
  damage("units.json");
  damage("units.json.copy");
  EXPECT_EQ(open()->load_numbers().error().remedy,
            "restore it from a backup; without it tunnels without a pinned \"unit\" may get other devices");
}

TEST_F(State, OfUnitsIsLeftAsItIsByAPeek) {
  ASSERT_TRUE(open()->save_numbers(kNumbers).has_value());
  damage("units.json");
  const std::string before = folder.text("units.json");
  EXPECT_EQ(peek_state_directory(folder.path()).value()->load_numbers(), kNumbers);
  EXPECT_EQ(folder.text("units.json"), before);
}

TEST_F(State, OfCharonIsTakenFromItsCopy) {
  ASSERT_TRUE(open()->save_loaded(kLoaded).has_value());
  damage("charon.json");
  EXPECT_EQ(open()->load_loaded(), kLoaded);
}

TEST_F(State, OfCharonThatIsLostIsFoundOutAgain) {
  ASSERT_TRUE(open()->save_loaded(kLoaded).has_value());
  damage("charon.json");
  damage("charon.json.copy");
  const auto store = open();
  EXPECT_EQ(store->load_loaded(), vici::Loaded{});
  EXPECT_EQ(store->problems().size(), 1U);
  EXPECT_TRUE(std::filesystem::exists(folder.at("charon.json.damaged")));
  ASSERT_TRUE(store->save_loaded(kLoaded).has_value());
  EXPECT_EQ(problems(*store), "");
}

TEST_F(State, OfGatewaysThatIsDamagedIsForgotten) {
  for (const char* text :
       {"{", R"({"gateways":{"A":{}}})",
        R"({"gateways":{"A":{"address":"10.1.1.1","state":"odd","since":0,"has_worked":true,"slow":false,"falls":[]}}})",
        R"({"gateways":{"A":{"address":"10.1.1.1","state":"down","since":1e30,"has_worked":true,"slow":false,"falls":[]}}})"}) {
    const auto store = open();
    folder.write("gateways.json", text);
    EXPECT_EQ(store->load_gateways(), monitor::Memories{}) << text;
    EXPECT_EQ(store->problems().size(), 1U) << text;
  }
}

TEST_F(State, WithADamagedRoleStandsByUntilItIsTold) {
  folder.write("role.json", R"({"role":"spectator"})");
  EXPECT_EQ(open()->load_role(), model::Role::standby);
  const auto store = open();  // again: nothing was made of it
  EXPECT_EQ(store->load_role(), model::Role::standby);
  EXPECT_EQ(store->problems().at(0).severity, model::Severity::error);
  EXPECT_EQ(store->problems().at(0).remedy, "vtictl role active, or vtictl role standby");
  ASSERT_TRUE(store->save_role(model::Role::active).has_value());
  EXPECT_EQ(problems(*store), "");
}

class Damaged : public State, public testing::WithParamInterface<const char*> {};
TEST_P(Damaged, IsAnErrorAndNotAnEmptyState) {
  const auto store = open();
  folder.write("units.json", GetParam());
  EXPECT_FALSE(store->load_numbers().has_value());
}
INSTANTIATE_TEST_SUITE_P(States, Damaged,
                         testing::Values("", "{", "[]", "{}", R"({"units":{"hq":0}})", R"({"units":{"hq":32768}})",
                                         R"({"units":{"hq":4294967297}})", R"({"units":{"hq":1.5}})", R"({"units":{"hq":"1"}})",
                                         R"({"units":[1]})"));

// ---- a disk that takes nothing -----------------------------------------------------------------------------------------

// Files of this process may not grow, as on a full disk.
class FullDisk {
 public:
  FullDisk() : before_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &limit_);
    const rlimit none{0, limit_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &none);
  }
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &limit_);
    std::signal(SIGXFSZ, before_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit limit_{};
  void (*before_)(int);
};

TEST_F(State, OnAFullDiskStaysAsItWas) {
  const auto store = open();
  ASSERT_TRUE(store->save_role(model::Role::standby).has_value());
  {
    const FullDisk disk;
    EXPECT_FALSE(store->save_role(model::Role::active).has_value());
  }
  EXPECT_EQ(problems(*store), "cannot write " + folder.at("role.json.new") +
                                  ": File too large; it is tried again; is the state directory full or read-only?\n");
  EXPECT_EQ(store->load_role(), model::Role::standby);
  EXPECT_FALSE(std::filesystem::exists(folder.at("role.json.new")));
  ASSERT_TRUE(store->save_role(model::Role::active).has_value());
  EXPECT_EQ(problems(*store), "");
}

}  // namespace
}  // namespace vtid::daemon
