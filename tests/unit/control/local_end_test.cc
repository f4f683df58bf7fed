// What is shown of a tunnel that begins at a gateway: where that is now, and a peer's side that does not depend on it.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "control/dispatch.h"
#include "support/site.h"

namespace vtid::control {
namespace {

using testing::HasSubstr;
using ShownJson = nlohmann::ordered_json;

// Of the site's first tunnel.
model::Snapshot site_with_end(const model::LocalEnd& end, model::Start start = model::Start::start) {
  model::Snapshot snapshot = test::snapshot();
  model::Config config = test::config();
  auto& ike = std::get<model::Ike>(config.tunnels[0].ike);
  ike.local = {model::AnyAddress{}, "branch"};
  ike.local.gateway = "UPLINKS";
  config.tunnels[0].start = start;
  snapshot.config = std::make_shared<const model::Config>(config);
  snapshot.local_ends["hq"] = end;
  return snapshot;
}

ShownJson shown(const std::string& method, const ShownJson& params, const model::Snapshot& snapshot) {
  const std::string line = ShownJson{{"jsonrpc", "2.0"}, {"id", 7}, {"method", method}, {"params", params}}.dump();
  Action action = dispatch(line, Access::full, snapshot);
  const auto* say = std::get_if<Respond>(&action);
  return ShownJson::parse(say != nullptr ? say->line : std::get<Execute>(action).reply(model::Answer{}, snapshot))["result"];
}

std::string our_end(const model::LocalEnd& end) {
  for (const ShownJson& step : shown("explain", {{"name", "hq"}}, site_with_end(end))) {
    if (step["what"] == "our end") return step["state"].get<std::string>() + ": " + step["text"].get<std::string>();
  }
  return "";
}

model::LocalEnd by_second() {
  model::LocalEnd end;
  end.address = test::address("192.0.2.1");
  end.device = test::device("eth1");
  end.reason = "WAN2_GW carries UPLINKS: WAN_GW is down";
  return end;
}

TEST(LocalEndShown, IsExplainedWithItsReason) {
  EXPECT_EQ(our_end(by_second()), "known: 192.0.2.1 on eth1: WAN2_GW carries UPLINKS: WAN_GW is down");
  model::LocalEnd nowhere;
  nowhere.reason = "nobody carries UPLINKS";
  EXPECT_EQ(our_end(nowhere), "unknown: nobody carries UPLINKS");
  EXPECT_THAT(shown("explain", {{"name", "hq"}}, site_with_end(by_second())).dump(),
              HasSubstr("IKEv2 the address towards UPLINKS to"));
}

// A peer that waits for us takes us from wherever we are; one that has to call needs to know where we are now.
TEST(LocalEndShown, IsNoPartOfWhatThePeerIsGivenUnlessItCalls) {
  const auto exported = [](const model::Snapshot& snapshot) {
    return shown("export", {{"name", "hq"}, {"as", "swanctl"}}, snapshot).dump();
  };
  EXPECT_THAT(exported(site_with_end(by_second())), testing::Not(HasSubstr("remote_addrs")));
  EXPECT_THAT(exported(site_with_end(by_second(), model::Start::none)), HasSubstr("remote_addrs = 192.0.2.1"));
}

// Of the site's first tunnel.
model::Snapshot site_with_several(std::vector<net::Address> called) {
  model::Snapshot snapshot = test::snapshot();
  model::Config config = test::config();
  std::get<model::Ike>(config.tunnels[0].ike).remote.address =
      model::SeveralAddresses{{model::HostName{"vpn.example.org"}, test::address("198.51.100.1")}};
  snapshot.config = std::make_shared<const model::Config>(config);
  snapshot.host_names["vpn.example.org"].failure = "Host not found";
  snapshot.called_peers["hq"] = std::move(called);
  return snapshot;
}

TEST(SeveralAddressesShown, AreExplainedWithTheirNames) {
  const auto steps = shown("explain", {{"name", "hq"}}, site_with_several({test::address("198.51.100.1")}));
  std::vector<std::string> told;
  for (const ShownJson& step : steps) {
    if (step["what"] == "peer" || step["what"] == "host name")
      told.push_back(step["state"].get<std::string>() + ": " + step["text"].get<std::string>());
  }
  EXPECT_THAT(told, testing::ElementsAre("failed: vpn.example.org: no address yet; the latest look-up: Host not found",
                                         "known: called in this order: 198.51.100.1"));
}

TEST(SeveralAddressesShown, AreListedInTheOrderOfCalling) {
  const auto listed =
      shown("list", {{"kind", "tunnels"}}, site_with_several({test::address("198.51.100.7"), test::address("198.51.100.1")}));
  EXPECT_EQ(listed[0]["peer_addresses"], (ShownJson{"198.51.100.7", "198.51.100.1"}));
  EXPECT_EQ(listed[0]["host_name"], ShownJson());
}

// The other end has one address: the one where it is.
TEST(SeveralAddressesShown, ThePeerIsGivenTheOneWhereItIs) {
  model::Snapshot snapshot = site_with_several({});
  snapshot.tunnels[0].remote = "198.51.100.1";
  const auto exported = shown("export", {{"name", "hq"}, {"as", "swanctl"}}, snapshot).dump();
  EXPECT_THAT(exported, HasSubstr("local_addrs = 198.51.100.1"));
}

}  // namespace
}  // namespace vtid::control
