// The whole relation with one charon, over three connections to its vici socket: events (always read), queries and commands.
// It keeps the table of SAs up to date, loads the connections that are wanted and carries out requests. It holds no socket and
// reads no clock: inputs come with the time, and what is to be done on the sockets comes out as effects.
//
//   charon.on_time(now);                              // opens at once when next_deadline() is in the past, as it is at first
//   if (charon.loaded() changed) save it;             // before the effects: a crash must not make our connections foreign
//   for (Effect& effect : charon.take_effects()) …    // Open -> later on_opened or on_closed; Send; Close
//   charon.on_bytes(channel, bytes, now);             // in pieces of any size
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/error.h"
#include "model/op.h"
#include "model/sa_table.h"
#include "vici/connection.h"
#include "vici/loader.h"
#include "vici/refusals.h"
#include "vici/sa_poller.h"
#include "vici/sa_view.h"
#include "vici/session.h"

namespace vtid::vici {

enum class Channel : std::uint8_t { events, queries, commands };

struct Open {
  Channel channel;
  bool operator==(const Open&) const = default;
};
struct Send {
  Channel channel;
  std::string bytes;
  bool operator==(const Send&) const = default;
};
// Close the connection, or give up opening it. Nothing more may be reported about it.
struct Close {
  Channel channel;
  bool operator==(const Close&) const = default;
};
using Effect = std::variant<Open, Send, Close>;

inline constexpr std::size_t kMostInitiates = 32'767;  // that wait for their connection: each unit's

struct Outcome {
  Ticket ticket = 0;
  Result<void> result;
  bool operator==(const Outcome&) const = default;
};

// What to terminate: every IKE_SA of a connection, one by its uniqueid, or the CHILD_SAs of a name.
struct Terminate {
  std::string ike;           // the connection; empty when ike_id says it
  std::string child;         // only these of it; empty: all
  std::uint32_t ike_id = 0;  // 0: all of the connection
  bool force = false;        // do not wait for the peer's consent
};
// What to rekey: a connection's IKE_SAs, or CHILD_SAs of a name.
struct RekeySa {
  std::string ike;    // the connection; empty when only `child` counts
  std::string child;  // empty: the IKE_SA itself
};

class Charon {
 public:
  // `loaded` is what loaded() said before vtid's last stop. `random` spreads the retries.
  Charon(Loaded loaded, std::function<std::uint32_t()> random);

  // Input from the sockets and the clock. A refused connect (ENOENT, ECONNREFUSED, EAGAIN) is an on_closed like any other.
  // `run` is which run of which process is at the other end; empty: not known.
  void on_opened(Channel channel, std::string_view run, Now now);
  void on_bytes(Channel channel, std::string_view bytes, Now now);
  void on_closed(Channel channel, std::string_view reason, Now now);
  void on_time(Now now);
  [[nodiscard]] TimePoint next_deadline() const;

  // The connections that charon shall have of us: loads what is new or changed, unloads ours that left. The same set again
  // sends nothing. Before the first call nothing is loaded and nothing unloaded.
  void want(std::vector<WantedConnection> connections, Now now);

  // Requests answer with an Outcome of that ticket, always, at once when charon is away. initiate() and terminate() succeed
  // when charon has accepted them; what becomes of them shows in the table.
  void initiate(Ticket ticket, const std::string& ike, const std::string& child, Now now);
  void terminate(Ticket ticket, const Terminate& what, Now now);
  void rekey(Ticket ticket, const RekeySa& what, Now now);
  // Brings the table up to date for one connection: half-open IKE_SAs raise no events. Success: the table is fresh.
  void look(Ticket ticket, const std::string& ike, Now now);

  [[nodiscard]] const model::SaTable& table() const { return view_.table(); }
  [[nodiscard]] const model::SaIndex& index() const { return view_.index(); }
  // Where the table changed since the last call.
  [[nodiscard]] model::SaChanges take_changes() { return view_.take_changes(); }
  [[nodiscard]] std::vector<model::Problem> problems() const;
  [[nodiscard]] const Loaded& loaded() const { return loader_.loaded(); }
  [[nodiscard]] Loaded record() { return loader_.record(); }  // of it, to be kept; see Loader
  [[nodiscard]] bool is_ahead_of_record() const { return loader_.is_ahead_of_record(); }
  [[nodiscard]] std::uint64_t loaded_revision() const { return loader_.loaded_revision(); }  // changes whenever that may have
  // Changes whenever table(), problems() or loaded() may have changed.
  [[nodiscard]] std::uint64_t revision() const { return revision_; }
  // What others have unloaded of ours since the last call. It is loaded again by itself.
  [[nodiscard]] std::vector<Unloaded> take_unloaded() { return loader_.take_unloaded(); }
  // Whether it has this connection of ours, as it was last loaded.
  [[nodiscard]] bool has_connection(const std::string& name) const { return loader_.has(name); }
  // charon is in step with the last want(), or has refused what is missing.
  [[nodiscard]] bool settled() const { return table().connected && loader_.settled(); }

  [[nodiscard]] std::vector<Effect> take_effects();
  [[nodiscard]] std::vector<Outcome> take_outcomes();
  // What charon's log said of refusals since the last call. A charon that could deadlock on that is not asked.
  [[nodiscard]] std::vector<Refusal> take_refusals() { return std::exchange(refusals_, {}); }

 private:
  // What an answer is for.
  struct Subscribed {};
  struct LogSubscribed {};
  struct VersionAsked {};
  struct StatsAsked {};
  struct ConnectionsAsked {};
  struct KeysAsked {};
  struct AuthoritiesAsked {};
  struct SecretsAsked {};
  struct ListAsked {};
  struct TicketAsked {
    Ticket ticket;
  };
  using Purpose = std::variant<Subscribed, LogSubscribed, VersionAsked, StatsAsked, ConnectionsAsked, KeysAsked,
                               AuthoritiesAsked, SecretsAsked, ListAsked, Step, TicketAsked>;

  enum class LineState : std::uint8_t { closed, opening, open };
  struct Line {
    LineState state = LineState::closed;
    Session session;
    std::map<RequestId, Purpose> purposes;
  };
  struct Initiate {
    Ticket ticket;
    std::string ike;
    std::string child;
  };
  // What is known of the charon at the other end of the open lines.
  struct Peer {
    std::size_t subscriptions = 0;   // answered
    std::optional<std::string> run;  // none before a line is open
    model::CharonVersion version;
    bool stats_known = false;
    std::size_t ikes = 0;  // in stats, to tell whether a list was whole
    std::size_t listed = 0;
    bool inventory_due = true;
    bool inventory_asked = false;
    bool log_asked = false;
    Inventory inventory;
    SaView view;  // until it is whole and replaces ours
  };

  Line& line(Channel channel) { return lines_.at(static_cast<std::size_t>(channel)); }
  SaView& current_view() { return table().connected ? view_ : peer_.view; }

  [[nodiscard]] bool all_open() const;
  bool meets(std::string_view run);
  void open_all(Now now);
  void lose(const std::string& reason, Now now);  // not a text of the session that ends
  void pump(Now now);
  bool receive(Channel channel, Now now);
  void advance(Now now);
  void subscribe_to_log(Now now);
  void advance_inventory(Now now);
  void advance_polling(Now now);
  void advance_loads(Now now);
  void note_outliving(const Step& step);
  void add_older(std::vector<model::Problem>& problems) const;
  void send_initiate(const Initiate& initiate, Now now);
  void ask(Channel channel, std::string_view command, const Message& message, Purpose purpose, Now now);
  void ask_ticket(Ticket ticket, std::string_view command, const Message& message, Now now);

  void on_report(Line& line, Report report, Now now);
  void on_answer(const Subscribed& asked, const Result<Message>& answer, Now now);
  void on_answer(const LogSubscribed& asked, const Result<Message>& answer, Now now);
  void on_answer(const VersionAsked& asked, const Result<Message>& answer, Now now);
  void on_answer(const StatsAsked& asked, const Result<Message>& answer, Now now);
  void on_answer(const ConnectionsAsked& asked, const Result<Message>& answer, Now now);
  void on_answer(const KeysAsked& asked, const Result<Message>& answer, Now now);
  void on_answer(const AuthoritiesAsked& asked, const Result<Message>& answer, Now now);
  void on_answer(const SecretsAsked& asked, const Result<Message>& answer, Now now);
  std::set<std::string> names(const Result<Message>& answer, std::string_view list);
  void on_answer(const ListAsked& asked, const Result<Message>& answer, Now now);
  void on_answer(const Step& asked, const Result<Message>& answer, Now now);
  void on_answer(const TicketAsked& asked, const Result<Message>& answer, Now now);
  void on_listed(const Message& message, Now now);
  void on_event(const Raised& raised, Now now);
  void adopt(Now now);
  void conclude(Ticket ticket, Result<void> result);

  std::function<std::uint32_t()> random_;
  Loader loader_;
  SaPoller poller_;
  SaView view_;
  Peer peer_;
  std::array<Line, 3> lines_;
  std::vector<Initiate> waiting_;  // for their connection to be loaded
  Backoff backoff_;
  TimePoint next_try_{};   // of opening, while all lines are closed
  TimePoint opened_by_{};  // else the attempt has failed
  TimePoint relist_at_{};
  Backoff inventory_pace_;
  TimePoint inventory_at_{};
  std::string lost_because_;
  std::uint64_t revision_ = 0;
  std::vector<Effect> effects_;
  std::vector<Outcome> outcomes_;
  std::vector<Refusal> refusals_;
};

}  // namespace vtid::vici
