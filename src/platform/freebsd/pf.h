// The dialogue with pf, by its own program: the kernel's interface to it changes with each release, pfctl's words do not. And
// the switches that say where pf sees tunnelled packets. Changes what it is told to; remembers nothing. One dialogue at a time.
#pragma once

#include "model/filter.h"
#include "platform/freebsd/calls.h"
#include "platform/freebsd/pf_anchor.h"
#include "platform/freebsd/pf_listing.h"
#include "platform/freebsd/task.h"

namespace vtid::platform::freebsd {

class Pf {
 public:
  explicit Pf(Calls& calls) : calls_(calls) {}

  struct Seen {
    std::optional<PfFingerprint> fingerprint;
    PfLists lists;
    bool mode_holds = true;       // the switches are as the fingerprint says
    std::string inactive_reason;  // why packets do not meet the lists; empty: they do
    std::string remedy;

    bool operator==(const Seen&) const = default;
    [[nodiscard]] std::optional<model::ObservedFilter> filter() const;
    // Something has to be kept out, and is not.
    [[nodiscard]] bool open() const { return fingerprint && fingerprint->keeps == PfKeeps::rules && !inactive_reason.empty(); }
  };
  [[nodiscard]] Task<Result<Seen>> look();
  [[nodiscard]] Task<Result<std::map<std::string, model::RuleCounters>>> counters();

  // One transaction of pf's: all or nothing. Then the fingerprint, in another.
  [[nodiscard]] Task<Result<void>> load(std::string text);
  [[nodiscard]] Task<Result<void>> fingerprint(PfFingerprint fingerprint);
  [[nodiscard]] Task<Result<void>> clear();
  [[nodiscard]] PfDialect dialect();

  [[nodiscard]] bool mode_holds(model::FilterMode mode);
  // So that both points are filtered, whichever rules stand: a packet may die then, and none gets by.
  [[nodiscard]] Result<void> tighten(model::FilterMode mode);
  [[nodiscard]] Result<void> set_mode(model::FilterMode mode);

  // Carries the dialogue on, as far as pfctl has answered.
  void go_on();

 private:
  // By co_await: one run of pfctl.
  struct Run {
    Pf& pf;
    std::string arguments;  // words
    std::string input;
    [[nodiscard]] static bool await_ready() { return false; }
    void await_suspend(std::coroutine_handle<> dialogue);
    [[nodiscard]] Result<Ran> await_resume() { return *std::exchange(pf.answer_, std::nullopt); }
  };
  [[nodiscard]] Task<Result<std::string>> ask(std::string arguments, std::string input = {});
  [[nodiscard]] Task<Result<std::string>> list(std::string_view anchor, std::string_view what);
  [[nodiscard]] Task<Result<void>> look_whether_in_force(Seen& seen);
  [[nodiscard]] bool enc_is_up();
  [[nodiscard]] Result<void> bring_enc_up();
  [[nodiscard]] Result<void> set(std::string_view name, std::int64_t value);

  Calls& calls_;
  std::coroutine_handle<> dialogue_;  // that waits for pfctl
  std::optional<Result<Ran>> answer_;
};

}  // namespace vtid::platform::freebsd
