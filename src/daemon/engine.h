// The one writer. Takes what came in (a file, charon's bytes, kernel notices, probe results, commands, time), looks again,
// plans, carries out, and publishes an immutable snapshot. Owns no socket and reads no clock: the loop around it does, and a
// test can be that loop. An event never says what to do, only that there is something to look at.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/backoff.h"
#include "base/clock.h"
#include "config/parse.h"
#include "daemon/change.h"
#include "daemon/executor.h"
#include "daemon/host_names.h"
#include "daemon/probes.h"
#include "daemon/requests.h"
#include "daemon/state_store.h"
#include "daemon/supervisor.h"
#include "daemon/tunnel_status.h"
#include "model/command.h"
#include "model/snapshot_view.h"
#include "platform/kernel.h"
#include "reconcile/deriver.h"
#include "reconcile/local_ends.h"
#include "reconcile/numbers.h"
#include "reconcile/plan.h"
#include "vici/charon.h"

namespace vtid::daemon {

// What the engine reads and writes beside the kernel and charon.
struct EngineWiring {
  platform::Kernel& kernel;
  StateStore& store;
  std::function<config::Parsed()> read_config;                                             // the file, again
  std::function<config::Parsed(std::string_view text, std::string_view path)> parse_text;  // for `plan FILE`
  // For `apply FILE`: judged as the file itself when it comes from root, else as for a plan.
  std::function<config::Parsed(const model::Apply&)> parse_applied = {};
  std::function<Result<void>(std::string_view text)> replace_config = {};
  std::string config_path;
  std::string version;
  std::uint32_t seed = 0;  // of the jitter
  std::function<void(const model::Event&)> publish = [](const model::Event&) {};
  std::function<void(const Change&)> changed = [](const Change&) {};
  std::function<model::Work()> loop_work = [] { return model::Work{}; };               // the loop's part of it
  std::function<model::Gateways()> gateway_health = [] { return model::Gateways{}; };  // the monitors' latest
  std::function<std::optional<model::GatewayHealth>(const std::string&)> health_of = [](const auto&) { return std::nullopt; };
  std::function<std::optional<TimePoint>(const std::string&)> last_answer = [](const auto&) { return std::nullopt; };
  std::function<model::HostFacts(const model::HostQuestion&)> read_host = [](const auto&) { return model::HostFacts{}; };
  std::function<void(std::vector<model::MtuPath>, Requests::Reply)> find_mtus = [](const auto& paths, const auto& reply) {
    reply(model::Answer{"", {}, {}, std::vector<model::MtuFinding>(paths.size())});
  };
};

// What follows gateways that fell, from their last answers to the last write.
struct TrafficMove {
  std::map<std::string, TimePoint> last_answers;  // by gateway
  bool planned = false;
  std::size_t writes = 0;
  std::size_t timed = 0;  // of them
  TimePoint last_write{};
};

class Engine {
 public:
  // Reads the file and the state directory; an invalid file is an error here, because there is nothing to keep running.
  [[nodiscard]] static Result<std::unique_ptr<Engine>> start(EngineWiring wiring, Now now);

  // What came in.
  void on_kernel_notices();
  void on_gateway_changed(const std::string& gateway, const model::GatewayHealth& health, Now now);
  void on_name_answer(const model::NameAnswer& answer, Now now);
  void on_command(const model::Command& command, Requests::Reply reply, Now now);
  [[nodiscard]] vici::Charon& charon() { return charon_; }  // the transport feeds it and takes its effects

  // Does what is due, one portion of kernel writes at most. When to call again at the latest; at once when in the past.
  [[nodiscard]] TimePoint step(Now now);

  [[nodiscard]] bool is_busy() const { return executor_.busy(); }  // with a plan

  // What it has cost so far: tests hold it to what changed.
  struct Work {
    std::size_t derived = 0;   // how often what is wanted was brought up to date
    std::size_t compared = 0;  // tunnels whose inputs were looked at, by that
    std::size_t parts = 0;     // tunnels that were made, by that
    std::size_t planned = 0;
    std::size_t visited = 0;      // desired CHILD_SAs, by the supervisor
    std::size_t statuses = 0;     // of tunnels, made for who asked
    std::size_t connections = 0;  // made for charon, whether or not it has them already
    bool operator==(const Work&) const = default;
  };
  [[nodiscard]] Work work() const {
    return {derivations_, deriver_.compared(), deriver_.parts(), plans_, supervisor_.visited(), statuses_, connections_made_};
  }

  // Takes away all that is ours when the file says so ("on_stop": "remove"); else nothing.
  void stop(Now now);

  // This moment, in place: to be read before anything else is asked of the engine.
  [[nodiscard]] model::SnapshotView view();
  // The moment of the last step, to keep.
  [[nodiscard]] std::shared_ptr<const model::Snapshot> snapshot();
  [[nodiscard]] const model::Config& config() const { return *config_; }
  // What the monitors are to probe, when that has changed: all of it with the file, else what is behind tunnels that came or
  // went. The step after it follows the states that the monitors then have.
  struct ProbeNews {
    std::vector<monitor::ProbeTarget> targets;
    bool all = true;
  };
  [[nodiscard]] std::optional<ProbeNews> take_probes();

  // The host names to look up now. Each is to be answered, and is not asked for again before.
  [[nodiscard]] std::vector<std::string> take_lookups() { return std::exchange(lookups_, {}); }

  // One look and one plan; nothing is written.
  [[nodiscard]] Result<model::Plan> plan_only();

 private:
  static constexpr Duration kSaveAgain{1'000};  // after the disk was full

  struct Pending {
    enum class Kind : std::uint8_t { initiate, look, rekey, repair, terminate } kind{};
    std::string tunnel;
  };

  // A configuration that runs and is not the file's, and the one to go back to.
  struct Trial {
    std::string text, path;
    TimePoint until;
    WallTime until_wall;
    std::shared_ptr<const model::Config> before;
  };

  Engine(EngineWiring wiring, vici::Loaded loaded, reconcile::Numbers numbers);

  Result<std::string> accept_config(config::Parsed parsed, Now now);
  void run(model::Config config, reconcile::Numbers numbers, Now now);
  Result<bool> look();  // whether it shows something new
  void follow_leases();
  void look_at_leases();
  Result<bool> look_for(const model::Config& config);
  [[nodiscard]] reconcile::Restraints restraints(const model::Config& config) const;
  [[nodiscard]] std::set<std::string> early_of(const std::vector<std::string>& on_demand) const;
  [[nodiscard]] bool derive_running();
  void mark_all_derived();
  void follow_losses(Now now);
  void follow_silence(const std::string& desired, Now now);
  void reconcile(Now now);
  bool plan(Now now);
  void carry_out(Now now);
  [[nodiscard]] bool needs_charon() const;
  [[nodiscard]] bool plan_is_due() const { return needs_plan_ || needs_derive_; }
  void follow_static_tunnels(Now now);
  void follow_charon(Now now);
  void take_sa_changes();
  void read_all_sas();
  void follow_gateways(Now now);
  void move_routes(Now now);
  void begin_move(const std::string& gateway);
  void follow_move(Now now);
  void save_state(Now now);
  void supervise(Now now);
  using Names = std::set<std::string_view>;  // of tunnels
  void want_connections(Now now, const Names& unchanged = {});
  [[nodiscard]] reconcile::NamedPeers named_peers(const model::Config& config) const;
  [[nodiscard]] model::LocalEnds local_ends_now() const;
  void follow_local_ends(Now now);
  void request_look_up(const model::Tunnel& tunnel, Now now);
  void ask(const Ask& ask, Now now);
  void ask(const std::vector<RekeyAsk>& asks, Now now);
  [[nodiscard]] vici::Ticket ticket(Pending::Kind kind, const std::string& tunnel);
  void collect_outcomes(Now now);
  void emit_changes(Now now);
  void emit_tunnels(Now now);
  void emit_unloaded(Now now);
  void emit(Now now, std::string kind, const std::string& object, const std::string& text);
  [[nodiscard]] Result<Requests::Target> find_target(const std::string& name) const;
  [[nodiscard]] model::CommandResult plan_for(const model::MakePlan& command);
  [[nodiscard]] model::CommandResult reload(Now now);
  [[nodiscard]] model::CommandResult apply(const model::Apply& apply, Now now);
  [[nodiscard]] model::CommandResult confirm(Now now);
  void end_trial(Now now);
  [[nodiscard]] model::CommandResult take_role(model::Role role, Now now);
  void change_role(model::Role role, Now now);
  [[nodiscard]] std::string standby_remedy() const;
  void see_role_address(Now now);
  void follow_role_address(Now now);
  [[nodiscard]] bool refresh_counters(const model::Refresh& refresh);
  void refresh_links(const std::string& tunnel);
  [[nodiscard]] bool read_rule_counters();
  void finish_counting(Now now);
  [[nodiscard]] std::vector<model::Problem> problems();
  [[nodiscard]] bool converged(const std::vector<model::Problem>& problems) const;
  [[nodiscard]] model::Work work_of_loop() const;
  [[nodiscard]] bool seen_everything() const { return kernel_seen_ && charon_.table().known; }
  [[nodiscard]] std::uint32_t random();

  EngineWiring wiring_;
  model::Capabilities system_;
  std::uint64_t random_state_;
  vici::Charon charon_;
  Executor executor_;
  Supervisor supervisor_;
  StaticTunnels static_tunnels_;
  HostNames names_;
  std::vector<std::string> lookups_;
  Requests requests_;
  std::map<vici::Ticket, Pending> tickets_;
  vici::Ticket last_ticket_ = 0;

  std::shared_ptr<const model::Config> config_;
  std::optional<Trial> trial_;
  std::map<std::string_view, const model::Tunnel*> tunnels_;  // of it
  std::optional<model::Problem> config_problem_;
  std::vector<model::Problem> config_warnings_;
  reconcile::Numbers numbers_;
  model::Role role_ = model::Role::active;
  std::optional<model::Role> saved_role_;    // none: it could not be saved
  std::optional<model::Role> address_role_;  // by the address that it follows; none: nobody has looked
  std::optional<TimePoint> role_due_;        // it says another role, and has to go on until then
  bool numbers_unsaved_ = false;             // why the file was refused
  std::optional<TimePoint> save_again_;      // something could not be saved
  model::Observed observed_;
  std::map<net::IfName, model::LinkCounters> counters_;
  std::map<std::string, model::RuleCounters> rule_counters_;
  std::vector<std::pair<TimePoint, Requests::Reply>> counting_;  // who waits for them, until when
  std::optional<model::Problem> kernel_problem_;
  model::GatewaySelection selection_;
  Probes probes_;
  reconcile::SpiScope spi_scope_;
  reconcile::SaFacts sa_facts_;         // as charon's table is
  model::SaChanges unsupervised_;       // of it, since the supervisor's last step
  std::vector<std::string> on_demand_;  // the file's tunnels for which charon needs a connection before their packets come
  std::set<std::string> early_;         // those of them where it has none
  reconcile::Deriver deriver_;
  reconcile::Host host_;  // as deriver_ follows it
  model::LocalEnds local_ends_;
  bool locates_ends_ = false;                  // the file says of some tunnel where it begins otherwise than by an address
  std::set<net::IfName> leased_devices_;       // of dynamic gateways
  std::set<std::string> located_named_peers_;  // of those tunnels the ones whose peers have host names
  std::size_t derivations_ = 0;
  std::size_t plans_ = 0;
  std::size_t statuses_ = 0;
  std::size_t connections_made_ = 0;
  std::uint64_t ended_revision_ = 0;  // planned
  std::map<std::string, model::TunnelState> reported_states_;
  bool reported_connected_ = false;
  std::uint64_t generation_ = 0;
  std::uint64_t charon_revision_ = 0;
  std::uint64_t saved_revision_ = 0;  // of what charon has loaded
  TimePoint record_due_{};            // of that: not before, unless it has to be
  bool kernel_seen_ = false;
  bool needs_observe_ = true;
  bool needs_selection_ = true;
  bool needs_local_ends_ = true;
  bool needs_plan_ = true;
  bool needs_derive_ = true;  // something changed that derive reads: then it is planned too, if it says another thing
  bool static_tunnels_changed_ = true;
  bool probes_changed_ = true;                      // all
  std::set<std::string> probed_changed_;            // the tunnels behind which some have
  std::map<std::string, bool> gateways_changed_{};  // to usable by themselves, or not
  std::set<std::string> fallen_;                    // gateways, since routes were last chosen
  std::optional<TrafficMove> move_;                 // under way
  std::map<std::string, Duration> moves_;           // the latest of each gateway
  struct ProbesTold {
    model::GatewayState state{};
    model::Answers answers{};
  };
  std::map<std::string, ProbesTold> probes_told_;             // by gateway
  bool wrote_ = false;                                        // since the last look
  Backoff write_again_{{Duration{1'000}, Duration{60'000}}};  // what was written and is not there
  std::set<std::uint32_t> lost_sas_;                          // SPIs of others that went, not yet followed
  bool lost_policies_ = false;
  std::optional<TimePoint> losses_due_;
  TimePoint next_look_{};  // not before
  TimePoint next_plan_{};  // in the place of one that is being carried out: not before
  TimePoint replan_{};     // after what changes by itself: not before
  TimePoint rescan_{};     // at the latest
  std::uint64_t steps_ = 0, kernel_writes_ = 0, kernel_refusals_ = 0;
  Now now_{};
  std::shared_ptr<const model::Snapshot> snapshot_;  // empty: out of date

  // What is shown of the running configuration, made when it is first asked for.
  struct Shown {
    model::ConfigIndex names;
    std::map<net::ReqId, std::string_view> tunnel_by_reqid;
    std::vector<model::Problem> missing_means;
  };
  std::unique_ptr<const Shown> shown_;
  [[nodiscard]] const Shown& shown();
  [[nodiscard]] StatusSources status_sources();
};

}  // namespace vtid::daemon
