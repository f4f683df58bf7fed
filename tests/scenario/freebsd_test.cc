// What is FreeBSD's alone, but for the filter.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/world_fake_freebsd.h"
#include "scenario/stage.h"

namespace vtid::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class FreebsdScenario : public testing::Test {
 protected:
  void start() {
    stage.start_vtid();
    stage.run(Duration{2'000});
  }
  // The one tunnel's file with `member` in its first child.
  static std::string with_child_member(const std::string& member) {
    std::string text = one_tunnel_file();
    return text.insert(text.find("\"v4\": { ") + 8, member + ", ");
  }
  [[nodiscard]] std::string policies_of(const std::string& child) const {
    return std::string(stage.charon.connections.at("hq").find_section("children")->find_section(child)->text("policies"));
  }
  [[nodiscard]] std::string problems() {
    std::string text;
    for (const model::Problem& problem : stage.snapshot()->problems) {
      text += std::string(print(problem.severity)) + ' ' + problem.object + ": " + problem.text + "; " + problem.remedy + '\n';
    }
    return text;
  }

  Stage stage;
  platform::freebsd::FakeFreebsd& fake = contract::fake_under(stage.kernel.as<platform::Kernel>());
};

TEST_F(FreebsdScenario, CharonIsToldToMakeNoPoliciesForTheTunnelInterface) {
  start();
  EXPECT_EQ(policies_of("hq"), "no");
  EXPECT_EQ(stage.state(), model::TunnelState::up);
  EXPECT_THAT(problems(), Not(HasSubstr("policies")));
}

TEST_F(FreebsdScenario, NorWhenTheFileSaysThatCharonMakesThem) {
  stage.file = with_child_member(R"("policies": "charon")");
  start();
  EXPECT_EQ(policies_of("hq"), "no");
  EXPECT_THAT(problems(), HasSubstr("caveat tunnels/hq/children/v4/policies: is not followed"));
}

// The interface of the one tunnel's file in that FIB.
std::string in_fib(int fib) {
  std::string text = one_tunnel_file();
  constexpr std::string_view kInterface = R"("tunnel": "hq")";
  return text.insert(text.find(kInterface) + kInterface.size(), ", \"fib\": " + std::to_string(fib));
}

TEST_F(FreebsdScenario, ARunningInterfaceGetsAnotherFibWithAllThatStandsOnIt) {
  start();
  const net::IfIndex index = stage.link()->index;
  for (const int fib : {2, 1, 0}) {
    stage.file = in_fib(fib);
    (void)stage.command(model::Reload{});
    stage.settle();
    EXPECT_TRUE(stage.snapshot()->converged) << problems();
    EXPECT_EQ(stage.link()->fib, static_cast<std::uint32_t>(fib));
    EXPECT_EQ(stage.link()->index, index);
    ASSERT_EQ(stage.kernel.seen().routes.size(), 1U);
    EXPECT_EQ(stage.kernel.seen().routes[0].route.table, net::table_of_fib(static_cast<std::uint32_t>(fib)));
    const std::size_t writes = fake.writes();
    stage.run(Duration{200'000});
    EXPECT_EQ(fake.writes(), writes);
  }
}

TEST_F(FreebsdScenario, TheOutsideHasAFibOfItsOwn) {
  start();
  constexpr std::string_view kLocal = R"("local": { "address": "192.0.2.1")";
  ASSERT_NE(stage.file.find(kLocal), std::string::npos);
  stage.file.insert(stage.file.find(kLocal) + kLocal.size(), R"(, "fib": 1)");
  (void)stage.command(model::Reload{});
  stage.settle();
  EXPECT_EQ(stage.link()->outer_fib, 1U);
  EXPECT_EQ(stage.link()->fib, 0U);
  EXPECT_TRUE(stage.snapshot()->converged) << problems();
  EXPECT_EQ(stage.state(), model::TunnelState::up);
}

TEST_F(FreebsdScenario, AnInterfaceThatSomebodyPutIntoAnotherFibComesBack) {
  start();
  fake.set_fib("ipsec1", 1);
  stage.settle();
  EXPECT_EQ(stage.link()->fib, 0U);
  EXPECT_EQ(stage.kernel.seen().routes.size(), 1U);
}

TEST_F(FreebsdScenario, AFibThatThereIsNotIsRefused) {
  start();
  stage.file = in_fib(3);
  EXPECT_THAT(stage.command(model::Reload{}), HasSubstr("there are 3 of them here (the sysctl net.fibs)"));
}

std::string null_sas() {
  std::string text = static_tunnel_file();
  for (auto at = text.find("aes128gcm16"); at != std::string::npos; at = text.find("aes128gcm16", at)) {
    text.replace(at, 11, "null-sha256");
  }
  for (const char digit : {'1', '2'}) text.replace(text.find(std::string(40, digit)), 40, std::string(64, digit));
  return text;
}

// The kernel wants a key of a cipher that has none, and lists it.
TEST_F(FreebsdScenario, SasThatEncryptNothingAreMadeOnceAndLeftAlone) {
  stage.file = null_sas();
  start();
  EXPECT_TRUE(stage.snapshot()->converged) << problems();
  EXPECT_EQ(stage.snapshot()->observed.sas.size(), 2U);
  EXPECT_EQ(stage.snapshot()->observed.sas[0].key.reveal().size(), 32U);
  const std::size_t writes = fake.writes();
  stage.run(Duration{200'000});
  EXPECT_EQ(fake.writes(), writes);
}

TEST_F(FreebsdScenario, AReloadThatNeedsWhatTheKernelHasLostIsRefusedByNameAndTheRunningOneStays) {
  start();
  stage.file = with_child_member(R"("description": "new")");
  stage.file.replace(stage.file.find("aes128gcm16-ecp256"), 18, "3des-sha1-modp2048");
  EXPECT_THAT(stage.command(model::Reload{}), HasSubstr("3des-sha1-modp2048 needs 3DES, which this system's kernel"));
  EXPECT_EQ(stage.snapshot()->generation, 1U);
  EXPECT_EQ(stage.state(), model::TunnelState::up);
}

TEST_F(FreebsdScenario, OlderReleasesStillHaveIt) {
  fake.set_release(1'204'000);
  stage.file.replace(stage.file.find("aes128gcm16-ecp256"), 18, "3des-sha1-modp2048");
  start();
  EXPECT_EQ(stage.state(), model::TunnelState::up);
}

model::Route rival() {
  return {prefix("10.20.0.0/16"), {}, net::kMainTable, model::ViaGateway{device("wan"), address("192.0.2.254")}};
}

// Since FreeBSD 13 the kernel takes a second route to one network, and shares the flows.
TEST_F(FreebsdScenario, ASecondRouteOfOthersIsToldAndNeitherIsTouched) {
  start();
  stage.kernel.world().add_route(rival());
  stage.run(Duration{61'000});
  EXPECT_THAT(problems(), HasSubstr("error routes/0: somebody else has a route to 10.20.0.0/16 too, by 192.0.2.254: the kernel "
                                    "shares the flows between the two; route delete -net 10.20.0.0/16 192.0.2.254"));
  EXPECT_FALSE(stage.snapshot()->converged);
  EXPECT_EQ(stage.snapshot()->observed.routes.size(), 1U);
  EXPECT_EQ(stage.snapshot()->observed.rivals, std::vector{rival()});
  const std::size_t writes = fake.writes();
  stage.run(Duration{120'000});
  EXPECT_EQ(fake.writes(), writes);
}

TEST_F(FreebsdScenario, OursGoesFromBesideAnothersAndLeavesIt) {
  start();
  stage.kernel.world().add_route(rival());
  const auto at = stage.file.find("10.20.0.0/16");
  stage.file.replace(at, 12, "10.30.0.0/16");
  stage.command(model::Reload{});
  stage.run(Duration{61'000});
  EXPECT_TRUE(stage.snapshot()->converged) << problems();
  EXPECT_TRUE(stage.kernel.world().has_route(rival()));
}

TEST_F(FreebsdScenario, WhereAnothersWasFirstOursIsNotAdded) {
  stage.kernel.world().add_route(rival());
  start();
  EXPECT_THAT(problems(), HasSubstr("netstat -rn -f inet shows it; route delete -net 10.20.0.0/16 192.0.2.254"));
  EXPECT_TRUE(stage.snapshot()->observed.routes.empty());
  EXPECT_TRUE(stage.kernel.world().has_route(rival()));
}

}  // namespace
}  // namespace vtid::test
