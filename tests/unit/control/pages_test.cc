#include "control/pages.h"

#include <gmock/gmock.h>

#include "support/site.h"

namespace vtid::control {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

PageRequest page_request(std::string_view target) { return {"GET", target, "127.0.0.1:9464", "*/*"}; }

PageAnswer answered(const PageRequest& request, const PageDoor& door = {false, "0123"},
                    const model::GatewayHistory& history = {}) {
  auto action = answer_page(request, door);
  if (auto* look = std::get_if<PageLook>(&action)) return look->render(test::snapshot(), history);
  if (auto* answer = std::get_if<PageAnswer>(&action)) return *answer;
  return {};
}

unsigned status_as(std::string_view host, bool any_host = false) {
  PageRequest request = page_request("/status.json");
  request.host = host;
  return answered(request, {any_host, ""}).status;
}

TEST(Pages, HaveMetricsInTheFormatThatIsAccepted) {
  PageRequest request = page_request("/metrics");
  EXPECT_THAT(std::string(answered(request).type), StartsWith("text/plain; version=0.0.4"));
  request.accept = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5";
  EXPECT_THAT(std::string(answered(request).type), StartsWith("application/openmetrics-text; version=1.0.0"));
  EXPECT_THAT(answered(request).body, EndsWith("# EOF\n"));
}
TEST(Pages, AskForCountersOfRulesOnlyForTheMetrics) {
  const auto rules = [](std::string_view target) {
    return std::get<model::Refresh>(std::get<PageLook>(answer_page(page_request(target), {})).command).rules;
  };
  EXPECT_TRUE(rules("/metrics"));
  EXPECT_FALSE(rules("/status.json"));
}
TEST(Pages, HaveTheStatus) { EXPECT_THAT(answered(page_request("/status.json?now")).body, StartsWith(R"({"version":)")); }
TEST(Pages, HaveEveryGatewayAlsoThoseOfNoTunnel) {
  EXPECT_THAT(answered(page_request("/gateways.json")).body,
              AllOf(StartsWith("["), HasSubstr(R"("name":"WAN_GW")"), HasSubstr(R"("name":"VTI_HQ_VTIV4")")));
}
TEST(Pages, ChangeNothing) {
  PageRequest request = page_request("/metrics");
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS"}) {
    request.method = method;
    EXPECT_EQ(answered(request).status, 405U);
  }
}
TEST(Pages, AreNotThereUnderOtherPaths) { EXPECT_EQ(answered(page_request("/../metrics")).status, 404U); }
TEST(Pages, AnswerOnlyUnderAnAddressOrAsLocalhost) {
  for (const char* host : {"127.0.0.1", "127.0.0.1:9464", "[::1]:9464", "[::1]", "localhost", "localhost:9464", ""})
    EXPECT_EQ(status_as(host), 200U) << host;
  for (const char* host :
       {"evil.example", "evil.example:9464", "localhost.evil.example", "127.0.0.1.evil.example", "[", "[]", ":"})
    EXPECT_EQ(status_as(host), 421U) << host;
  EXPECT_EQ(status_as("gateway.example", true), 200U);
}
TEST(Pages, RunNoScriptButTheirOwn) {
  const PageAnswer page = answered(page_request("/"));
  EXPECT_THAT(page.headers, AllOf(HasSubstr("default-src 'none'"), HasSubstr("script-src 'nonce-0123'"),
                                  HasSubstr("frame-ancestors 'none'"), Not(HasSubstr("unsafe"))));
  EXPECT_THAT(page.body,
              AllOf(HasSubstr(R"(<script nonce="0123">)"), HasSubstr(R"(<style nonce="0123">)"), Not(HasSubstr("{{"))));
}
TEST(Pages, NameNothingElsewhere) {
  EXPECT_THAT(answered(page_request("/")).body, AllOf(Not(HasSubstr("https:")), Not(HasSubstr("src="))));
}

model::Gateways gateways_with(double rtt_ms, int loss, model::GatewayState state = model::GatewayState::online) {
  return {{"GW", {.state = state, .rtt_ms = rtt_ms, .loss_percent = loss}}};
}
TEST(Pages, HaveTheLastHourOfTheGateways) {
  model::GatewayHistory history;
  history.add(gateways_with(1.5, 0));
  history.add(gateways_with(0, 0, model::GatewayState::pending));
  EXPECT_THAT(answered(page_request("/history.json"), {false, ""}, history).body,
              HasSubstr(R"("gateways":{"GW":{"rtt_ms":[1.5,null],"loss_percent":[0,null]}})"));
}
TEST(GatewayHistory, KeepsAnHourAndNoMore) {
  model::GatewayHistory history;
  for (std::size_t i = 0; i < model::kHistorySamples + 7; ++i) history.add(gateways_with(static_cast<double>(i), 0));
  const auto& samples = history.series().at("GW");
  EXPECT_EQ(samples.size(), model::kHistorySamples);
  EXPECT_EQ(samples.front()->rtt_ms, 7);
}
TEST(GatewayHistory, KeepsNoMoreGatewaysThanItsBound) {
  model::Gateways many;
  for (std::size_t i = 0; i < model::kMostHistories + 7; ++i) many[std::to_string(i)] = {};
  model::GatewayHistory history;
  history.add(many);
  EXPECT_EQ(history.series().size(), model::kMostHistories);
  history.add({});
  EXPECT_TRUE(history.series().empty());
}

TEST(Stream, HasAnEventAsWatchPrintsIt) {
  EXPECT_EQ(
      stream_event(7, {WallTime{}, "tunnel", "hq", "is up\nor not"}),
      "id: 7\ndata: {\"time\":\"1970-01-01T00:00:00Z\",\"kind\":\"tunnel\",\"object\":\"hq\",\"text\":\"is up\\nor not\"}\n\n");
}

}  // namespace
}  // namespace vtid::control
