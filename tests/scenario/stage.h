// The whole daemon without its sockets: a real engine, a kernel in memory, a scripted charon and a clock that the test moves.
// Time passes only in run(); everything that is due at a moment happens in that moment.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "daemon/engine.h"
#include "scenario/staged_kernel.h"
#include "support/scripted_charon.h"
#include "support/worlds.h"

namespace vtid::test {

// One tunnel "hq" (unit 1, IPv4 and IPv6), assigned, with one route: what most scenarios need.
[[nodiscard]] std::string one_tunnel_file();
// One tunnel "lab" (unit 1) with static SAs 0x1001 in and 0x1002 out; `in` stands for the file's "in" when it is given.
[[nodiscard]] std::string static_tunnel_file(const std::string& in = {});
// Tunnels "t1".."tN" of the same kind.
[[nodiscard]] std::string many_tunnels_file(int count);

class Stage {
 public:
  explicit Stage(std::string file_text = one_tunnel_file());
  virtual ~Stage() = default;
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  void start_vtid();
  void kill_vtid();    // nothing is said to anybody
  void stop_charon();  // what it has put into the kernel stays, as after a kill
  // What others do to what charon has put there.
  void flush_sas();
  void flush_policies();
  [[nodiscard]] std::size_t charons_sas() { return kernel.seen().charons_sas.size(); }
  void start_charon(const std::string& boot);
  void set_clock(std::chrono::seconds on) { now.wall += on; }

  void run(Duration time);
  // Until the daemon has nothing left to do for now; a second is plenty for everything but backoffs.
  void settle() { run(Duration{1'000}); }

  // Posts a command, lets time pass, gives the answer's text or the error's.
  std::string command(const model::Command& command, Duration time = Duration{1'000});

  [[nodiscard]] std::shared_ptr<const model::Snapshot> snapshot() { return engine->snapshot(); }
  [[nodiscard]] const model::TunnelStatus& tunnel(std::size_t index = 0) { return snapshot()->tunnels.at(index); }
  [[nodiscard]] model::TunnelState state(std::size_t index = 0) { return tunnel(index).state; }
  [[nodiscard]] std::string problem();  // the first one's text, or nothing
  [[nodiscard]] const model::ObservedLink* link(std::uint32_t unit = 1);
  [[nodiscard]] std::string remote_addresses();  // of the connection hq as charon has it, a space behind each
  [[nodiscard]] int loads();                     // connections and secrets that charon was given or lost

  std::string file;
  bool disk_is_full = false;  // for the configuration file
  StagedKernel kernel;
  ScriptedCharon charon;
  std::unique_ptr<daemon::StateStore> store = daemon::make_memory_store();
  std::unique_ptr<daemon::Engine> engine;
  std::vector<model::Event> events;
  std::function<void(const daemon::Change&)> changed = [](const daemon::Change&) {};
  std::map<std::string, std::vector<std::string>> hosts;  // what names stand for, in the order given; absent: not found
  int lookups = 0;
  // Tells the engine what the monitors would: a gateway's state, at this moment.
  void gateway_is(const std::string& gateway, model::GatewayState state, std::string reason = {});
  void gateway_falls_silent(const std::string& gateway, bool silent = true);  // or answers again
  model::Gateways gateways;                       // the monitors' view; empty: nothing was measured yet
  std::map<std::string, TimePoint> last_answers;  // of gateways
  Now now{TimePoint{Duration{1'000'000}}, WallTime{std::chrono::seconds{1'795'500'000}}};

 protected:
  // What lies between the daemon and its surroundings, for a stage where something goes wrong there.
  [[nodiscard]] virtual platform::Kernel& seam() { return kernel; }
  virtual void before_effect() {}
  [[nodiscard]] virtual bool open_line(int line);  // false: refused
  virtual void close_line(int line) { charon.close(line); }
  virtual void send(int line, const std::string& bytes) { charon.feed(line, bytes); }
  [[nodiscard]] virtual bool is_open(int line) { return charon.is_open(line); }
  [[nodiscard]] virtual std::string receive(int line) { return charon.take(line); }

 private:
  void mind_the_words();
  // What charon puts into the kernel for a CHILD_SA.
  struct Installed {
    std::vector<model::Sa> sas;
    std::vector<model::Policy> policies;
  };
  void follow_charon();
  [[nodiscard]] std::vector<const Installed*> everything() const;
  [[nodiscard]] Installed parts_of(const model::ChildSa& child) const;
  bool carry_out_effects();
  bool hand_over();
  bool look_up();

  std::map<std::uint32_t, Installed> installed_;          // by the CHILD_SA's id, of the charon that runs
  std::vector<std::map<std::uint32_t, Installed>> left_;  // by those of before
  model::Observed seen_;                                  // keeps link() alive
  std::set<int> open_lines_;
};

}  // namespace vtid::test
