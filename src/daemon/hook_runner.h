// Runs the user's program when a gateway, a tunnel, a group or the role changes its state ("on_change"): a few at a time, the
// others wait in order, none for ever. Nothing waits for them, and nothing that they do or print changes what vtid does.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "daemon/change.h"
#include "model/config.h"
#include "model/gateway.h"
#include "platform/program.h"

namespace vtid::daemon {

// The system's side, for tests to stand in.
struct Programs {
  std::function<Result<platform::Program>(const std::vector<std::string>&, const std::vector<std::string>&)> start =
      platform::start_program;
  std::function<std::optional<std::string>(const platform::Program&)> ended = platform::ended;
  std::function<std::string(const platform::Program&, std::size_t)> read = platform::read_output;
  std::function<void(const platform::Program&)> kill = platform::kill_program;
};

class HookRunner {
 public:
  explicit HookRunner(Programs programs = {}) : programs_(std::move(programs)) {}

  // Queues a run when the file asks for one and the state is another than the last that was told of this gateway.
  void on_change(const model::Config& config, const std::string& gateway, const model::GatewayHealth& health);
  void on_change(const model::Config& config, const Change& change);

  // Starts what may start, reads what runs, kills what runs for too long, logs what has ended.
  void step(TimePoint now);
  [[nodiscard]] std::optional<TimePoint> next_deadline() const { return next_; }

 private:
  // What it is run for.
  struct Object {
    model::ChangeEvent event{};
    std::string name;
  };
  struct Waiting {
    Object object;
    model::OnChange run;
    std::vector<std::string> environment;
  };
  struct Running {
    Object object;
    platform::Program program;
    TimePoint until;
    bool killed = false;
    std::string output;
  };

  void tell(const model::Config& config, const TunnelChange& change);
  static bool asks_for(const model::Config& config, model::ChangeEvent event);
  void queue(const model::OnChange& run, Object object, std::vector<std::string> variables);
  void start(TimePoint now);
  [[nodiscard]] bool follow(Running& running, TimePoint now);  // false: it has ended

  Programs programs_;
  std::map<std::string, model::GatewayState> reported_;
  std::map<std::string, model::TunnelState> reported_tunnels_;
  std::deque<Waiting> waiting_;
  std::size_t dropped_ = 0;  // since none waited
  std::vector<Running> running_;
  std::optional<TimePoint> next_;
};

inline constexpr std::size_t kMostHooksAtATime = 4;
inline constexpr std::size_t kMostHooksWaiting = 256;  // of more the oldest are dropped
inline constexpr std::size_t kMostHookOutput = 4'096;  // bytes of one run that are logged

}  // namespace vtid::daemon
