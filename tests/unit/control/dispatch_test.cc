#include "control/dispatch.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "control/message.h"
#include "support/site.h"
#include "vtid/protocol.h"

namespace vtid::control {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::ordered_json;

std::string request(const std::string& method, const Json& params = Json::object()) {
  return Json{{"jsonrpc", "2.0"}, {"id", 7}, {"method", method}, {"params", params}}.dump();
}

std::string said(const std::string& line, Access access = Access::full) {
  const Action action = dispatch(line, access, test::snapshot());
  const auto* say = std::get_if<Respond>(&action);
  return say != nullptr ? say->line : "not an immediate answer";
}

Execute asked(const std::string& line, Access access = Access::full) {
  Action action = dispatch(line, access, test::snapshot());
  auto* ask = std::get_if<Execute>(&action);
  return ask != nullptr ? std::move(*ask) : Execute{};
}

std::string answered(const std::string& line, const model::CommandResult& result = model::Answer{}) {
  return asked(line).reply(result, test::snapshot());
}

int code_of(const std::string& line) {
  const Json message = Json::parse(line, nullptr, false);
  return message.is_object() && message.contains("error") ? message["error"]["code"].get<int>() : 0;
}

Json error_of(const std::string& line) { return Json::parse(line)["error"]; }
Json id_of(const std::string& line) { return Json::parse(line)["id"]; }

// ---- envelopes

TEST(Dispatch, AnswersWhatIsNotJsonWithAParseError) { EXPECT_EQ(code_of(said("{\"jsonrpc\":")), protocol::kParseError); }
TEST(Dispatch, AnswersBytesThatAreNotUtf8WithAParseError) {
  EXPECT_EQ(code_of(said("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\xfe\"}")), protocol::kParseError);
}
TEST(Dispatch, RefusesBatches) { EXPECT_EQ(code_of(said("[]")), protocol::kInvalidRequest); }
TEST(Dispatch, RefusesWhatIsNotAnObject) { EXPECT_EQ(code_of(said("42")), protocol::kInvalidRequest); }
TEST(Dispatch, RefusesAnotherVersionOfJsonRpc) {
  EXPECT_EQ(code_of(said(R"({"jsonrpc":"1.0","id":1,"method":"status"})")), protocol::kInvalidRequest);
}
TEST(Dispatch, RefusesARequestWithoutAMethod) {
  EXPECT_EQ(code_of(said(R"({"jsonrpc":"2.0","id":1})")), protocol::kInvalidRequest);
}
TEST(Dispatch, RefusesAnIdThatIsAnObject) {
  EXPECT_EQ(code_of(said(R"({"jsonrpc":"2.0","id":{},"method":"status"})")), protocol::kInvalidRequest);
}
class NestedAsDeepAsALineAllows : public ::testing::TestWithParam<std::string> {};
TEST_P(NestedAsDeepAsALineAllows, IsRefused) {
  const std::string deep = std::string(protocol::kMaxRequest / 2, '[') + std::string(protocol::kMaxRequest / 2, ']');
  std::string line = GetParam();
  line.replace(line.find('@'), 1, deep);
  EXPECT_EQ(code_of(said(line)), protocol::kInvalidRequest);
}
INSTANTIATE_TEST_SUITE_P(Places, NestedAsDeepAsALineAllows,
                         ::testing::Values(R"({"id":@,"a":1})", R"({"jsonrpc":"2.0","method":"status","id":@})",
                                           R"({"jsonrpc":"2.0","id":1,"method":@})", R"({"jsonrpc":"2.0","id":1,"params":@})",
                                           R"({"jsonrpc":"2.0","id":1,"method":"list","params":{"kind":@}})",
                                           R"({"jsonrpc":"2.0","id":1,"method":"status","other":@})", "@"));
TEST(Dispatch, RepeatsTheIdThatCameBeforeWhatIsTooDeep) {
  const std::string line = R"({"jsonrpc":"2.0","id":9,"method":"status","other":)" + std::string(100, '[');
  EXPECT_EQ(id_of(said(line)), Json(9));
}
TEST(Dispatch, RefusesMoreParametersThanAnyMethodHas) {
  std::string line = R"({"jsonrpc":"2.0","id":1,"method":"list","params":{)";
  for (int i = 0; i < 100'000; ++i) line += "\"k" + std::to_string(i) + "\":\"v\",";
  EXPECT_EQ(code_of(said(line + "\"kind\":\"sas\"}}")), protocol::kInvalidParams);
}
TEST(Dispatch, RefusesMoreMembersThanARequestMayHave) {
  std::string line = "{";
  for (int i = 0; i < 100'000; ++i) line += "\"k" + std::to_string(i) + "\":1,";
  EXPECT_EQ(code_of(said(line + R"("jsonrpc":"2.0","id":1,"method":"status"})")), protocol::kInvalidRequest);
}
TEST(Dispatch, RefusesMoreValuesThanARequestMayHave) {
  std::string line = R"({"jsonrpc":"2.0","id":1,"method":"status","other":[0)";
  for (int i = 0; i < 1'000; ++i) line += ",0";
  EXPECT_EQ(code_of(said(line + "]}")), protocol::kInvalidRequest);
}
TEST(Dispatch, IgnoresMembersThatJsonRpcDoesNotKnow) {
  EXPECT_TRUE(asked(R"({"jsonrpc":"2.0","id":1,"method":"status","trace":{"span":[1,2]}})").reply);
}
TEST(Dispatch, RefusesAMemberThatIsWrittenTwice) {
  EXPECT_EQ(code_of(said(R"({"jsonrpc":"2.0","id":1,"id":2,"method":"status"})")), protocol::kInvalidRequest);
}
TEST(Dispatch, RefusesAParameterThatIsGivenTwice) {
  EXPECT_EQ(code_of(said(R"({"jsonrpc":"2.0","id":1,"method":"list","params":{"kind":"sas","kind":"routes"}})")),
            protocol::kInvalidParams);
}
TEST(Dispatch, RefusesAParameterThatIsAnObject) {
  EXPECT_EQ(code_of(said(R"({"jsonrpc":"2.0","id":1,"method":"list","params":{"kind":{"a":"sas"}}})")),
            protocol::kInvalidParams);
}
TEST(Dispatch, RefusesAnIdLongerThanAnAnswerRepeats) {
  EXPECT_EQ(code_of(said(R"({"jsonrpc":"2.0","id":")" + std::string(kLongestId + 1, 'x') + R"(","method":"status"})")),
            protocol::kInvalidRequest);
}
TEST(Dispatch, RefusesAnythingLongButAPlanOfAnotherFile) {
  const std::string spaces(protocol::kMaxShortRequest, ' ');
  EXPECT_EQ(code_of(said(request("status") + spaces)), protocol::kInvalidRequest);
  EXPECT_EQ(code_of(said(request("plan") + spaces)), protocol::kInvalidRequest);
  EXPECT_TRUE(asked(request("plan", {{"text", spaces}, {"path", "/x"}})).reply);
}
TEST(Dispatch, RefusesPositionalParameters) {
  EXPECT_EQ(code_of(said(R"({"jsonrpc":"2.0","id":1,"method":"list","params":["tunnels"]})")), protocol::kInvalidParams);
}
TEST(Dispatch, SaysNothingToANotificationThatItCannotServe) { EXPECT_EQ(said(R"({"jsonrpc":"2.0","method":"nonsense"})"), ""); }
TEST(Dispatch, RepeatsTheIdOfTheRequest) {
  EXPECT_EQ(id_of(said(R"({"jsonrpc":"2.0","id":"a\u0000b","method":"nonsense"})")), Json(std::string("a\0b", 3)));
}
TEST(Dispatch, RepeatsANumberAsItWasWritten) {
  EXPECT_THAT(said(R"({"jsonrpc":"2.0","id":1.50e3,"method":"nonsense"})"), HasSubstr(R"("id":1.50e3,)"));
}
TEST(Dispatch, RepeatsANullId) { EXPECT_EQ(id_of(said(R"({"jsonrpc":"2.0","id":null,"method":"nonsense"})")), Json(nullptr)); }
TEST(Dispatch, LooksAtNothingForWhoAwaitsNoAnswer) { EXPECT_EQ(said(R"({"jsonrpc":"2.0","method":"status"})"), ""); }
TEST(Dispatch, ChangesWhatIsAskedWithoutAwaitingAnAnswer) {
  EXPECT_EQ(asked(R"({"jsonrpc":"2.0","method":"reload"})").change, "reload");
}
TEST(Dispatch, GivesANullIdToWhatItCannotRead) { EXPECT_EQ(id_of(said("nonsense")), Json(nullptr)); }
TEST(Dispatch, EndsEveryAnswerWithItsOnlyNewline) {
  EXPECT_EQ(answered(request("status")).find('\n'), answered(request("status")).size() - 1);
}

TEST(Dispatch, AppliesAFileForGoodOrOnTrial) {
  const Json file{{"text", "{}"}, {"path", "/etc/new.json"}};
  EXPECT_EQ(asked(request("apply", file)).change, "apply /etc/new.json");
  Json trial = file;
  trial["confirm"] = "90s";
  const Execute ask = asked(request("apply", trial));
  EXPECT_EQ(ask.change, "apply /etc/new.json, to be confirmed within 90s");
  EXPECT_EQ(std::get<model::Apply>(ask.command).confirm, Duration{90'000});
  for (const char* wrong : {"0s", "soon", "25h", "60"}) {
    trial["confirm"] = wrong;
    EXPECT_EQ(code_of(said(request("apply", trial))), protocol::kInvalidParams) << wrong;
  }
  EXPECT_EQ(code_of(said(request("apply", {{"text", "{}"}, {"path", "new.json"}}))), protocol::kInvalidParams);
}

TEST(Dispatch, SetsTheLogLevelForWhoMayChangeAndShowsItToAll) {
  EXPECT_EQ(asked(request("log-level")).change, "");
  EXPECT_EQ(asked(request("log-level", {{"level", "debug"}})).change, "log-level debug");
  EXPECT_EQ(code_of(said(request("log-level", {{"level", "loud"}}))), protocol::kInvalidParams);
  EXPECT_EQ(code_of(said(request("log-level", {{"level", "debug"}}), Access::view)), protocol::kNotAllowed);
}

// ---- the table

TEST(Dispatch, NamesTheMethodsToWhoAsksForAnother) {
  EXPECT_THAT(error_of(said(request("applaud"))).dump(), HasSubstr("methods are status, list, show"));
}
TEST(Dispatch, RefusesAnUnknownMethod) { EXPECT_EQ(code_of(said(request("applaud"))), protocol::kMethodNotFound); }
TEST(Dispatch, RefusesAnUnknownParameter) {
  EXPECT_EQ(code_of(said(request("status", {{"verbose", "yes"}}))), protocol::kInvalidParams);
}
TEST(Dispatch, RefusesAMissingParameter) { EXPECT_EQ(code_of(said(request("list"))), protocol::kInvalidParams); }
TEST(Dispatch, RefusesAParameterOfAnotherType) {
  EXPECT_EQ(code_of(said(request("list", {{"kind", 1}}))), protocol::kInvalidParams);
}
TEST(Dispatch, RefusesANameLongerThanAnyNameIs) {
  EXPECT_EQ(code_of(said(request("up", {{"name", std::string(kLongestName + 1, 'x')}}))), protocol::kInvalidParams);
}
TEST(Dispatch, RefusesATimeoutThatIsNoDuration) {
  EXPECT_EQ(code_of(said(request("up", {{"name", "hq"}, {"timeout", "soon"}}))), protocol::kInvalidParams);
}
TEST(Dispatch, RefusesATimeoutBeyondTheLongest) {
  EXPECT_EQ(code_of(said(request("up", {{"name", "hq"}, {"timeout", "11m"}}))), protocol::kInvalidParams);
}
TEST(Dispatch, RefusesAnUnknownKind) {
  EXPECT_EQ(code_of(said(request("list", {{"kind", "tunnel"}}))), protocol::kInvalidParams);
}
TEST(Dispatch, RefusesEventsOfAnUnknownKind) {
  EXPECT_EQ(code_of(said(request("subscribe", {{"kind", "weather"}}))), protocol::kInvalidParams);
}

// ---- access

class ViewSocketRefuses : public ::testing::TestWithParam<std::string> {};
TEST_P(ViewSocketRefuses, AChange) { EXPECT_EQ(code_of(said(GetParam(), Access::view)), protocol::kNotAllowed); }
INSTANTIATE_TEST_SUITE_P(Methods, ViewSocketRefuses,
                         ::testing::Values(request("up", {{"name", "hq"}}), request("down", {{"name", "hq"}}),
                                           request("rekey", {{"name", "hq"}}), request("reload"),
                                           request("find_mtu", {{"name", "hq"}}), request("role", {{"role", "standby"}}),
                                           request("plan", {{"text", "{}"}, {"path", "/tmp/x.json"}})));

class ViewSocketServes : public ::testing::TestWithParam<std::string> {};
TEST_P(ViewSocketServes, ALook) { EXPECT_TRUE(asked(GetParam(), Access::view).reply); }
INSTANTIATE_TEST_SUITE_P(Methods, ViewSocketServes,
                         ::testing::Values(request("status"), request("list", {{"kind", "sas"}}), request("plan"),
                                           request("show", {{"kind", "tunnels"}, {"name", "hq"}}),
                                           request("explain", {{"name", "hq"}}), request("doctor")));

TEST(Dispatch, SaysToTheViewSocketWhichOneMayChange) {
  EXPECT_THAT(error_of(said(request("reload"), Access::view))["data"]["remedy"].dump(), HasSubstr("vtid.sock"));
}

// ---- reading

TEST(Dispatch, RefreshesTheCountersBeforeAStatus) {
  EXPECT_TRUE(std::holds_alternative<model::Refresh>(asked(request("status")).command));
}
TEST(Dispatch, ShowsTheStatusEvenWhenTheRefreshFailed) {
  EXPECT_THAT(answered(request("status"), fail("no kernel")), HasSubstr("\"generation\":12"));
}
TEST(Dispatch, CallsALookNoChange) { EXPECT_EQ(asked(request("status")).change, ""); }
TEST(Dispatch, ShowsOneObjectOfTheList) {
  const Json all = Json::parse(answered(request("list", {{"kind", "gateways"}})))["result"];
  EXPECT_EQ(Json::parse(answered(request("show", {{"kind", "gateways"}, {"name", "WAN_GW"}})))["result"], all.at(1));
}
TEST(Dispatch, SuggestsTheNearestNameToShow) {
  EXPECT_EQ(error_of(answered(request("show", {{"kind", "gateways"}, {"name", "WAN_GV"}}))),
            Json::parse(R"({"code":-32002,"message":"there is no gateway \"WAN_GV\"",
                            "data":{"remedy":"did you mean WAN_GW?","nearest":["WAN_GW"]}})"));
}
TEST(Dispatch, SuggestsTheNearestNameToExplain) {
  EXPECT_THAT(error_of(answered(request("explain", {{"name", "VTI_HO"}})))["data"]["remedy"].dump(), HasSubstr("VTI_HQ"));
}
TEST(Dispatch, ServesADaemonThatHasNothingYet) {
  EXPECT_THAT(asked(request("status")).reply(model::Answer{}, model::Snapshot{}), HasSubstr("\"tunnels\":[]"));
}

TEST(Dispatch, CallsSasThatWereNeverSeenUnknownAndNotAbsent) {
  model::Snapshot site = test::snapshot();
  site.sas = {};
  EXPECT_THAT(asked(request("explain", {{"name", "hq"}})).reply(model::Answer{}, site),
              AllOf(HasSubstr("have not been seen yet"), Not(HasSubstr("no IKE_SA"))));
}

// ---- commands

TEST(Dispatch, PostsUpForAChildWithItsTimeout) {
  const Execute ask = asked(request("up", {{"name", "hq/v4"}, {"timeout", "5s"}}));
  const auto* up = std::get_if<model::Up>(&ask.command);
  ASSERT_NE(up, nullptr);
  EXPECT_EQ(std::pair(up->target, up->timeout), std::pair(std::string("hq/v4"), Duration{5000}));
}
TEST(Dispatch, PostsARole) {
  const Execute ask = asked(request("role", {{"role", "standby"}}));
  EXPECT_EQ(std::get<model::TakeRole>(ask.command).role, model::Role::standby);
  EXPECT_EQ(ask.change, "role standby");
}
TEST(Dispatch, RefusesAnUnknownRole) {
  EXPECT_EQ(code_of(said(request("role", {{"role", "master"}}))), protocol::kInvalidParams);
}
TEST(Dispatch, SaysWhichChangeIsAsked) { EXPECT_EQ(asked(request("down", {{"name", "hq"}})).change, "down hq"); }
TEST(Dispatch, RefusesAnUnknownTunnel) { EXPECT_EQ(code_of(said(request("rekey", {{"name", "hg"}}))), protocol::kNotFound); }
TEST(Dispatch, RefusesAnUnknownChild) { EXPECT_EQ(code_of(said(request("rekey", {{"name", "hq/v5"}}))), protocol::kNotFound); }
TEST(Dispatch, RepeatsTheOutcome) {
  EXPECT_EQ(answered(request("reload"), model::Answer{"configuration 13 is in use", std::nullopt}),
            "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"text\":\"configuration 13 is in use\"}}\n");
}
TEST(Dispatch, RepeatsARefusalWithItsRemedyAndErrno) {
  EXPECT_EQ(answered(request("reload"), fail("cannot read vtid.json", "chmod it", 13)),
            "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":-32003,\"message\":\"cannot read vtid.json\","
            "\"data\":{\"remedy\":\"chmod it\",\"errno\":13}}}\n");
}
TEST(Dispatch, ReplacesBytesThatAreNotUtf8) {
  EXPECT_THAT(answered(request("reload"), fail("from the system: \xff")), HasSubstr("\xef\xbf\xbd"));
}
TEST(Dispatch, PostsThePlanOfAnotherFile) {
  const Execute ask = asked(request("plan", {{"text", "{}"}, {"path", "/etc/new.json"}}));
  const auto* plan = std::get_if<model::MakePlan>(&ask.command);
  ASSERT_NE(plan, nullptr);
  EXPECT_EQ(std::pair(plan->text.value_or("none"), plan->path), std::pair(std::string("{}"), std::string("/etc/new.json")));
}
TEST(Dispatch, RefusesThePlanOfAFileWithoutItsPlace) {
  EXPECT_EQ(code_of(said(request("plan", {{"text", "{}"}, {"path", "new.json"}}))), protocol::kInvalidParams);
}
TEST(Dispatch, TellsOfFailuresOnlyInThePlanOfTheRunningFile) {
  const model::Answer answer{"1 change", test::snapshot().plan};
  EXPECT_THAT(answered(request("plan", {{"text", "{}"}, {"path", "/x"}}), answer), Not(HasSubstr("unreachable")));
}

TEST(Dispatch, FollowsOneKindOfEvents) {
  const Action action = dispatch(request("subscribe", {{"kind", "tunnel"}}), Access::view, test::snapshot());
  const auto* follow = std::get_if<Subscribe>(&action);
  ASSERT_NE(follow, nullptr);
  EXPECT_EQ(follow->kind, "tunnel");
}
TEST(Dispatch, WritesAnEventAsANotification) {
  EXPECT_EQ(event_line({test::at(0), "tunnel", "hq", "is up"}),
            "{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":{\"time\":\"2026-11-23T18:00:00Z\",\"kind\":\"tunnel\","
            "\"object\":\"hq\",\"text\":\"is up\"}}\n");
}

TEST(ProtocolWords, AreWhatTheMethodsTakeAndNameWhenTheyTakeNot) {
  const auto takes = [](std::string_view method, const std::string& parameter, std::span<const std::string_view> words,
                        Json params = Json::object()) {
    for (const std::string_view word : words) {
      params[parameter] = word;
      const int code = code_of(said(request(std::string(method), params)));
      EXPECT_TRUE(code != protocol::kInvalidParams && code != protocol::kNotFound) << method << " " << word;
    }
    params[parameter] = "no-such-word";
    EXPECT_THAT(said(request(std::string(method), params)), HasSubstr(fmt::format("{}", fmt::join(words, ", ")))) << method;
  };
  takes(protocol::method::kList, "kind", protocol::kKinds);
  takes(protocol::method::kSubscribe, "kind", protocol::kEventKinds);
  takes(protocol::method::kRole, "role", protocol::kRoles);
  takes(protocol::method::kExport, "as", protocol::kExportFormats, {{"name", "hq"}});
  takes(protocol::method::kMetrics, "format", protocol::kMetricsFormats);
  takes(protocol::method::kLogLevel, "level", protocol::kLogLevels);
}

}  // namespace
}  // namespace vtid::control
