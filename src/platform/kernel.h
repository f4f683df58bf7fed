// The seam to a kernel. Backends: memory (tests, --kernel memory), linux, freebsd. Above this line nobody knows which.
// A backend holds sockets and translates; it never decides, retries a refused change or remembers what it wrote.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "model/capabilities.h"
#include "model/observed.h"
#include "model/op.h"

namespace vtid::platform {

using model::Capabilities;

// What notifications said since the last drain(). Only "look again" follows from it.
struct Notices {
  std::size_t ours = 0;     // about links, addresses, routes or the filter that may concern us
  bool overflowed = false;  // some were lost (ENOBUFS): everything may have changed
  // What others took away, which is news only when an SA that charon counts on is among it: the SPIs, and that there were
  // policies. charon does so at each rekey.
  std::vector<std::uint32_t> lost_sas{};
  bool lost_policies = false;
  bool operator==(const Notices&) const = default;
};

class Kernel {
 public:
  virtual ~Kernel() = default;

  [[nodiscard]] virtual Capabilities capabilities() const = 0;

  // Everything, consistent per kind: an interrupted dump is repeated (kDumpAttempts), a lost one is an error. What a program
  // has to be asked for is as it said last, and news of it comes by drain(); EINPROGRESS while it has never said anything.
  [[nodiscard]] virtual Result<model::Observed> observe() = 0;

  // Of these devices observe() shows others' default routes too, and drain() tells of them. None at first.
  virtual void follow_defaults(std::set<net::IfName> devices) { default_devices_ = std::move(devices); }

  // Traffic counters of our links by name. Cheap enough to be called for every `vtictl status`.
  [[nodiscard]] virtual Result<std::map<net::IfName, model::LinkCounters>> counters() = 0;
  // Of these alone, at their cost where the system can.
  [[nodiscard]] virtual Result<std::map<net::IfName, model::LinkCounters>> counters_of(std::span<const net::IfName> links);

  // What the filter's rules have met, by name ("rules/0"). They start at zero when the filter is written. EINPROGRESS: a
  // program has been asked, and drain() tells when it has answered.
  [[nodiscard]] virtual Result<std::map<std::string, model::RuleCounters>> rule_counters() = 0;

  // Applies ops in their order, batched where the system can, and goes on after a failure. One result for each of the first
  // ones: no more are begun once `budget` has passed, and one is in any case. EINPROGRESS: it has begun, drain() tells when it
  // may have ended, and an equal op that is given again has its result then.
  [[nodiscard]] virtual std::vector<Result<void>> apply(std::span<const model::Op> ops, Duration budget) = 0;

  // Whether something that was begun has not ended.
  [[nodiscard]] virtual bool is_under_way() const { return false; }

  // One of them is readable when drain() has something to say; none when the backend never has. Sockets and pipes, which any
  // loop can wait for.
  [[nodiscard]] virtual std::vector<int> descriptors() const = 0;
  [[nodiscard]] virtual Notices drain() = 0;

 protected:
  [[nodiscard]] const std::set<net::IfName>& default_devices() const { return default_devices_; }

 private:
  std::set<net::IfName> default_devices_;
};

inline constexpr int kDumpAttempts = 5;

// A default route of the main table by one of these.
[[nodiscard]] bool is_followed_default(const model::Route& route, const std::set<net::IfName>& devices);

// For who does one thing at a time: what is under way, or begins by that, is waited for.
[[nodiscard]] std::vector<Result<void>> apply_all(Kernel& kernel, std::span<const model::Op> ops);
[[nodiscard]] Result<model::Observed> observe_now(Kernel& kernel);
[[nodiscard]] Result<std::map<std::string, model::RuleCounters>> count_now(Kernel& kernel);
void wait_for_end(Kernel& kernel);  // of all that is under way

// The system's own backend, opened with what it needs (CAP_NET_ADMIN; root on FreeBSD).
[[nodiscard]] Result<std::unique_ptr<Kernel>> open_native_kernel();

// What it can do, for whoever only checks a file: opens nothing and needs no privilege.
[[nodiscard]] Capabilities native_capabilities();

}  // namespace vtid::platform
