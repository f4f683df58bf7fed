// vtid: the wiring. Who produces what for whom is written here and nowhere else.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <exception>

#include "base/log.h"
#include "base/printable.h"
#include "base/random.h"
#include "base/signals.h"
#include "base/standard_fds.h"
#include "base/wipe.h"
#include "config/parse.h"
#include "config/print.h"
#include "daemon/config_files.h"
#include "daemon/drop_history.h"
#include "daemon/engine.h"
#include "daemon/files.h"
#include "daemon/hook_runner.h"
#include "daemon/options.h"
#include "io/control_server.h"
#include "io/http_server.h"
#include "io/loop.h"
#include "io/mtu_probe.h"
#include "io/prober.h"
#include "io/resolver.h"
#include "io/vici_transport.h"
#include "platform/arp.h"
#include "platform/host.h"
#include "platform/kernel.h"
#include "platform/memory/memory_kernel.h"
#include "platform/peer.h"
#include "platform/process.h"
#include "vtid/version.h"

namespace vtid::daemon {
namespace {

constexpr int kFailed = 1;
constexpr int kFound = 4;
constexpr int kSignsOfLife = 3;             // within the time after which a service manager holds a silent daemon for hung
constexpr Duration kRememberAgain{10'000};  // after the disk was full
constexpr Duration kRememberAfter{1'000};   // many gateways that change together are written down once, and after they moved

int complain(const Error& error) {
  log::say(printable("vtid: " + error.text, Newlines::kept));
  if (!error.remedy.empty()) log::say(printable("  " + error.remedy, Newlines::kept));
  return kFailed;
}

// What was asked for, by stdout.
int put_out(const std::string& text) {
  if (std::fputs(printable(text, Newlines::kept).c_str(), stdout) >= 0 && std::fflush(stdout) == 0) return 0;
  return complain({fmt::format("cannot write to the standard output: {}", std::strerror(errno)), ""});
}

void print_findings(const std::vector<config::Finding>& findings) {
  for (const config::Finding& finding : findings) log::say(printable(config::print(finding), Newlines::kept));
}

// The system on which a file is checked is the one on which it is to run.
int check(const Options& options) {
  const bool native = options.kernel == Options::KernelChoice::native;
  const config::Parsed parsed =
      check_config(options.config, native ? platform::native_capabilities() : platform::MemoryKernel().capabilities());
  print_findings(parsed.errors);
  print_findings(parsed.warnings);
  if (!parsed.config) return kFound;
  return put_out(config::print_canonical(*parsed.config));
}

Result<std::unique_ptr<platform::Kernel>> open_kernel(const Options& options) {
  if (options.kernel == Options::KernelChoice::memory) return std::make_unique<platform::MemoryKernel>();
  return platform::open_native_kernel();
}

// With what reading cost, so that one can tell it from what follows.
config::Parsed read_and_time(const std::filesystem::path& path, const model::Capabilities& system) {
  const std::clock_t began = std::clock();
  config::Parsed parsed = read_config(path, system);
  const double took = static_cast<double>(std::clock() - began) * 1000 / CLOCKS_PER_SEC;
  log::debug("configuration read", {{"file", path.string()}, {"cpu_ms", fmt::format("{:.1f}", took)}});
  return parsed;
}

EngineWiring wiring_for(const Options& options, platform::Kernel& kernel, StateStore& store) {
  return {.kernel = kernel,
          .store = store,
          .read_config = [path = options.config, system = kernel.capabilities()] { return read_and_time(path, system); },
          .parse_text = {},
          .config_path = options.config.string(),
          .version = std::string(kVersion),
          .seed = static_cast<std::uint32_t>(random_bits())};
}

std::function<model::HostFacts(const model::HostQuestion&)> host_reader() {
  return [history = DropHistory(platform::read_drops().value_or(std::vector<model::DropCounter>{}))](
             const model::HostQuestion& question) mutable {
    model::HostFacts facts = platform::read_host(question);
    if (facts.drops) history.compare(*facts.drops);
    return facts;
  };
}

io::Prober::ArpMeans arp_means() {
  return {platform::open_arp_socket, platform::send_arp_request, platform::receive_arp_reply};
}

int print_plan(const Options& options, platform::Kernel& kernel) {
  const auto store = peek_state_directory(options.state);
  if (!store) return complain(store.error());
  auto engine = Engine::start(wiring_for(options, kernel, **store), io::Loop::now());
  if (!engine) return complain(engine.error());
  const auto plan = (*engine)->plan_only();
  if (!plan) return complain(plan.error());
  std::string text;
  for (const model::Op& op : plan->ops) text += fmt::format("{}: {}\n", print(op.change), op.reason);
  for (const model::Problem& problem : plan->problems)
    text += fmt::format("{} {}: {}; {}\n", print(problem.severity), problem.object, problem.text, problem.remedy);
  return put_out(text);
}

// The running daemon: the engine, and around it everything that has a descriptor.
class Daemon {
 public:
  Daemon(const Options& options, platform::Kernel& kernel, StateStore& store, io::Loop loop)
      : options_(options), kernel_(kernel), store_(store), loop_(std::move(loop)) {}

  int run() {
    EngineWiring wiring = wiring_for(options_, kernel_, store_);
    wiring.parse_text = [this](std::string_view text, std::string_view path) {
      return parse_draft(text, path, options_.config.parent_path(), engine_->config(), kernel_.capabilities());
    };
    wiring.parse_applied = [this](const model::Apply& apply) {
      const auto folder = options_.config.parent_path();
      return apply.by_root ? parse_in_place(apply.text, apply.path, folder, kernel_.capabilities())
                           : parse_draft(apply.text, apply.path, folder, engine_->config(), kernel_.capabilities());
    };
    wiring.replace_config = [this](std::string_view text) { return replace_config(options_.config, text); };
    wiring.publish = [this](const model::Event& event) {
      if (control_) control_->publish(event);
      if (http_) http_->publish(event);
    };
    wiring.changed = [this](const Change& change) { hooks_.on_change(engine_->config(), change); };
    if (options_.kernel == Options::KernelChoice::native) wiring.read_host = host_reader();
    wiring.find_mtus = [this](std::vector<model::MtuPath> paths, const Requests::Reply& reply) {
      find_mtus(std::move(paths), reply);
    };
    wiring.loop_work = [this] { return work_; };
    wiring.gateway_health = [this] { return prober_ ? prober_->health() : model::Gateways{}; };
    wiring.health_of = [this](const std::string& gateway) { return prober_ ? prober_->health(gateway) : std::nullopt; };
    wiring.last_answer = [this](const std::string& gateway) {
      return prober_ ? prober_->last_answer(gateway) : std::optional<TimePoint>();
    };
    auto engine = Engine::start(std::move(wiring), io::Loop::now());
    if (!engine) return complain(engine.error());
    engine_ = std::move(*engine);
    wipe_stack();  // the file's secrets went by it
    if (signals::stop_waits()) return stopped_early();
    if (auto opened = open_control(); !opened) return complain(opened.error());
    connect_charon();
    const auto on_change = [this](const std::string& gateway, const model::GatewayHealth& health) {
      engine_->on_gateway_changed(gateway, health, io::Loop::now());
      hooks_.on_change(engine_->config(), gateway, health);
      if (!remember_at_) remember_at_ = io::Loop::now().steady + kRememberAfter;
      turn_soon();
    };
    prober_.emplace(loop_.context(), on_change, arp_means());
    recall_gateways();
    resolver_.emplace(loop_.context(), io::Resolver::Wiring{.answered = [this](const model::NameAnswer& answer) {
                        engine_->on_name_answer(answer, io::Loop::now());
                        turn_soon();
                      }});
    if (auto watched = watch(); !watched) return complain(watched.error());
    turn();
    platform::notify_ready(fmt::format("{} tunnels", engine_->config().tunnels.size()));
    if (const auto deadline = platform::watchdog())
      loop_.every(std::max(*deadline / kSignsOfLife, Duration{1}), [] { platform::notify_alive(); });
    log::info("vtid started", {{"version", std::string(kVersion)}, {"file", options_.config.string()}});
    loop_.run();
    platform::notify_stopping();
    engine_->stop(io::Loop::now());
    remember_gateways();
    log::info("vtid stopped");
    return 0;
  }

 private:
  // Nothing was changed yet.
  static int stopped_early() {
    log::info("vtid stopped", {{"reason", "asked to while starting"}});
    return 0;
  }

  // Signals last: those that came while starting are answered now.
  Result<void> watch() {
    auto watched = loop_.on_readable(kernel_.descriptors(), [this] {
      engine_->on_kernel_notices();
      turn_soon();
    });
    if (!watched) return watched;
    const auto noted = signals::listen();
    if (!noted) return std::unexpected(noted.error());
    return loop_.on_readable(*noted, [this] { on_signals(signals::take()); });
  }

  void on_signals(signals::Noted noted) {
    if (noted.stop) return loop_.stop();
    if (noted.reload) return command(model::Reload{}, {}, [](const model::CommandResult&) {});
    if (noted.child) turn();
  }

  Result<void> open_control() {
    io::ControlWiring wiring;
    wiring.snapshot = [this] { return engine_->view(); };
    wiring.post = [this](model::Command asked, const model::Caller& caller, Requests::Reply reply) {
      command(std::move(asked), caller, std::move(reply));
    };
    wiring.peer = platform::peer_of;
    auto server = io::ControlServer::open(loop_.context(), {.path = options_.socket}, std::move(wiring));
    if (!server) return std::unexpected(server.error());
    control_.emplace(std::move(*server));
    open_http();
    return {};
  }

  // Listens when the first turn has the file's places.
  void open_http() {
    io::HttpWiring wiring;
    wiring.snapshot = [this] { return engine_->snapshot(); };
    wiring.post = [this](model::Command asked, const model::Caller& caller, Requests::Reply reply) {
      command(std::move(asked), caller, std::move(reply));
    };
    http_.emplace(loop_.context(), std::move(wiring));
  }

  void connect_charon() {
    io::ViciTransport::Wiring wiring;
    wiring.run_of_peer = platform::run_of_peer;
    wiring.opened = [this](vici::Channel channel, std::string_view run) {
      engine_->charon().on_opened(channel, run, io::Loop::now());
      turn_soon();
    };
    wiring.received = [this](vici::Channel channel, std::string_view bytes) {
      engine_->charon().on_bytes(channel, bytes, io::Loop::now());
      turn_soon();
    };
    wiring.closed = [this](vici::Channel channel, const std::string& reason) {
      engine_->charon().on_closed(channel, reason, io::Loop::now());
      turn_soon();
    };
    charon_.emplace(loop_.context(), engine_->config().vici, std::move(wiring));
  }

  void command(model::Command asked, const model::Caller& caller, Requests::Reply reply) {
    const bool reloads = std::holds_alternative<model::Reload>(asked) || std::holds_alternative<model::Apply>(asked);
    if (auto* apply = std::get_if<model::Apply>(&asked)) apply->by_root = caller.uid == 0;
    if (reloads) platform::notify_reloading();
    engine_->on_command(asked, std::move(reply), io::Loop::now());
    wipe_stack();  // a file's secrets may have gone by it
    if (reloads) platform::notify_ready(fmt::format("{} tunnels", engine_->config().tunnels.size()));
    turn();
  }

  void find_mtus(std::vector<model::MtuPath> paths, const Requests::Reply& reply) {
    if (mtu_searches_ >= io::kMostMtuSearches) {
      return reply(fail(fmt::format("{} searches for an MTU run already", mtu_searches_), "try again when they have ended"));
    }
    ++mtu_searches_;
    const auto found = [this, reply](std::vector<model::MtuFinding> findings) {
      --mtu_searches_;
      reply(model::Answer{"", {}, {}, std::move(findings)});
    };
    io::find_mtus(loop_.context(), std::move(paths), found, [reply] { return reply.is_wanted(); });
  }

  void recall_gateways() {
    if (auto memories = store_.load_gateways()) {
      prober_->recall(std::move(*memories));
    } else {
      log::warning("gateways not remembered", {{"reason", memories.error().text}, {"remedy", memories.error().remedy}});
    }
    if (auto probes = engine_->take_probes()) prober_->set_targets(std::move(probes->targets));  // the first plan follows them
  }

  void remember_gateways() {
    remember_at_.reset();
    if (const auto saved = store_.save_gateways(prober_->remember()); !saved) {
      log::warning("gateways not saved", {{"reason", saved.error().text}});
      remember_at_ = io::Loop::now().steady + kRememberAgain;
    }
  }

  // Once for all that has arrived together. What is asked for already is not put off by what comes then.
  void turn_soon() {
    if (!std::exchange(turn_is_due_, true)) loop_.wake_at(io::Loop::now().steady, [this] { turn(); });
  }

  // Everything that comes in ends here: what is due is done, and the sockets get what is for them.
  void turn() {
    const auto began = std::chrono::steady_clock::now();
    act();
    const std::chrono::duration<double> held = std::chrono::steady_clock::now() - began;
    work_.busy_seconds += held.count();
    work_.longest_hold_seconds = std::max(work_.longest_hold_seconds, held.count());
  }

  void act() {
    turn_is_due_ = false;
    TimePoint next = engine_->step(io::Loop::now());
    charon_->lead_to(engine_->config().vici);
    http_->lead_to(engine_->config().http);
    for (vici::Effect& effect : engine_->charon().take_effects()) charon_->carry_out(std::move(effect));
    if (auto probes = engine_->take_probes()) {
      if (probes->all) {
        prober_->set_targets(std::move(probes->targets));
        next = {};  // what they say of new gateways is to be followed at once
      } else {
        prober_->update_targets(probes->targets);
      }
    }
    for (const std::string& name : engine_->take_lookups()) resolver_->ask(name);
    hooks_.step(io::Loop::now().steady);  // last: nothing waits for them
    if (remember_at_ && *remember_at_ <= io::Loop::now().steady) remember_gateways();
    next = std::min({next, hooks_.next_deadline().value_or(next), remember_at_.value_or(next)});
    loop_.wake_at(next, [this] { turn(); });
  }

  const Options& options_;
  platform::Kernel& kernel_;
  StateStore& store_;
  io::Loop loop_;
  std::unique_ptr<Engine> engine_;
  std::optional<io::ControlServer> control_;
  std::optional<io::HttpServer> http_;
  std::optional<io::ViciTransport> charon_;
  std::optional<io::Prober> prober_;
  std::optional<io::Resolver> resolver_;
  HookRunner hooks_;
  std::size_t mtu_searches_ = 0;  // under way
  bool turn_is_due_ = false;
  std::optional<TimePoint> remember_at_;
  model::Work work_;  // the loop's part
};

int run(const Options& options, platform::Kernel& kernel) {
  auto store = options.kernel == Options::KernelChoice::memory ? make_memory_store() : open_state_directory(options.state);
  if (!store) return complain(store.error());
  auto loop = io::Loop::open();
  if (!loop) return complain(loop.error());
  return Daemon(options, kernel, **store, *std::move(loop)).run();
}

int start(int argc, char** argv) {
  const auto parsed = parse_options(argc, argv);
  if (const int* status = std::get_if<int>(&parsed)) return *status;
  const Options& options = std::get<Options>(parsed);
  if (options.mode != Options::Mode::run) signals::let_go();
  if (options.mode == Options::Mode::check) return check(options);
  // Before there is a second thread: each has its own.
  if (auto dropped = platform::drop_privileges(); !dropped) return complain(dropped.error());
  const auto sink = platform::logs_to_journal() ? log::Sink::journal : log::Sink::stderr_text;
  if (auto opened = log::open(sink, log::Level::info); !opened) return complain(opened.error());
  const auto kernel = open_kernel(options);
  if (!kernel) return complain(kernel.error());
  return options.mode == Options::Mode::plan ? print_plan(options, **kernel) : run(options, **kernel);
}

// Nothing is known that leads here: functions say by their result what went wrong. A service manager starts vtid again, and
// the tunnels carry on meanwhile. Memory that cannot be had is no error that could be handled better.
int failed_by(const std::exception& fault) {
  log::error("vtid failed by a fault of its own", {{"fault", fault.what()}});
  log::flush();
  return kFailed;
}

// The same for what is thrown where nothing may be: in another thread, in a destructor.
[[noreturn]] void terminate() {
  try {
    if (const auto thrown = std::current_exception()) std::rethrow_exception(thrown);
    log::last_words("terminated");
  } catch (const std::exception& fault) {
    log::last_words(fault.what());
  } catch (...) {
    log::last_words("unknown");
  }
  std::abort();
}

}  // namespace
}  // namespace vtid::daemon

int main(int argc, char** argv) {
  vtid::open_standard_fds();
  vtid::signals::hold();
  std::set_terminate(vtid::daemon::terminate);
  try {
    const int status = vtid::daemon::start(argc, argv);
    vtid::log::flush();
    return status;
  } catch (const std::exception& fault) {
    return vtid::daemon::failed_by(fault);
  }
}
