// The dialogue with pf, by its own program: the kernel's interface to it changes with each release, pfctl's words do not. And
// the switches that say where pf sees tunnelled packets. Changes what it is told to; remembers nothing.
#pragma once

#include "model/filter.h"
#include "platform/freebsd/calls.h"
#include "platform/freebsd/pf_anchor.h"
#include "platform/freebsd/pf_listing.h"

namespace vtid::platform::freebsd {

class Pf {
 public:
  explicit Pf(Calls& calls) : calls_(calls) {}

  struct Seen {
    std::optional<PfSeal> seal;
    PfLists lists;
    bool mode_holds = true;    // the switches are as the seal says
    std::string out_of_force;  // why packets do not meet the lists; empty: they do
    std::string remedy;

    [[nodiscard]] std::optional<model::ObservedFilter> filter() const;
    // Something has to be kept out, and is not.
    [[nodiscard]] bool open() const { return seal && seal->keeps == PfKeeps::rules && !out_of_force.empty(); }
  };
  [[nodiscard]] Result<Seen> look();
  [[nodiscard]] Result<std::map<std::string, model::RuleCounters>> counters();

  // One transaction of pf's: all or nothing. Then the seal, in another.
  [[nodiscard]] Result<void> load(const std::string& text);
  [[nodiscard]] Result<void> seal(const PfSeal& seal);
  [[nodiscard]] Result<void> clear();
  [[nodiscard]] PfDialect dialect();

  [[nodiscard]] bool mode_holds(model::FilterMode mode);
  // So that both points are filtered, whichever rules stand: a packet may die then, and none gets by.
  [[nodiscard]] Result<void> tighten(model::FilterMode mode);
  [[nodiscard]] Result<void> set_mode(model::FilterMode mode);

 private:
  [[nodiscard]] Result<std::string> ask(const std::vector<std::string>& arguments, std::string_view input = {});
  [[nodiscard]] Result<std::string> list(std::string_view anchor, std::string_view what);
  [[nodiscard]] Result<void> look_whether_in_force(Seen& seen);
  [[nodiscard]] bool enc_is_up();
  [[nodiscard]] Result<void> bring_enc_up();
  [[nodiscard]] Result<void> set(std::string_view name, std::int64_t value);

  Calls& calls_;
};

}  // namespace vtid::platform::freebsd
