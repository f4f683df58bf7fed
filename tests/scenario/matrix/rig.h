// A stage on which one thing goes wrong at a chosen point. Around it stands what stands around a daemon: a supervisor that
// starts it again, an administrator who repeats what was refused, others whose things are to be left alone.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "scenario/matrix/tampered_kernel.h"
#include "scenario/matrix/tampered_store.h"
#include "scenario/matrix/tampered_wire.h"
#include "scenario/stage.h"

namespace vtid::test::matrix {

class Rig final : public Stage {
 public:
  explicit Rig(std::string file_text);
  ~Rig() override { engine.reset(); }
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  // Lets time pass, whatever is due in it; a daemon that was killed is started again after kAway.
  void advance(Duration time);
  void later(Duration wait, std::function<void()> what);
  static constexpr Duration kAway{1'000};
  [[nodiscard]] Duration longest_wait() const;  // until all of it has happened

  void boot_vtid();  // again and again until it starts
  void kill_and_restart(
      Duration away = kAway, std::function<void()> meanwhile = [] {});
  // Asks the running daemon. Who is refused or gets no answer asks again in ask_again(), unless another order of its kind came.
  void ask(const model::Command& command);
  bool ask_again();  // whether there was anything to ask
  void gateway(const std::string& name, model::GatewayState state);

  void end_charon();
  void begin_charon(const std::string& version);
  void pause_charon(Duration time);
  void step_clock(std::chrono::seconds by);  // as a person or NTP does: of no steady clock

  // Others' objects: made before everything, and how many of them are no longer as they were.
  void plant();
  [[nodiscard]] std::string missing_plants();

  [[nodiscard]] std::size_t effects() const { return effects_; }
  void kill_at_effect(std::size_t effect) { killing_effect_ = effect; }
  [[nodiscard]] TamperedStore& disk() { return static_cast<TamperedStore&>(*store); }

  TamperedKernel tampered{kernel};
  TamperedWire wire{charon};

 protected:
  [[nodiscard]] platform::Kernel& seam() override { return tampered; }
  void before_effect() override;
  [[nodiscard]] bool open_line(int line) override { return wire.open(line); }
  void close_line(int line) override { wire.close(line); }
  void send(int line, const std::string& bytes) override { wire.send(line, bytes, now.steady); }
  [[nodiscard]] bool is_open(int line) override { return wire.is_open(line); }
  [[nodiscard]] std::string receive(int line) override { return wire.receive(line, now.steady); }

 private:
  struct Asked {
    model::Command command;
    std::shared_ptr<bool> done;
  };
  void run_due();
  void pass(Duration time);
  void tell_charons_boot();

  std::multimap<TimePoint, std::function<void()>> agenda_;
  std::map<std::size_t, Asked> asked_;  // the last of its kind
  std::size_t effects_ = 0;
  std::optional<std::size_t> killing_effect_;
  TimePoint charon_began_ = now.steady;
  std::optional<std::string> planted_;
};

}  // namespace vtid::test::matrix
