#include "ctl/commands.h"

#include <gmock/gmock.h>

#include <fstream>

#include "fake_daemon.h"
#include "vtictl.h"

namespace vtid::ctl {
namespace {

using test::FakeDaemon;
using test::Outcome;
using test::vtictl;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Outcome vtictl(const FakeDaemon& daemon, std::vector<std::string> words) {
  words.insert(words.end(), {"--socket", daemon.path()});
  return vtictl(std::move(words));
}

std::string result(const std::string& value) { return R"({"jsonrpc":"2.0","id":1,"result":)" + value + "}\n"; }

std::string refusal(const std::string& text, const std::string& remedy) {
  return R"({"jsonrpc":"2.0","id":1,"error":{"code":-32003,"message":")" + text + R"(","data":{"remedy":")" + remedy +
         "\"}}}\n";
}

std::string ask_once(const std::vector<std::string>& words, const std::string& answer = result("{}")) {
  FakeDaemon daemon({answer});
  vtictl(daemon, words);
  return daemon.requests().empty() ? "" : daemon.requests().front();
}

std::string request(const std::string& method, const std::string& params) {
  return R"({"jsonrpc":"2.0","id":1,"method":")" + method + R"(","params":)" + params + "}\n";
}

// ---- what is asked

TEST(Vtictl, AsksForAList) { EXPECT_EQ(ask_once({"list", "sas"}), request("list", R"({"kind":"sas"})")); }
TEST(Vtictl, AsksForOneThing) {
  EXPECT_EQ(ask_once({"show", "tunnels", "hq"}), request("show", R"({"kind":"tunnels","name":"hq"})"));
}
TEST(Vtictl, AsksForAChangeWithItsTimeout) {
  EXPECT_EQ(ask_once({"up", "hq/v4", "--timeout", "5s"}), request("up", R"({"name":"hq/v4","timeout":"5s"})"));
}
TEST(Vtictl, AsksForThePlanOfTheRunningConfiguration) { EXPECT_EQ(ask_once({"plan"}), request("plan", "{}")); }
TEST(Vtictl, SendsTheFileToPlanAndItsAbsolutePath) {
  const std::string file = ::testing::TempDir() + "vtictl-plan.json";
  std::ofstream(file) << "{ \"tunnels\": {} }";
  EXPECT_EQ(ask_once({"plan", file}), request("plan", R"({"text":"{ \"tunnels\": {} }","path":")" + file + "\"}"));
}

// ---- what is printed, and the exit code

TEST(Vtictl, PrintsTheOutcomeAsASentence) {
  FakeDaemon daemon({result(R"({"text":"hq is up"})")});
  EXPECT_EQ(vtictl(daemon, {"up", "hq"}).out, "hq is up\n");
}
TEST(Vtictl, PrintsJsonWhenToldTo) {
  FakeDaemon daemon({result(R"({"text":"hq is up"})")});
  EXPECT_EQ(vtictl(daemon, {"--json", "up", "hq"}).out, "{\n  \"text\": \"hq is up\"\n}\n");
}
TEST(Vtictl, ExitsWithZeroWhenDone) {
  FakeDaemon daemon({result(R"({"text":"hq is up"})")});
  EXPECT_EQ(vtictl(daemon, {"up", "hq"}).exit, 0);
}
TEST(Vtictl, ExitsWithOneWhenTheDaemonSaysNo) {
  FakeDaemon daemon({refusal("no answer from 192.0.2.9", "look there")});
  EXPECT_EQ(vtictl(daemon, {"up", "hq"}).exit, 1);
}
TEST(Vtictl, SaysWhyTheDaemonSaysNo) {
  FakeDaemon daemon({refusal("no answer from 192.0.2.9", "look there")});
  EXPECT_EQ(vtictl(daemon, {"up", "hq"}).err, "vtictl: no answer from 192.0.2.9\n  remedy: look there\n");
}
TEST(Vtictl, PrintsNothingElseWhenTheDaemonSaysNo) {
  FakeDaemon daemon({refusal("no answer", "")});
  EXPECT_EQ(vtictl(daemon, {"--json", "up", "hq"}).out, "");
}
TEST(Vtictl, ExitsWithThreeWithoutADaemon) { EXPECT_EQ(vtictl({"status", "--socket", "/nonexistent/vtid.sock"}).exit, 3); }
TEST(Vtictl, SaysWhereItLookedForADaemon) {
  EXPECT_THAT(vtictl({"status", "--socket", "/nonexistent/vtid.sock"}).err, HasSubstr("/nonexistent/vtid.sock: No such file"));
}
TEST(Vtictl, ExitsWithThreeWhenTheDaemonHangsUp) {
  FakeDaemon daemon({});
  EXPECT_EQ(vtictl(daemon, {"status"}).exit, 3);
}
TEST(Vtictl, ExitsWithThreeWhenSomebodyElseAnswers) {
  FakeDaemon daemon({"220 mail.example ESMTP\n"});
  EXPECT_EQ(vtictl(daemon, {"status"}).exit, 3);
}
TEST(Vtictl, ExitsWithFourWhenAnEmptyPlanWasExpected) {
  FakeDaemon daemon({result(R"({"empty":false,"text":"","ops":[],"problems":[]})")});
  EXPECT_EQ(vtictl(daemon, {"plan", "--expect-empty"}).exit, 4);
}
TEST(Vtictl, ExitsWithZeroWhenTheExpectedEmptyPlanIs) {
  FakeDaemon daemon({result(R"({"empty":true,"text":"","ops":[],"problems":[]})")});
  EXPECT_EQ(vtictl(daemon, {"plan", "--expect-empty"}).exit, 0);
}
TEST(Vtictl, ExitsWithFourWhenTheDoctorFoundSomething) {
  FakeDaemon daemon({result(R"({"found":1,"checks":[]})")});
  EXPECT_EQ(vtictl(daemon, {"doctor"}).exit, 4);
}
TEST(Vtictl, ExitsWithZeroWhenTheDoctorFoundNothing) {
  FakeDaemon daemon({result(R"({"found":0,"checks":[{"name":"threads","state":"ok"},{"name":"device","state":"ok"}]})")});
  EXPECT_EQ(vtictl(daemon, {"--json", "doctor"}).exit, 0);
}
TEST(Vtictl, SaysThatAllIsWellInOneLine) {
  FakeDaemon daemon({result(R"({"found":0,"checks":[{"name":"threads","state":"ok"},{"name":"device","state":"ok"}]})")});
  EXPECT_EQ(vtictl(daemon, {"doctor"}).out, "2 checks, all well\n");
}
TEST(Vtictl, ExitsWithOneWhenTheFileToPlanCannotBeRead) { EXPECT_EQ(vtictl({"plan", "/nonexistent.json"}).exit, 1); }

TEST(Vtictl, SaysThatTheDaemonIsBusyAndExitsWithOne) {
  FakeDaemon daemon(
      {R"({"jsonrpc":"2.0","id":null,"error":{"code":-32004,"message":"there are 64 sessions on this socket already",)"
       R"("data":{"remedy":"close one of them, or try again"}}})"
       "\n"});
  const Outcome outcome = vtictl(daemon, {"status"});
  EXPECT_EQ(outcome.err, "vtictl: there are 64 sessions on this socket already\n  remedy: close one of them, or try again\n");
  EXPECT_EQ(outcome.exit, 1);
}
TEST(Vtictl, ExitsWithOneWhenTheSessionMadeWay) {
  FakeDaemon daemon({R"({"jsonrpc":"2.0","method":"closing","params":{"reason":"it was idle"}})"
                     "\n"});
  const Outcome outcome = vtictl(daemon, {"status"});
  EXPECT_EQ(outcome.err, "vtictl: vtid ended the session: it was idle\n");
  EXPECT_EQ(outcome.exit, 1);
}

// ---- capturing

const std::string kTunnel = result(R"({"name":"hq","local":"192.0.2.1","remote":"198.51.100.1","outer_device":"wan",)"
                                   R"("child_sas":[{"name":"hq","device":"ipsec1"}],"children":[{"name":"v4","mode":"vti"}]})");

TEST(Vtictl, AsksForTheTunnelThatItCaptures) {
  EXPECT_EQ(ask_once({"capture", "hq/v4", "--print"}, kTunnel), request("show", R"({"kind":"tunnels","name":"hq"})"));
}
TEST(Vtictl, PrintsTheCommandThatWouldCapture) {
  FakeDaemon daemon({kTunnel});
  EXPECT_EQ(vtictl({"--socket", daemon.path(), "capture", "hq", "--print", "--", "-c", "5", "--", "icmp"}).out,
            "tcpdump -n -i ipsec1 -c 5 -- icmp\n");
}
TEST(Vtictl, PrintsTheCommandThatWouldCaptureAsJson) {
  FakeDaemon daemon({kTunnel});
  EXPECT_EQ(vtictl(daemon, {"--json", "capture", "hq", "--print"}).out,
            "{\n  \"command\": [\n    \"tcpdump\",\n    \"-n\",\n    \"-i\",\n    \"ipsec1\"\n  ]\n}\n");
}
TEST(Vtictl, CapturesNothingOfATunnelThatIsNotThere) {
  FakeDaemon daemon({refusal("there is no tunnel \\\"qh\\\"", "did you mean hq?")});
  EXPECT_EQ(vtictl(daemon, {"capture", "qh"}).exit, 1);
}
TEST(Vtictl, CapturesNothingWithoutTheTunnelsName) { EXPECT_EQ(vtictl({"capture"}).exit, 2); }

// ---- watching

const std::string kEvent = R"({"jsonrpc":"2.0","method":"event","params":{"time":"2026-11-23T18:00:00Z","kind":"tunnel",)"
                           R"("object":"hq","text":"is up"}})"
                           "\n";

TEST(Vtictl, SubscribesToOneKind) { EXPECT_EQ(ask_once({"watch", "tunnel"}), request("subscribe", R"({"kind":"tunnel"})")); }
TEST(Vtictl, PrintsALinePerEvent) {
  FakeDaemon daemon({result("{}") + kEvent + kEvent});
  EXPECT_EQ(vtictl(daemon, {"watch"}).out,
            "2026-11-23T18:00:00Z  tunnel   hq is up\n2026-11-23T18:00:00Z  tunnel   hq is up\n");
}
TEST(Vtictl, PrintsAnObjectPerEvent) {
  FakeDaemon daemon({result("{}") + kEvent});
  EXPECT_EQ(vtictl(daemon, {"watch", "--json"}).out,
            "{\"time\":\"2026-11-23T18:00:00Z\",\"kind\":\"tunnel\",\"object\":\"hq\",\"text\":\"is up\"}\n");
}
TEST(Vtictl, StopsWatchingWithThreeWhenTheDaemonLeaves) {
  FakeDaemon daemon({result("{}") + kEvent});
  EXPECT_EQ(vtictl(daemon, {"watch"}).exit, 3);
}
TEST(Vtictl, SaysWhyTheDaemonEndedTheWatch) {
  FakeDaemon daemon({result("{}") + R"({"jsonrpc":"2.0","method":"closing","params":{"reason":"too slow"}})"
                                    "\n"});
  EXPECT_EQ(vtictl(daemon, {"watch"}).err, "vtictl: vtid ended the session: too slow\n");
}

}  // namespace
}  // namespace vtid::ctl
