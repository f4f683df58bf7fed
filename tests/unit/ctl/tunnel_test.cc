// `vtictl status NAME`.
#include "ctl/tunnel.h"

#include <gmock/gmock.h>

#include "fake_daemon.h"
#include "vtictl.h"

namespace vtid::ctl {
namespace {

using test::FakeDaemon;
using test::Outcome;
using test::vtictl;
using ::testing::HasSubstr;

std::string answer(const std::string& result) { return R"({"jsonrpc":"2.0","id":1,"result":)" + result + "}\n"; }

const std::vector<std::string> kAnswers{
    answer(
        R"({"name":"hq","state":"up","since":"2026-11-23T18:00:05Z","device":"ipsec1","interface":"VTI_HQ","reqid":5001,"if_id":1,
"mtu":1422,"local":"192.0.2.1","remote":"198.51.100.1","children_up":1,"children_wanted":1,"bytes_in":1000,"bytes_out":2048,
"gateways":[{"name":"VTI_HQ_VTIV4"}]})"),
    answer(R"({"problems":[{"severity":"caveat","object":"tunnels/hq/children/v4","text":"ours","remedy":"do it"},
{"severity":"error","object":"tunnels/hq2","text":"another's","remedy":""},
{"severity":"warning","object":"gateways/VTI_HQ_VTIV4","text":"of its gateway","remedy":""}]})"),
    answer(
        R"([{"name":"VTI_HQ_VTIV4","interface":"VTI_HQ","state":"online","rtt_ms":1.2,"stddev_ms":0.1,"loss_percent":0},{"name":"WAN_GW","state":"online"}])"),
    answer(R"([{"name":"hq","id":1,"tunnel":"hq","state":"ESTABLISHED"},{"name":"x","id":2,"tunnel":"lab"}])"),
    answer(
        R"([{"to":"10.20.0.0/16","via":"VTI_HQ_VTIV4","gateway":"VTI_HQ_VTIV4","state":"installed"},{"to":"10.30.0.0/16","gateway":"WAN_GW"}])")};

std::vector<std::string> one_line(std::vector<std::string> answers) {
  for (std::string& text : answers) std::erase(text, '\n'), text += '\n';
  return answers;
}

Outcome status_of(const std::vector<std::string>& answers, std::vector<std::string> words) {
  FakeDaemon daemon(one_line(answers));
  words.insert(words.end(), {"--socket", daemon.path()});
  return vtictl(words);
}

TEST(StatusOfATunnel, IsOneScreenOfWhatBelongsToIt) {
  EXPECT_EQ(status_of(kAnswers, {"status", "hq"}).out, R"(tunnel hq
state     up
since     2026-11-23T18:00:05Z
device    ipsec1 (VTI_HQ)
numbers   reqid 5001, if_id 1, MTU 1422
ends      192.0.2.1 here, 198.51.100.1 there
children  1 of 1 up
traffic   in 1000 B, out 2.0 KiB
caveat: tunnels/hq/children/v4: ours
  remedy: do it
warning: gateways/VTI_HQ_VTIV4: of its gateway

NAME          INTERFACE  STATE   RTT          LOSS
VTI_HQ_VTIV4  VTI_HQ     online  1.2 ms ±0.1  0 %

NAME  ID  TUNNEL  STATE
hq    1   hq      ESTABLISHED

TO            VIA           GATEWAY       STATE
10.20.0.0/16  VTI_HQ_VTIV4  VTI_HQ_VTIV4  installed
)");
}
TEST(StatusOfATunnel, IsOneObjectAsJson) {
  const Json shown = Json::parse(status_of(kAnswers, {"--json", "status", "hq"}).out);
  EXPECT_EQ(shown["tunnel"]["device"], "ipsec1");
  EXPECT_EQ(shown["gateways"].size(), 1U);
  EXPECT_EQ(shown["sas"].size(), 1U);
  EXPECT_EQ(shown["routes"].size(), 1U);
  EXPECT_EQ(shown["problems"].size(), 2U);
}
TEST(StatusOfATunnel, SaysWhatAMistypedNameMayHaveMeant) {
  const Outcome outcome = status_of(
      {R"({"id":1,"error":{"code":-32002,"message":"there is no tunnel \"hp\"","data":{"remedy":"did you mean hq?"}}})"},
      {"status", "hp"});
  EXPECT_EQ(outcome.err, "vtictl: there is no tunnel \"hp\"\n  remedy: did you mean hq?\n");
  EXPECT_EQ(outcome.exit, 1);
}

}  // namespace
}  // namespace vtid::ctl
