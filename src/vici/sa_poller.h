// Which `list-sas` is due next. charon skips an IKE_SA that is busy when asked not to wait (noblock), and holds up everything
// behind it when asked to wait; so a poll does not wait at first, and waits only for what it failed to find.
// Many due connections become one poll of all, which then rests: what comes up one after another by thousands would have the
// whole table read for each hundred of them. One poll is under way at a time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"

namespace vtid::vici {

// Chosen by the caller of a request, handed back with its outcome, never looked at.
using Ticket = std::uint64_t;

struct SaPoll {
  std::optional<std::string> connection;  // none: all
  bool waits = false;                     // for busy IKE_SAs: absence is proof
  bool operator==(const SaPoll&) const = default;
};

inline constexpr std::size_t kMostLooks = 4'096;     // connections in mind at once: above, a look at all of them
inline constexpr std::size_t kMostSinglePolls = 16;  // each walks charon's whole table: above, one poll of all
inline constexpr Duration kRestEach{1};              // from the begin of that to the next such, for each connection it listed

class SaPoller {
 public:
  void look_soon(const std::string& connection, TimePoint due);
  void look_at_all() { all_due_ = true; }
  // Reads until the connection was found or is proven to be absent.
  void ask(const std::string& connection, Ticket ticket);
  // The table has something of these that no list has confirmed.
  void recheck(const std::set<std::string>& connections);
  void recheck_all() { recheck_all_ = true; }

  // The poll to begin now, if any and if none is under way.
  [[nodiscard]] std::optional<SaPoll> next(TimePoint now);
  void on_listed(const std::string& connection);
  // Ends it: `missing` are the connections of what the table had and the list had not. Gives the tickets that are answered.
  [[nodiscard]] std::vector<Ticket> finish(const std::set<std::string>& missing);
  // Forgets everything. Gives the tickets that never will be answered.
  [[nodiscard]] std::vector<Ticket> abandon();

  [[nodiscard]] const std::optional<SaPoll>& under_way() const { return poll_; }
  [[nodiscard]] std::optional<TimePoint> next_deadline() const;

  // charon hung while we waited: until told otherwise no poll waits, and what was not found stays.
  void never_wait(bool never) { never_wait_ = never; }
  [[nodiscard]] bool never_waits() const { return never_wait_; }

 private:
  using Covered = std::map<std::string, std::vector<Ticket>>;

  SaPoll begin(bool all, bool waits, Covered covered, TimePoint now);  // of all, or of the one that is covered
  std::nullopt_t hold();                                               // until the latest poll of all has rested
  [[nodiscard]] static Covered take_first(Covered& from);
  [[nodiscard]] Covered take_due(TimePoint now);

  std::map<std::string, TimePoint> soon_;
  std::optional<TimePoint> all_soon_;  // instead of more of those
  Covered asked_;
  Covered recheck_;
  bool all_due_ = false;
  bool recheck_all_ = false;
  bool never_wait_ = false;
  std::optional<SaPoll> poll_;
  TimePoint began_{};
  TimePoint rested_{};      // of the latest poll of all
  TimePoint held_until_{};  // all that is due, because it is much
  Covered covered_;         // by the poll under way
  std::set<std::string> listed_;
};

}  // namespace vtid::vici
