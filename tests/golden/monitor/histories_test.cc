// histories.txt against the monitor: the file's steps are run on a clock of our own, millisecond by millisecond, and the
// file with the outcomes written again must be the file. VTID_WRITE_GOLDEN=1 writes it; read the difference.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "base/duration.h"
#include "monitor/group_selection.h"
#include "monitor/monitor.h"
#include "support/golden.h"

namespace vtid::monitor {
namespace {

using namespace std::chrono_literals;

struct Answers {
  std::optional<Duration> rtt;  // none: nobody answers
  int lose_every = 0;
};

class World {
 public:
  void set(const std::string& parameter, const std::string& value) {
    if (parameter == "silence") return set_silence(value);
    const std::map<std::string, Duration model::MonitorOptions::*> kParameters{
        {"period", &model::MonitorOptions::period},           {"hold", &model::MonitorOptions::hold},
        {"latency_low", &model::MonitorOptions::latency_low}, {"latency_high", &model::MonitorOptions::latency_high},
        {"window", &model::MonitorOptions::fall_window},      {"longest", &model::MonitorOptions::longest_hold}};
    options_.*kParameters.at(parameter) = parse_duration(value).value();
    note(monitor_.set_options(options_, now()));
  }
  void set_silence(const std::string& value) {
    if (value == "auto") options_.silence = model::AutomaticSilence{};
    if (value == "off") options_.silence = model::NoSilence{};
    if (std::isdigit(value.front()) != 0) options_.silence = std::stoi(value);
    note(monitor_.set_options(options_, now()));
  }
  void force_down(bool on) {
    options_.forced_down = on;
    note(monitor_.set_options(options_, now()));
  }
  void set_monitored(bool on) {
    options_.enabled = on;
    note(monitor_.set_options(options_, now()));
  }
  void set_tunnel(Underlay::State state) { note(monitor_.set_underlay({"hq", state}, now())); }

  void run(Duration length, Answers answers) {
    for (const Duration end = time_ + length; time_ < end; time_ += 1ms) {
      const auto [first, last] = arriving_.equal_range(time_);
      for (auto it = first; it != last; ++it) note(monitor_.on_reply(it->second, now().steady, now()));
      arriving_.erase(first, last);
      if (time_ % options_.alert == 0ms || monitor_.due() <= now().steady) note(monitor_.on_check(now()));
      if (time_ % options_.interval == 0ms && monitor_.wants_probes()) send(answers);
    }
  }

  std::string outcome() { return std::exchange(outcome_, {}); }
  [[nodiscard]] std::string health() const {
    const auto& health = monitor_.health();
    std::array<char, 100> line{};
    std::snprintf(line.data(), line.size(), "  %7.3f  %-11s rtt %.3f stddev %.3f loss %d%s", seconds(),
                  std::string(print(health.state)).c_str(), health.rtt_ms, health.stddev_ms, health.loss_percent,
                  health.reason.empty() ? "" : ": ");
    return line.data() + health.reason + unusable() + '\n';
  }

 private:
  [[nodiscard]] Now now() const { return {TimePoint{1h + time_}, WallTime{std::chrono::floor<std::chrono::seconds>(time_)}}; }
  [[nodiscard]] double seconds() const { return static_cast<double>(time_.count()) / 1000; }

  // The triggers under which a group would not use it.
  [[nodiscard]] std::string unusable() const {
    using enum model::Trigger;
    if (!is_usable(monitor_.health(), down)) return "; unusable";
    std::string triggers;
    for (const auto trigger : {loss, latency, loss_or_latency}) {
      if (is_usable(monitor_.health(), trigger)) continue;
      triggers += (triggers.empty() ? "; unusable by " : ", ") + std::string(print(trigger));
    }
    return triggers;
  }
  void note(bool changed) {
    if (changed) outcome_ += health();
  }
  void send(Answers answers) {
    const auto sequence = monitor_.on_sent(now().steady);
    const bool lost = !answers.rtt || (answers.lose_every != 0 && ++sent_ % answers.lose_every == 0);
    if (!lost) arriving_.emplace(time_ + *answers.rtt, sequence);
  }

  model::MonitorOptions options_;
  Duration time_{};
  GatewayMonitor monitor_{options_, {"hq"}, now()};
  std::multimap<Duration, std::uint16_t> arriving_;
  int sent_ = 0;
  std::string outcome_;
};

void act(World& world, const std::string& line) {
  std::istringstream words(line);
  std::string verb, first, second, lose, fraction;
  words >> verb >> first >> second >> lose >> fraction;
  if (verb == "answer") {
    const int every = fraction.empty() ? 0 : std::stoi(fraction.substr(2));
    world.run(parse_duration(first).value(), {parse_duration(second).value(), every});
  } else if (verb == "cut") {
    world.run(parse_duration(first).value(), {});
  } else if (verb == "set") {
    world.set(first, second);
  } else if (verb == "tunnel") {
    using State = Underlay::State;
    world.set_tunnel(first == "up" ? State::up : first == "asleep" ? State::asleep : State::down);
  } else if (verb == "force") {
    world.force_down(first == "down");
  } else if (verb == "monitor") {
    world.set_monitored(first == "on");
  } else {
    ADD_FAILURE() << "unknown step: " << line;
  }
}

// The file's own words, each step followed by what came of it.
std::string replay(std::istream& file) {
  std::string result;
  std::optional<World> world;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("  ")) continue;
    result += line + "\n";
    if (line.empty() || line.starts_with("#")) continue;
    if (line.starts_with("==")) {
      world.emplace();
      continue;
    }
    act(*world, line);
    result += world->outcome();
    if (line.starts_with("answer") || line.starts_with("cut")) result += world->health();
  }
  return result;
}

TEST(Histories, come_out_as_written) {
  const char* path = VTID_SOURCE_DIR "/tests/golden/monitor/histories.txt";
  std::istringstream file(test::file_contents(path));
  const std::string replayed = replay(file);
  test::expect_golden(path, replayed);
}

}  // namespace
}  // namespace vtid::monitor
