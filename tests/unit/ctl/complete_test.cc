#include "ctl/complete.h"

#include <gmock/gmock.h>

#include <array>
#include <sstream>

#include "fake_daemon.h"
#include "vtictl.h"

namespace vtid::ctl {
namespace {

using test::FakeDaemon;
using test::vtictl;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// The candidates for the last of the words, without their help. Where no daemon is.
std::vector<std::string> offered(std::vector<std::string> words) {
  words.insert(words.begin(), {std::string(kComplete), "--socket", "/nonexistent/vtid.sock"});
  std::vector<std::string> candidates;
  std::istringstream lines(vtictl(words).out);
  for (std::string line; std::getline(lines, line);) candidates.push_back(line.substr(0, line.find('\t')));
  return candidates;
}

// What is asked of a daemon that has these, and what is offered.
std::string offered_of(const std::string& result, std::vector<std::string> words, std::string* request = nullptr) {
  FakeDaemon daemon({R"({"jsonrpc":"2.0","id":1,"result":)" + result + "}\n"});
  words.insert(words.begin(), {std::string(kComplete), "--socket", daemon.path()});
  const std::string out = vtictl(words).out;
  if (request != nullptr && !daemon.requests().empty()) *request = daemon.requests().front();
  return out;
}

TEST(Complete, OffersCommandsWithTheirHelp) {
  EXPECT_EQ(vtictl({std::string(kComplete), "rel"}).out, "reload\tread the configuration file again\n");
}
TEST(Complete, OffersOptionsOfTheCommandAndOfAll) {
  EXPECT_THAT(offered({"top", "--"}),
              ElementsAre("--help", "--version", "--socket", "--json", "--color", "--interval", "--frames"));
}
TEST(Complete, OffersTheWordsOfAnArgument) { EXPECT_THAT(offered({"role", ""}), ElementsAre("active", "standby")); }
TEST(Complete, OffersTheWordsOfAnOption) { EXPECT_THAT(offered({"--color", "a"}), ElementsAre("auto", "always")); }
TEST(Complete, OffersFiles) { EXPECT_THAT(offered({"compare", "a.json", ""}), ElementsAre(":files")); }
TEST(Complete, OffersFolders) { EXPECT_THAT(offered({"import", "--secrets-dir", ""}), ElementsAre(":folders")); }
TEST(Complete, OffersNothingAfterTheLastArgument) { EXPECT_THAT(offered({"role", "active", ""}), IsEmpty()); }
TEST(Complete, OffersNothingForAnotherProgram) { EXPECT_THAT(offered({"capture", "hq", "--", ""}), IsEmpty()); }
TEST(Complete, OffersNothingOfACommandThatIsNotThere) { EXPECT_THAT(offered({"statsu", ""}), IsEmpty()); }
TEST(Complete, OffersNoNamesWhereNoDaemonIs) { EXPECT_THAT(offered({"up", ""}), IsEmpty()); }
TEST(Complete, TakesTheValueOfAnOptionForNoArgument) {
  EXPECT_THAT(offered({"list", "--interval", "2s", "tun"}), ElementsAre("tunnels"));
}
TEST(Complete, OffersTunnelsOfTheRunningDaemon) {
  std::string request;
  EXPECT_EQ(offered_of(R"([{"name":"hq"},{"name":"lab"}])", {"up", "h"}, &request), "hq\n");
  EXPECT_THAT(request, AllOf(HasSubstr(R"("method":"list")"), HasSubstr(R"("kind":"tunnels")")));
}
TEST(Complete, OffersNamesOfTheKindBefore) {
  std::string request;
  EXPECT_EQ(offered_of(R"([{"name":"WAN_GW"}])", {"show", "gateways", ""}, &request), "WAN_GW\n");
  EXPECT_THAT(request, HasSubstr(R"("kind":"gateways")"));
}
TEST(Complete, OffersNoNameThatAShellWouldReadOtherwise) {
  EXPECT_EQ(offered_of(R"x([{"name":"$(reboot)"},{"name":"a b"},{"name":"-rf"},{"name":"`x`"},{"name":"10.0.0.0/8"}])x",
                       {"show", "sas", ""}),
            "10.0.0.0/8\n");
}

}  // namespace
}  // namespace vtid::ctl
