// docs/silence.svg is what chance.h says: how likely it is that chance alone keeps a path silent, over time, at four rates of
// loss. VTID_WRITE_GOLDEN=1 draws it again; look at it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "monitor/chance.h"
#include "support/golden.h"

namespace vtid::monitor {
namespace {

using namespace std::chrono_literals;

constexpr Duration kInterval = 500ms;
constexpr Duration kLateAfter = 110ms;  // on a path of 10 ms
constexpr double kSeconds = 5;
constexpr double kDecades = 9;  // from 1 down to 10^-9
constexpr double kLeft = 64, kTop = 44, kWide = 500, kHigh = 324;

double x(double seconds) { return kLeft + kWide * seconds / kSeconds; }
double y(double probability) { return kTop + kHigh * std::min(-std::log10(probability), kDecades) / kDecades; }
// When that many probes in a row are late, in seconds after the last answer.
double late(int probes) { return std::chrono::duration<double>(probes * kInterval + kLateAfter).count(); }

struct Rate {
  std::string name;
  int one_in;  // 0: none is lost
  std::string colour;
};

// A day of it, evenly.
Chance after_a_day(const Rate& rate) {
  Chance chance(kInterval);
  for (int i = 1; i <= 24h / kInterval; ++i) {
    const bool lost = rate.one_in > 0 && i % rate.one_in == 0;
    if (lost) chance.on_run(1);
    if (!lost && (rate.one_in == 0 || i % rate.one_in != 1)) chance.on_answer();  // the first after a loss ended its run
  }
  return chance;
}

std::string text(double left, double top, std::string_view anchor, std::string_view words) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", left, top, anchor, words);
}

std::string line(double left, double top, double right, double bottom, std::string_view style) {
  return fmt::format("<path d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}\" {}/>\n", left, top, right, bottom, style);
}

std::string axes() {
  constexpr std::string_view kGrid = R"(stroke="#ddd")";
  std::string svg;
  for (int decade = 0; decade <= kDecades; ++decade) {
    const double top = y(std::pow(10, -decade));
    svg += line(kLeft, top, kLeft + kWide, top, kGrid);
    svg += text(kLeft - 8, top + 4, "end",
                decade == 0 ? "1" : fmt::format(R"(10<tspan dy="-5" font-size="9">-{}</tspan>)", decade));
  }
  for (int second = 0; second <= kSeconds; ++second) {
    svg += line(x(second), kTop, x(second), kTop + kHigh, kGrid);
    svg += text(x(second), kTop + kHigh + 18, "middle", std::to_string(second));
  }
  svg += text(kLeft + kWide / 2, kTop + kHigh + 38, "middle", "seconds since the last answer");
  const double once = y(static_cast<double>(kInterval.count()) / static_cast<double>(Duration{30 * 24h}.count()));
  svg += line(kLeft, once, kLeft + kWide, once, R"(stroke="#555" stroke-dasharray="6 4")");
  svg += text(kLeft + 6, once - 6, "start", "once a month");
  return svg;
}

// Falls at each late probe, to the dot at which the gateway is down.
std::string curve(const Rate& rate, int row) {
  const Chance chance = after_a_day(rate);
  std::string path = fmt::format("M{:.1f} {:.1f}", x(0), y(1));
  for (int probes = 1; probes <= chance.needed(); ++probes) {
    path += fmt::format("H{:.1f}V{:.1f}", x(late(probes)), y(chance.probability(probes)));
  }
  const double down = late(chance.needed());
  std::string svg = fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"/>\n", path, rate.colour);
  svg += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4.5\" fill=\"{}\"/>\n", x(down),
                     y(chance.probability(chance.needed())), rate.colour);
  const double top = kTop + 20 + 44 * row;
  svg += line(kLeft + kWide + 16, top - 4, kLeft + kWide + 36, top - 4,
              fmt::format(R"(stroke="{}" stroke-width="2")", rate.colour));
  svg += text(kLeft + kWide + 42, top, "start", rate.name + " lost");
  svg += text(kLeft + kWide + 42, top + 16, "start", fmt::format("down: {} late, {:.1f} s", chance.needed(), down));
  return svg;
}

std::string picture() {
  const Rate rates[]{{"0 %", 0, "#1b7f4d"}, {"1 %", 100, "#1f5fbf"}, {"5 %", 20, "#c77700"}, {"10 %", 10, "#b3261e"}};
  std::string svg =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 740 420\" font-family=\"sans-serif\" font-size=\"12\" "
      "fill=\"#222\">\n<rect width=\"740\" height=\"420\" fill=\"#fff\"/>\n";
  svg += text(kLeft, 24, "start", "How likely chance alone keeps a path silent for so long, a probe every 500 ms");
  svg += axes();
  for (int row = 0; const Rate& rate : rates) svg += curve(rate, row++);
  return svg + "</svg>\n";
}

TEST(SilencePicture, shows_what_the_estimator_says) {
  const char* path = VTID_SOURCE_DIR "/docs/silence.svg";
  test::expect_golden(path, picture());
}

}  // namespace
}  // namespace vtid::monitor
