// People's requests that wait for an outcome: up, down, rekey. Each is answered exactly once: when what was asked for is
// seen in charon's table, when it is known to have failed, or when its time is over. One whose asker has left is forgotten.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/supervisor.h"
#include "model/command.h"
#include "model/sa_index.h"
#include "model/sa_table.h"

namespace vtid::daemon {

struct RekeyAsk {
  std::string target;  // "hq", "hq/v4"
  std::string ike;     // charon's names
  std::string child;   // empty: the IKE_SA itself
  bool operator==(const RekeyAsk&) const = default;
};

class Requests {
 public:
  using Reply = model::Reply;

  struct Target {
    std::string name;                         // as asked: "hq", "hq/v4"
    std::vector<DesiredChildSa> all_desired;  // all of the tunnel's, or the child's
    bool child_only = false;                  // "tunnel/child" was named
  };

  void wait_up(Target target, Duration timeout, Now now, Reply reply);
  void wait_down(Target target, Duration timeout, Now now, Reply reply);
  // Every CHILD_SA that carries, then, unless only the child was named, every IKE_SA.
  [[nodiscard]] std::vector<RekeyAsk> rekey(Target target, const model::SaTable& sas, const model::SaIndex& index,
                                            Duration timeout, Now now, Reply reply);

  // charon refused to rekey.
  void on_refused(const std::string& target, const Error& error);

  // Answers what can be answered now; may ask for the second half of a rekey.
  [[nodiscard]] std::vector<RekeyAsk> check(const Supervisor& supervisor, const model::SaTable& sas,
                                            const model::SaIndex& index, Now now);

  [[nodiscard]] std::optional<TimePoint> next_deadline() const;

  static constexpr std::size_t kMost = 256;  // more at a time are refused

 private:
  enum class Kind : std::uint8_t { up, down, rekey_child, rekey_ike };
  struct Pending {
    Kind kind{};
    Target target;
    TimePoint began;
    TimePoint deadline;
    Duration timeout{};
    Reply reply;
    std::set<std::uint32_t> old_ids;
  };

  void add(Pending pending);
  void forget_unwanted();
  [[nodiscard]] std::optional<model::CommandResult> outcome(Pending& pending, const Supervisor& supervisor,
                                                            const model::SaTable& sas, const model::SaIndex& index, Now now,
                                                            std::vector<RekeyAsk>& asks);

  std::vector<Pending> pending_;
};

}  // namespace vtid::daemon
