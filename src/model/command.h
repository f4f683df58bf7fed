// What a person may ask of the running daemon, and what the daemon tells. A command changes inputs or asks for a look;
// it never touches the kernel or charon by itself.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "model/host_facts.h"
#include "model/mtu.h"
#include "model/op.h"
#include "model/role.h"

namespace vtid::model {

struct Caller {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::int32_t pid = 0;  // 0 when the system does not say
  bool operator==(const Caller&) const = default;
};

// `target` is a tunnel, or "tunnel/child". Each answers when the outcome is known or `timeout` has passed.
struct Up {
  std::string target;
  Duration timeout{30'000};
};
struct Down {
  std::string target;
  Duration timeout{30'000};
};
struct Rekey {
  std::string target;
  Duration timeout{30'000};
};
struct TakeRole {
  Role role = Role::active;
};
struct Reload {};        // read the configuration file again; an invalid one is refused and changes nothing
struct Refresh {         // bring counters up to date
  bool rules = false;    // those of the filter's rules, which may take a while
  bool links = true;     // those of our interfaces
  std::string tunnel{};  // only of this one's; empty: of all
};
// What would change: for the running configuration, or for `text` (a whole file, as if it stood in the place of the running
// one; `path` only names it in errors).
struct MakePlan {
  std::optional<std::string> text;
  std::string path;
};

// Puts `text` in the place of the configuration file and goes by it; `path` only names it in errors. With `confirm` the file
// stays as it is, and without a Confirm in that time so does everything else: a restart meanwhile, of vtid or of the host,
// begins with the old file.
struct Apply {
  std::string text;
  std::string path;
  std::optional<Duration> confirm;
  bool by_root = false;  // who may name a program and another charon
};
struct Confirm {};

// Which lines go to the log until vtid ends; without a level only the answer says which do.
struct SetLogLevel {
  std::optional<log::Level> level;
};

// Read what the system says of itself; changes nothing.
struct Examine {
  HostQuestion question;
};

// Find out which packets cross: echo requests of several sizes, not to be fragmented. Takes seconds.
struct FindMtu {
  std::vector<MtuPath> paths;
};

using Command =
    std::variant<Up, Down, Rekey, TakeRole, Reload, Apply, Confirm, SetLogLevel, Refresh, MakePlan, Examine, FindMtu>;

// The outcome: a sentence for people ("hq is up: ipsec1, 2 children in 0.4 s"), and the plan or the facts that were asked for.
struct Answer {
  std::string text;
  std::optional<Plan> plan;
  std::shared_ptr<const HostFacts> host{};
  std::vector<MtuFinding> mtus{};  // one for each path, in their order
};
using CommandResult = Result<Answer>;

// Takes the outcome of a command, once. Whoever has one may ask whether it is still wanted before working for it.
class Reply {
 public:
  Reply() = default;
  Reply(std::nullptr_t) {}
  template <class Respond>
  requires std::invocable<Respond&, CommandResult> &&(!std::same_as<std::remove_cvref_t<Respond>, Reply>)Reply(Respond say)
      : say_(std::move(say)) {}
  // Not wanted any more once `asker` is gone.
  Reply(std::function<void(CommandResult)> say, std::weak_ptr<const void> asker)
      : say_(std::move(say)), asker_(std::move(asker)) {}

  void operator()(CommandResult result) const { say_(std::move(result)); }
  explicit operator bool() const { return static_cast<bool>(say_); }
  [[nodiscard]] bool is_wanted() const { return !asker_ || !asker_->expired(); }

 private:
  std::function<void(CommandResult)> say_;
  std::optional<std::weak_ptr<const void>> asker_;
};

// Something happened. `kind` is one of: config, charon, tunnel, kernel, gateway, group.
struct Event {
  WallTime time;
  std::string kind;
  std::string object;  // "hq", "link ipsec1"; may be empty
  std::string text;    // "is up", "created: not there"
  bool operator==(const Event&) const = default;
};

}  // namespace vtid::model
