#include "ctl/top.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace vtid::ctl {
namespace {

using testing::HasSubstr;
using testing::Not;

Json tunnel(const std::string& name, double bytes_in, double bytes_out, const std::vector<Json>& gateways = {}) {
  return {{"name", name}, {"state", "up"}, {"bytes_in", bytes_in}, {"bytes_out", bytes_out}, {"gateways", gateways}};
}
Json gateway(const std::string& state, double rtt, int loss) {
  return {{"state", state}, {"rtt_ms", rtt}, {"loss_percent", loss}};
}
Json status(const std::vector<Json>& tunnels) {
  return {{"version", "0.1.0"},
          {"charon", {{"connected", true}, {"version", "5.9.8"}}},
          {"filter", {{"live", "enc"}}},
          {"problems", Json::array()},
          {"tunnels", tunnels}};
}
TimePoint at(int milliseconds) { return TimePoint{Duration{milliseconds}}; }

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}
std::size_t characters(const std::string& line) {
  return static_cast<std::size_t>(
      std::ranges::count_if(line, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

TEST(Top, RatesAreBitsOfTheTimeBetweenTwoLooks) {
  TopView view;
  view.add(status({tunnel("hq", 1000, 0)}), at(0));
  EXPECT_FALSE(view.has_rates());
  view.add(status({tunnel("hq", 251'000, 125'000)}), at(2000));
  EXPECT_TRUE(view.has_rates());
  EXPECT_EQ(view.json()["tunnels"][0]["bits_in"], 1'000'000);
  EXPECT_EQ(view.json()["tunnels"][0]["bits_out"], 500'000);
}

TEST(Top, CountersThatFallBeginAgain) {
  TopView view;
  view.add(status({tunnel("hq", 1000, 1000)}), at(0));
  view.add(status({tunnel("hq", 10, 10)}), at(1000));
  EXPECT_EQ(view.json()["tunnels"][0]["bits_in"], 0);
  view.add(status({tunnel("hq", 1010, 10)}), at(2000));
  EXPECT_EQ(view.json()["tunnels"][0]["bits_in"], 8000);
}

TEST(Top, ATunnelThatCameLaterHasNoRateOfItsWholeLife) {
  TopView view;
  view.add(status({}), at(0));
  view.add(status({tunnel("hq", 1'000'000, 0)}), at(1000));
  EXPECT_EQ(view.json()["tunnels"][0]["bits_in"], 0);
}

TEST(Top, ATunnelThatIsGoneIsNotShown) {
  TopView view;
  view.add(status({tunnel("hq", 0, 0), tunnel("lab", 0, 0)}), at(0));
  view.add(status({tunnel("lab", 0, 0)}), at(1000));
  EXPECT_THAT(view.frame(80, 24), Not(HasSubstr("hq")));
}

TEST(Top, ShowsTheWorstOfTheGatewaysThatAreMeasured) {
  TopView view;
  view.add(status({tunnel("hq", 0, 0, {gateway("online", 1.5, 0), gateway("loss", 20.25, 30), gateway("unmonitored", 99, 99)}),
                   tunnel("lab", 0, 0, {gateway("pending", 0, 0)})}),
           at(0));
  EXPECT_THAT(view.frame(80, 24), HasSubstr("20.2 ms  30 %"));
  EXPECT_EQ(view.json()["tunnels"][1]["rtt_ms"], nullptr);
}

TEST(Top, ShowsNoRoundTripWhereEverythingIsLost) {
  TopView view;
  view.add(status({tunnel("hq", 0, 0, {gateway("down", 0, 100)})}), at(0));
  EXPECT_THAT(view.frame(80, 24), HasSubstr("- 100 %"));
  EXPECT_EQ(view.json()["tunnels"][0]["rtt_ms"], nullptr);
}
TEST(Top, DrawsTrafficAndLatencyAlsoIn80Columns) {
  TopView view;
  for (int look = 0; look < 3; ++look)
    view.add(status({tunnel("hq", look * look * 1000, 0, {gateway("online", 10.0 + 30 * look, 0)})}), at(1000 * look));
  const auto lines = lines_of(view.frame(80, 24));
  EXPECT_THAT(lines.at(1), HasSubstr("TRAFFIC LATENCY"));
  EXPECT_THAT(lines.at(2), HasSubstr("▃█     ▂▅█   70.0 ms"));
}

TEST(Top, FitsTheTerminalWhateverItsSize) {
  TopView view;
  std::vector<Json> tunnels;
  for (int n = 0; n < 50; ++n) tunnels.push_back(tunnel("a-very-long-name-of-a-tunnel-" + std::to_string(n), 0, 0));
  view.add(status(tunnels), at(0));
  for (const std::size_t columns : {40UL, 80UL, 132UL}) {
    for (const std::size_t rows : {4UL, 24UL, 100UL}) {
      const auto lines = lines_of(view.frame(columns, rows));
      EXPECT_LE(lines.size(), rows);
      for (const std::string& line : lines) EXPECT_LE(characters(line), columns) << line;
    }
  }
}

TEST(Top, ScrollsNoFurtherThanTheLastTunnel) {
  TopView view;
  view.add(status({tunnel("a", 0, 0), tunnel("b", 0, 0), tunnel("c", 0, 0)}), at(0));
  view.scroll(100);
  EXPECT_THAT(lines_of(view.frame(80, 24)).at(2), HasSubstr("c "));
  view.scroll(-100);
  EXPECT_THAT(lines_of(view.frame(80, 24)).at(2), HasSubstr("a "));
}

TEST(Top, SortsByRate) {
  TopView view;
  view.add(status({tunnel("a", 0, 0), tunnel("b", 0, 0)}), at(0));
  view.add(status({tunnel("a", 10, 0), tunnel("b", 20, 0)}), at(1000));
  view.sort_by(TopView::Order::rate);
  EXPECT_EQ(view.json()["tunnels"][0]["name"], "b");
}

TEST(Top, ShowsNothingThatATerminalObeys) {
  TopView view;
  view.add(status({tunnel("a\x1b[2J", 0, 0)}), at(0));
  EXPECT_THAT(view.frame(80, 24), Not(HasSubstr("\x1b")));
}

TEST(Top, SurvivesAnAnswerOfAnotherShape) {
  TopView view;
  view.add(Json{{"tunnels", {1, "x", nullptr, {{"name", 7}}}}}, at(0));
  EXPECT_NE(view.frame(80, 24), "");
}

TEST(Sparkline, HasAFullBlockForTheGreatest) {
  EXPECT_EQ(sparkline({0, 1, 4, 8}, 4), " ▁▄█");
  EXPECT_EQ(sparkline({8}, 3), "  █");
  EXPECT_EQ(sparkline({}, 2), "  ");
  EXPECT_EQ(sparkline({1, 2, 3}, 2), "▆█");
}

TEST(Bits, HaveUnitsOfAThousand) {
  EXPECT_EQ(print_bits(0), "0 bit/s");
  EXPECT_EQ(print_bits(999), "999 bit/s");
  EXPECT_EQ(print_bits(1000), "1.0 kbit/s");
  EXPECT_EQ(print_bits(12'345'678), "12.3 Mbit/s");
}

}  // namespace
}  // namespace vtid::ctl
