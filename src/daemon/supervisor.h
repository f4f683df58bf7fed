// Brings tunnels up and keeps them up: decides when charon is asked to initiate, follows each attempt, waits longer after
// each failure and says why a tunnel is not up. What somebody took from the kernel under an SA, charon is asked to put back.
// Keeps no sockets and reads no clock. charon's own start, close and dead-peer actions stay off, so that this is the only
// initiator on this side.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "base/backoff.h"
#include "base/clock.h"
#include "model/config.h"
#include "model/local_end.h"
#include "model/sa_index.h"
#include "model/sa_table.h"
#include "model/snapshot.h"
#include "net/address.h"
#include "net/names.h"
#include "reconcile/kernel_side.h"

namespace vtid::daemon {

// A CHILD_SA that a tunnel wants, as the supervisor sees it. The desired CHILD_SAs of one tunnel share its IKE_SA.
struct DesiredChildSa {
  std::string name;  // what sentences call it: "hq", or "hq/v4" where children have a CHILD_SA each
  std::string tunnel;
  std::optional<net::Unit> unit;  // of an interface: by it the SAs are found; else by charon's names
  std::string ike;                // charon's name of the connection
  std::string child;              // and of the CHILD_SA to initiate
  std::string peer;               // for sentences: "192.0.2.2"
  std::string identity;           // who talks to whom: when it changes, live SAs belong to somebody else and are replaced
  bool external = false;          // the administrator's connection: its SAs are left alone when the tunnel leaves the file
  bool enabled = true;
  model::Start start = model::Start::start;
  Duration initial_delay{0};     // waits so long before the first attempt, for the other end to begin
  bool callable = false;         // whether this end knows where to call
  bool charons_policies = true;  // charon makes them, not vtid
  std::optional<Duration> renew_when_silent{};
  bool operator==(const DesiredChildSa&) const = default;
};

// What charon has of it, whatever the state.
[[nodiscard]] std::vector<const model::ChildSa*> children_of(const DesiredChildSa& desired, const model::SaIndex& index);

// Where the peer is that the file knows by a host name or several addresses.
struct ResolvedPeer {
  std::string name;                     // that is looked up, of several the first without an address
  std::vector<net::Address> addresses;  // the one that is called first; empty: not known
  std::string failure;                  // of the latest look-up: "cannot resolve vpn.example.org: Host not found"
  std::string remedy;
  bool several = false;  // the file gives more than one
  bool operator==(const ResolvedPeer&) const = default;
};

struct AskInitiate {
  std::string desired;
  std::string ike;
  std::string child;
  bool operator==(const AskInitiate&) const = default;
};
struct AskTerminate {
  std::string desired;
  std::string ike;
  std::string child;         // empty: the whole connection
  bool force = false;        // do not wait for the peer's consent
  std::uint32_t ike_id = 0;  // of the connection's IKE_SAs only this one; 0: all
  bool operator==(const AskTerminate&) const = default;
};
struct AskLook {
  std::string desired;
  std::string ike;
  bool operator==(const AskLook&) const = default;
};
// New SAs and policies in the place of what the kernel has lost.
struct AskRekey {
  std::string desired;
  std::string ike;
  std::string child;
  bool silent = false;  // instead: of SAs by which nothing comes back
  bool operator==(const AskRekey&) const = default;
};
using Ask = std::variant<AskInitiate, AskTerminate, AskLook, AskRekey>;

// The reason of a tunnel that is silent.
[[nodiscard]] std::string nothing_comes_back(const std::string& reason);

struct TunnelView {
  model::TunnelState state = model::TunnelState::unknown;
  WallTime since{};
  std::string reason;  // empty when up
  std::string remedy;
  bool failed = false;  // the last attempt failed: the reason is a problem, not a passing state
  // Not up, and SAs of before charon's restart are in the kernel: probes tell whether they carry.
  bool left_behind = false;
  bool operator==(const TunnelView&) const = default;
};

class Supervisor {
 public:
  explicit Supervisor(std::function<std::uint32_t()> random) : random_(std::move(random)) {}

  // The desired CHILD_SAs of the file. What is known of one that stays is kept; the SAs of one that left are taken down.
  void supervise(std::vector<DesiredChildSa> all_desired, Now now);

  // Where the tunnel's peer is; none: the file gives its one address. While a name has no address nothing is begun. SAs with
  // other addresses are replaced once when the name's have changed, whatever their order; not because they differ: a peer may
  // move.
  void locate(const std::string& tunnel, const std::optional<ResolvedPeer>& resolved_peer, Now now);

  // Where our end of the tunnel is; none: the file gives its address. While it is nowhere nothing is begun. When it is
  // somewhere else than before, and no SA is there, charon is asked to begin there; what carries until then goes when that
  // does.
  void move(const std::string& tunnel, const model::LocalEnd* local_end);

  // Looks at charon's table and says what to ask charon now. Visits the desired CHILD_SAs of connections where `changes` says
  // that the table changed since the last step, where something was said to this object meanwhile, and where something is due:
  // to visit others too would change nothing.
  [[nodiscard]] std::vector<Ask> step(const model::SaTable& sas, const model::SaIndex& index, const model::SaChanges& changes,
                                      Now now);
  [[nodiscard]] std::size_t visited() const { return visited_; }  // desired CHILD_SAs, in all steps

  // What the kernel has, as just looked at. A loss counts when the next look finds it too: charon and the kernel are not read
  // at one moment.
  void on_kernel(const model::SaTable& sas, const model::SaIndex& index, const reconcile::KernelSide& kernel, Now now);
  // When the kernel is to be looked at again because of that.
  [[nodiscard]] std::optional<TimePoint> kernel_look() const { return kernel_look_; }
  // What of the tunnel's the kernel lacks: "inbound SA, policy out"; empty: nothing.
  [[nodiscard]] std::string missing(const std::string& tunnel) const;
  // The tunnels whose last attempt may have failed, or of which the kernel may lack something; all others are well.
  [[nodiscard]] std::set<std::string> troubled() const;
  // Whether an SA that charon does not know may count for somebody.
  [[nodiscard]] bool leans_on_the_kernel() const { return left_behind_ > 0; }
  // The desired CHILD_SAs of which nothing shall be left.
  [[nodiscard]] std::set<std::string> ended() const;
  // Changes whenever those may have.
  [[nodiscard]] std::uint64_t ended_revision() const { return ended_revision_; }

  // What the probes behind a desired CHILD_SA say: why nothing comes back by it ("A_VTIV4 is silent"), or nothing. Silence
  // is renewed away where the file says so, by a rekey of the CHILD_SA alone: after as long as it says, and then after longer
  // and longer.
  void on_silence(const std::string& desired, const std::string& reason, Now now);

  // charon's answer to an AskInitiate (accepted or refused), and to an AskLook (the table is fresh for that desired CHILD_SA).
  void on_initiated(const std::string& desired, const Result<void>& outcome, Now now);
  void on_looked(const std::string& desired);
  // What charon's log says of a refusal: it becomes part of the reason.
  void on_refusal(const std::string& connection, const std::string& text);

  // The tunnels where an attempt ended without a word of the peer, since the last call.
  [[nodiscard]] std::set<std::string> take_unanswered() { return std::exchange(unanswered_, {}); }

  // `down` holds until `up` or a restart. `up` lets go and begins an attempt at once, also for a responder.
  void hold_down(const std::string& desired);
  void bring_up(const std::string& desired, Now now);

  // A standby ends what there is and begins nothing, whatever else was asked for. Afterwards everything begins at once.
  void stand_by(bool standby, Now now, std::string remedy = "vtictl role active");

  // Held down, and nothing of it is left in charon.
  [[nodiscard]] bool is_gone(const std::string& desired) const;

  // Unknown names give nullptr.
  [[nodiscard]] const TunnelView* view(const std::string& desired) const;
  // Of all its desired CHILD_SAs the worst: a tunnel is up when everything that it wants is.
  [[nodiscard]] std::optional<TunnelView> tunnel(const std::string& name) const;
  // The tunnels of which a desired CHILD_SA came or has another state, since the last call.
  [[nodiscard]] std::set<std::string> take_changed() { return std::exchange(changed_, {}); }
  [[nodiscard]] std::optional<TimePoint> next_deadline() const;

 private:
  struct Attempt {
    TimePoint began;
    TimePoint next_look;
    bool accepted = false;
    bool looked = false;  // at least one look since charon accepted
    bool seen = false;
    bool answered = false;
    std::optional<TimePoint> established{};  // since when
    std::string refusal{};                   // charon's own words
  };
  // What the kernel lacks although charon counts on it.
  struct Loss {
    std::string what;
    TimePoint since;
    bool confirmed = false;
    std::optional<TimePoint> rekeyed{};  // when that was asked for; it has not helped so far
  };
  struct Silence {
    std::string reason;
    TimePoint since;
    std::uint32_t ike = 0;                    // the newest IKE_SA when it was first seen; 0: not yet
    std::optional<TimePoint> next_renewal{};  // none: as long after `since` as the file says
  };
  // From SAs where our end was to those where it is.
  struct Transfer {
    TimePoint began;
    TimePoint next_look;
    TimePoint next_try;
    std::uint32_t newest = 0;  // IKE_SA when it began
  };
  struct SupervisedChild {
    DesiredChildSa desired;
    TunnelView view;
    bool held = false;
    bool requested = false;  // `vtictl up` of a tunnel that does not initiate by itself
    bool leaving = false;    // no longer in the file: forgotten when its SAs are gone
    bool replacing = false;  // its identity or its peer's address changed: the old SAs go first
    std::optional<ResolvedPeer> resolved_peer;
    bool moved = false;  // its peer's name has other addresses, and its SAs have not been held against them yet
    std::optional<model::LocalEnd> local_end{};
    std::optional<net::Address> place{};  // where it was last
    bool displaced = false;               // our end moved, and its SAs have not been held against that yet
    std::optional<Transfer> transfer{};
    Backoff transfers{};
    bool unproven = true;   // no live CHILD_SA was seen since vtid's start, or since charon was lost
    bool lost = false;      // it was up when charon was lost, and nothing has been tried yet since it is back
    bool sas_left = false;  // SAs of its reqid are in the kernel, as last seen
    std::optional<Loss> loss;
    std::optional<Silence> silence;
    Backoff renewals;
    Backoff repairs;
    int quick_repairs = 0;
    TimePoint next_repair;
    Backoff backoff;
    TimePoint next_attempt;
    std::optional<Attempt> attempt;
    std::optional<TimePoint> terminating;  // since when
    TimePoint next_look;                   // while terminating
    bool forced = false;
    bool gone = false;               // as of the last step: to be torn down, with nothing left
    std::optional<TimePoint> due{};  // when to visit it again though nothing changes

    // charon was asked to begin, and its table has not been read since: it does not tell of an IKE_SA that it begins.
    [[nodiscard]] bool begins_unseen() const { return attempt && !(attempt->accepted && attempt->looked); }
    [[nodiscard]] bool stays() const { return desired.enabled && !held && !leaving && !replacing; }
  };

  // What charon's table holds of a desired CHILD_SA at this step.
  struct Seen {
    model::SaIndex::Ikes ikes;
    bool carries = false;
    bool shared = false;  // others, which stay, live in the same IKE_SA
    [[nodiscard]] bool anything_left() const { return carries || (!shared && !ikes.empty()); }
  };

  using Ikes = model::SaIndex::Ikes;

  static void reset_attempts(SupervisedChild& supervised, Now now);
  static void leave_old_address(SupervisedChild& supervised, Ikes ikes, Now now);
  void follow_ends(const std::vector<SupervisedChild*>& marked, const model::SaIndex& index, Now now, std::vector<Ask>& asks);
  void follow_end(const std::vector<SupervisedChild*>& connection, const model::SaIndex& index, Now now,
                  std::vector<Ask>& asks);
  void transfer(SupervisedChild& supervised, Ikes ikes, Now now, std::vector<Ask>& asks);
  static void go_on_here(SupervisedChild& supervised, Now now);
  [[nodiscard]] static bool is_here(const SupervisedChild& supervised, const model::IkeSa& ike);
  void index_desired();
  void mark(SupervisedChild& supervised) { dirty_.insert(&supervised); }
  void mark_all();
  void mark(const model::SaChanges& changes);
  void mark_due(Now now);
  [[nodiscard]] std::vector<SupervisedChild*> take_marked();
  void visit(const std::vector<SupervisedChild*>& marked, const model::SaIndex& index, Now now, std::vector<Ask>& asks);
  void lose_sight(const std::vector<SupervisedChild*>& marked, Now now);
  void note_trouble(const SupervisedChild& supervised);
  void unschedule(SupervisedChild& supervised);
  void put_away(SupervisedChild& supervised);
  [[nodiscard]] static std::string called_peer(const SupervisedChild& supervised);
  [[nodiscard]] bool lacks_address(SupervisedChild& supervised, Now now);
  [[nodiscard]] bool lacks_place(SupervisedChild& supervised, Now now);
  void follow(SupervisedChild& supervised, const Seen& seen, Now now, std::vector<Ask>& asks);
  void pursue(SupervisedChild& supervised, Ikes ikes, Now now, std::vector<Ask>& asks);
  void wait(SupervisedChild& supervised, Ikes ikes, Now now);
  bool begin(SupervisedChild& supervised, Now now, std::vector<Ask>& asks);
  [[nodiscard]] bool take_turn(SupervisedChild& supervised, Now now);
  static void add_refusal(std::string& to, const std::string& text);
  void fail_attempt(SupervisedChild& supervised, Now now, std::string reason, std::string remedy);
  void call_after_loss(SupervisedChild& supervised, Now now);
  void repair(SupervisedChild& supervised, Now now, std::vector<Ask>& asks);
  void note_loss(SupervisedChild& supervised, std::string missing, Now now);
  void renew(SupervisedChild& supervised, Now now, std::vector<Ask>& asks);
  static void forget_former_silence(SupervisedChild& supervised, Ikes ikes);
  void judge_carriage(SupervisedChild& supervised, Now now);
  void set_left_behind(SupervisedChild& supervised, bool left_behind);
  static void look_for(SupervisedChild& supervised, Now now, std::vector<Ask>& asks);
  void tear_down(SupervisedChild& supervised, const Seen& seen, Now now, std::vector<Ask>& asks);
  void explain_hold(SupervisedChild& supervised) const;
  void set_state(SupervisedChild& supervised, model::TunnelState state, Now now);
  static void wake_at(SupervisedChild& supervised, TimePoint time);
  [[nodiscard]] bool stays(const SupervisedChild& supervised) const { return !standby_ && supervised.stays(); }

  std::function<std::uint32_t()> random_;
  std::map<std::string, SupervisedChild> supervised_;          // by the desired CHILD_SA's name
  std::map<std::string, std::vector<std::string>> by_tunnel_;  // the names of the file's desired CHILD_SAs
  std::unordered_map<std::string, std::vector<SupervisedChild*>> by_connection_;
  std::unordered_map<std::uint32_t, std::vector<SupervisedChild*>> by_unit_;
  std::set<SupervisedChild*> dirty_;                      // to be visited at the next step
  std::set<std::pair<TimePoint, SupervisedChild*>> due_;  // to be visited then; each at most once
  std::set<std::string> troubled_;                        // as of their last visit
  std::map<std::string, SupervisedChild*> for_turns_;     // those that may not begin in this window, by name
  std::size_t visited_ = 0;
  bool connected_ = false;  // charon, as of the last step
  std::set<std::string> unanswered_;
  std::optional<TimePoint> kernel_look_;
  bool standby_ = false;
  std::string standby_remedy_;
  std::set<std::string> changed_;
  std::uint64_t ended_revision_ = 0;
  std::size_t left_behind_ = 0;  // so many desired CHILD_SAs
  TimePoint rate_window_{};
  int begun_in_window_ = 0;
};

}  // namespace vtid::daemon
