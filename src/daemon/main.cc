// vtid: the wiring. Who produces what for whom is written here and nowhere else.
#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <random>

#include "base/log.h"
#include "config/parse.h"
#include "config/print.h"
#include "daemon/alarms.h"
#include "daemon/config_files.h"
#include "daemon/drop_history.h"
#include "daemon/engine.h"
#include "daemon/files.h"
#include "daemon/options.h"
#include "io/control_server.h"
#include "io/loop.h"
#include "io/mtu_probe.h"
#include "io/prober.h"
#include "io/resolver.h"
#include "io/vici_transport.h"
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
constexpr Duration kRememberAgain{10'000};  // after the disk was full
constexpr Duration kRememberAfter{1'000};   // many gateways that change together are written down once, and after they moved

int complain(const Error& error) {
  std::fputs(fmt::format("vtid: {}\n", error.text).c_str(), stderr);
  if (!error.remedy.empty()) std::fputs(fmt::format("  {}\n", error.remedy).c_str(), stderr);
  return kFailed;
}

// To standard output, whole: half a file is not taken for one.
int say(const std::string& text) {
  if (std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0) return 0;
  return complain(file_failure("write", "to standard output").error());
}

void print_findings(const std::vector<config::Finding>& findings) {
  for (const config::Finding& finding : findings) std::fputs((config::print(finding) + '\n').c_str(), stderr);
}

int check(const Options& options) {
  const config::Parsed parsed = check_config(options.config);
  print_findings(parsed.errors);
  print_findings(parsed.warnings);
  if (!parsed.config) return kFound;
  return say(config::print_canonical(*parsed.config));
}

Result<std::unique_ptr<platform::Kernel>> open_kernel(const Options& options) {
  if (options.kernel == Options::KernelChoice::memory) return std::make_unique<platform::MemoryKernel>();
  return platform::open_native_kernel();
}

EngineWiring wiring_for(const Options& options, platform::Kernel& kernel, StateStore& store) {
  return {.kernel = kernel,
          .store = store,
          .read_config = [path = options.config] { return read_config(path); },
          .parse_text = {},
          .config_path = options.config.string(),
          .version = std::string(kVersion),
          .seed = std::random_device{}()};
}

std::function<model::HostFacts(const model::HostQuestion&)> host_reader() {
  return [history = DropHistory(platform::read_drops().value_or(std::vector<model::DropCounter>{}))](
             const model::HostQuestion& question) mutable {
    model::HostFacts facts = platform::read_host(question);
    if (facts.drops) history.compare(*facts.drops);
    return facts;
  };
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
  return say(text);
}

// The running daemon: the engine, and around it everything that has a descriptor.
class Daemon {
 public:
  Daemon(const Options& options, platform::Kernel& kernel, StateStore& store)
      : options_(options), kernel_(kernel), store_(store) {}

  int run() {
    EngineWiring wiring = wiring_for(options_, kernel_, store_);
    wiring.parse_text = [this](std::string_view text, std::string_view path) {
      return parse_draft(text, path, options_.config.parent_path(), engine_->config());
    };
    wiring.publish = [this](const model::Event& event) {
      if (control_) control_->publish(event);
    };
    if (options_.kernel == Options::KernelChoice::native) wiring.read_host = host_reader();
    wiring.find_mtus = [this](std::vector<model::MtuPath> paths, Requests::Reply reply) {
      io::find_mtus(loop_.context(), std::move(paths), [reply = std::move(reply)](std::vector<model::MtuFinding> findings) {
        reply(model::Answer{"", {}, {}, std::move(findings)});
      });
    };
    wiring.gateway_health = [this] { return prober_ ? prober_->health() : model::Gateways{}; };
    auto engine = Engine::start(std::move(wiring), io::Loop::now());
    if (!engine) return complain(engine.error());
    engine_ = std::move(*engine);
    if (auto opened = open_control(); !opened) return complain(opened.error());
    connect_charon();
    prober_.emplace(loop_.context(), [this](const std::string& gateway, const model::GatewayHealth& health) {
      engine_->on_gateway_changed(gateway, health, io::Loop::now());
      alarms_.on_change(engine_->config(), gateway, health);
      if (!remember_at_) remember_at_ = io::Loop::now().steady + kRememberAfter;
      loop_.wake_at(io::Loop::now().steady, [this] { turn(); });  // once for all that changed together
    });
    recall_gateways();
    resolver_.emplace(loop_.context(), io::Resolver::Wiring{.answered = [this](const model::NameAnswer& answer) {
                        engine_->on_name_answer(answer, io::Loop::now());
                        turn();
                      }});
    if (kernel_.descriptor() >= 0) {
      loop_.on_readable(kernel_.descriptor(), [this] {
        engine_->on_kernel_notices();
        turn();
      });
    }
    loop_.on_signal(SIGHUP, [this] { command(model::Reload{}, {}, [](const model::CommandResult&) {}); });
    loop_.on_signal(SIGCHLD, [this] { turn(); });
    for (const int signal : {SIGTERM, SIGINT}) loop_.on_signal(signal, [this] { loop_.stop(); });
    turn();
    platform::notify_ready(fmt::format("{} tunnels", engine_->config().tunnels.size()));
    log::info("vtid started", {{"version", std::string(kVersion)}, {"file", options_.config.string()}});
    loop_.run();
    platform::notify_stopping();
    engine_->stop(io::Loop::now());
    remember_gateways();
    log::info("vtid stopped");
    return 0;
  }

 private:
  Result<void> open_control() {
    io::ControlWiring wiring;
    wiring.snapshot = [this] { return engine_->snapshot(); };
    wiring.post = [this](model::Command asked, const model::Caller& caller, Requests::Reply reply) {
      command(std::move(asked), caller, std::move(reply));
    };
    wiring.peer = platform::peer_of;
    auto server = io::ControlServer::open(loop_.context(), {.path = options_.socket}, std::move(wiring));
    if (!server) return std::unexpected(server.error());
    control_.emplace(std::move(*server));
    return {};
  }

  void connect_charon() {
    io::ViciTransport::Wiring wiring;
    wiring.opened = [this](vici::Channel channel) {
      engine_->charon().on_opened(channel, io::Loop::now());
      turn();
    };
    wiring.received = [this](vici::Channel channel, std::string_view bytes) {
      engine_->charon().on_bytes(channel, bytes, io::Loop::now());
      turn();
    };
    wiring.closed = [this](vici::Channel channel, const std::string& reason) {
      engine_->charon().on_closed(channel, reason, io::Loop::now());
      turn();
    };
    charon_.emplace(loop_.context(), engine_->config().vici, std::move(wiring));
  }

  void command(model::Command asked, const model::Caller&, Requests::Reply reply) {
    const bool reloads = std::holds_alternative<model::Reload>(asked);
    if (reloads) platform::notify_reloading();
    engine_->on_command(asked, std::move(reply), io::Loop::now());
    if (reloads) platform::notify_ready(fmt::format("{} tunnels", engine_->config().tunnels.size()));
    turn();
  }

  void recall_gateways() {
    if (auto memories = store_.load_gateways()) {
      prober_->recall(std::move(*memories));
    } else {
      log::warning("gateways not remembered", {{"reason", memories.error().text}, {"remedy", memories.error().remedy}});
    }
    if (auto probes = engine_->take_probes()) prober_->set_targets(std::move(*probes));  // the first plan is to follow them
  }

  void remember_gateways() {
    remember_at_.reset();
    if (const auto saved = store_.save_gateways(prober_->remember()); !saved) {
      log::warning("gateways not saved", {{"reason", saved.error().text}});
      remember_at_ = io::Loop::now().steady + kRememberAgain;
    }
  }

  // Everything that comes in ends here: what is due is done, and the sockets get what is for them.
  void turn() {
    TimePoint next = engine_->step(io::Loop::now());
    for (vici::Effect& effect : engine_->charon().take_effects()) charon_->carry_out(std::move(effect));
    if (auto probes = engine_->take_probes()) {
      prober_->set_targets(std::move(*probes));
      next = {};  // what they say of new gateways is to be followed at once
    }
    for (const std::string& name : engine_->take_lookups()) resolver_->ask(name);
    alarms_.step(io::Loop::now().steady);  // last: nothing waits for them
    if (remember_at_ && *remember_at_ <= io::Loop::now().steady) remember_gateways();
    next = std::min({next, alarms_.next_deadline().value_or(next), remember_at_.value_or(next)});
    loop_.wake_at(next, [this] { turn(); });
  }

  const Options& options_;
  platform::Kernel& kernel_;
  StateStore& store_;
  io::Loop loop_;
  std::unique_ptr<Engine> engine_;
  std::optional<io::ControlServer> control_;
  std::optional<io::ViciTransport> charon_;
  std::optional<io::Prober> prober_;
  std::optional<io::Resolver> resolver_;
  Alarms alarms_;
  std::optional<TimePoint> remember_at_;
};

int run(const Options& options, platform::Kernel& kernel) {
  auto store = options.kernel == Options::KernelChoice::memory ? make_memory_store() : open_state_directory(options.state);
  if (!store) return complain(store.error());
  if (auto dropped = platform::drop_privileges(); !dropped) return complain(dropped.error());
  return Daemon(options, kernel, **store).run();
}

int start(int argc, char** argv) {
  const auto parsed = parse_options(argc, argv);
  if (const int* status = std::get_if<int>(&parsed)) return *status;
  const Options& options = std::get<Options>(parsed);
  if (options.mode == Options::Mode::check) return check(options);
  log::open(platform::logs_to_journal() ? log::Sink::journal : log::Sink::stderr_text, log::Level::info);
  const auto kernel = open_kernel(options);
  if (!kernel) return complain(kernel.error());
  return options.mode == Options::Mode::plan ? print_plan(options, **kernel) : run(options, **kernel);
}

}  // namespace
}  // namespace vtid::daemon

int main(int argc, char** argv) { return vtid::daemon::start(argc, argv); }
