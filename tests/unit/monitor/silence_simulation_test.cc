// Seeded months of paths that lose probes, and cuts of them: how often chance is called silence, and how soon silence is. The
// table that is printed is the one of docs/monitoring.md.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <sstream>

#include "monitor/silence.h"

namespace vtid::monitor {
namespace {

using namespace std::chrono_literals;

constexpr Duration kInterval = 500ms;
constexpr int kMonth = 30 * 24h / kInterval;
constexpr int kHour = 1h / kInterval;
constexpr int kCuts = 400;

// A path that begins to lose with one probability and goes on with another.
struct Losses {
  double begins;
  double goes_on;
  bool losing = false;
  std::mt19937 random{42};

  double uniform() { return static_cast<double>(random()) / 4294967296.0; }
  bool next() { return losing = uniform() < (losing ? goes_on : begins); }
};

// A chance that learns from the path, and is asked about each of its runs.
int false_alarms(Chance chance, Losses& path, int probes) {
  int alarms = 0;
  int run = 0;
  bool silent = false;
  for (int i = 0; i < probes; ++i) {
    if (path.next()) {
      ++run;
      if (run < Chance::kLeast || silent || run < chance.needed()) continue;
      silent = true;
      ++alarms;
    } else {
      if (run == 0) chance.on_answer();
      if (run > 0 && !silent) chance.on_run(run);
      run = 0;
      silent = false;
    }
  }
  return alarms;
}

// Probes of one path, answered after 20 ms.
struct Probed {
  Losses losses;
  Silence silence{model::MonitorOptions{}};
  Microseconds now{};
  std::uint16_t sequence = 0;

  [[nodiscard]] Instant at() const { return Instant{1h + now}; }
  void probe(bool answered) {
    now += kInterval;
    silence.on_sent(++sequence, at());
    if (answered) silence.on_answer(sequence, 20ms, at() + 20ms);
  }
};

// From the cut, at any moment between two probes, until the path is silent.
Microseconds detection(Probed probed, Microseconds after_a_probe) {
  const Instant cut = probed.at() + after_a_probe;
  for (;;) {
    probed.probe(false);
    if (const auto due = probed.silence.due(); due && *due < probed.at() + kInterval) return *due - cut;
  }
}

struct Row {
  std::string loss;
  int alarms;
  double median;   // seconds
  double longest;  // seconds
};

Row simulate(std::string name, Losses path) {
  std::vector<Microseconds> found;
  Probed probed{path};
  for (int i = 0; i < 3 * kHour; ++i) probed.probe(!probed.losses.next());
  for (int cut = 0; cut < kCuts; ++cut) {
    do {
      for (int i = 0; i < 50; ++i) probed.probe(!probed.losses.next());
    } while (probed.losses.losing);
    found.push_back(detection(probed, Microseconds{20'000 + 480'000 * cut / kCuts}));
  }
  std::ranges::sort(found);
  const auto seconds = [](Microseconds time) { return std::chrono::duration<double>(time).count(); };
  return {std::move(name), false_alarms(Chance(kInterval), path, kMonth), seconds(found[kCuts / 2]), seconds(found.back())};
}

std::string print(const std::vector<Row>& rows) {
  std::string table =
      "| probes lost | false alarms in a month | from a cut to `down`: median | longest of 400 |\n|---|---|---|---|\n";
  for (const Row& row : rows)
    table += fmt::format("| {} | {} | {:.2f} s | {:.2f} s |\n", row.loss, row.alarms, row.median, row.longest);
  return table;
}

// Of a thousand paths that begin to lose after an hour without loss, those that are called silent within five minutes.
int called_silent(double loss) {
  Chance healthy(kInterval);
  for (int i = 0; i < kHour; ++i) healthy.on_answer();
  Losses path{loss, loss};
  int paths = 0;
  for (int i = 0; i < 1'000; ++i) paths += false_alarms(healthy, path, 5min / kInterval) > 0 ? 1 : 0;
  return paths;
}

TEST(Silence, is_seldom_taken_for_what_a_path_loses_that_gets_worse) {
  EXPECT_LE(called_silent(0.05), 10);
  EXPECT_LE(called_silent(0.1), 30);
  EXPECT_LE(called_silent(0.3), 200);
}

TEST(Silence, of_simulated_months_is_as_the_documents_say) {
  const std::vector rows{simulate("0 %", {0, 0}),       simulate("0.1 %", {0.001, 0.001}),
                         simulate("1 %", {0.01, 0.01}), simulate("5 %", {0.05, 0.05}),
                         simulate("10 %", {0.1, 0.1}),  simulate("1.4 %, in bursts", {0.01, 0.3})};
  const std::string table = print(rows);
  std::fputs(table.c_str(), stdout);
  std::ostringstream page;
  page << std::ifstream(VTID_SOURCE_DIR "/docs/monitoring.md").rdbuf();
  EXPECT_NE(page.str().find(table), std::string::npos);

  for (const Row& row : rows) EXPECT_LE(row.alarms, row.loss.ends_with("bursts") ? 5 : 1) << row.loss;
  EXPECT_LT(rows[0].longest, 1.8);
  EXPECT_LT(rows[1].longest, 2.8);
  EXPECT_LT(rows[2].longest, 3.3);
  EXPECT_LT(rows[3].longest, 3.9);
}

}  // namespace
}  // namespace vtid::monitor
