#include "scenario/matrix/rig.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "scenario/matrix/picture.h"

namespace vtid::test::matrix {
namespace {

constexpr Duration kSlice{2'000};  // what became due meanwhile is seen so late at most

model::Sa others_sa() {
  model::Sa sa;
  sa.source = address("203.0.113.7");
  sa.destination = address("192.0.2.1");
  sa.spi = 0x7778;
  sa.reqid = {9};
  sa.key = model::Secret(std::string(20, 'k'));
  return sa;
}

model::Route others_route() {
  return {prefix("10.99.0.0/16"), {}, net::kMainTable, model::ViaGateway{device("wan"), address("192.0.2.254")}};
}

model::Rule others_rule() {
  model::Rule rule;
  rule.priority = 300;
  rule.table = {77};
  rule.from = prefix("10.9.0.0/24");
  return rule;
}

model::Policy others_policy() {
  return {model::PolicyDirection::out, net::Family::ipv4, {900}, {9}, address("192.0.2.1"), address("203.0.113.7"), 1'000};
}

// An order of the same kind takes the place of one that was refused.
std::size_t kind_of(const model::Command& command) {
  const bool raises = std::holds_alternative<model::Up>(command) || std::holds_alternative<model::Down>(command);
  return raises ? 0 : command.index();
}

}  // namespace

Rig::Rig(std::string file_text) : Stage(std::move(file_text)) {
  store = std::make_unique<TamperedStore>(std::move(store));
  charon.version = "5.9.14";
  tell_charons_boot();
  plant();
}

void Rig::plant() {
  contract::World& world = kernel.world();
  world.add_link(device("lan"));
  world.add_tunnel(device("theirs0"), net::IfId{900});
  world.add_address({device("lan"), prefix("10.1.0.1/24"), {}});
  world.add_address(
      {device("theirs0"), prefix("10.9.9.1/30"), kernel.is_linux() ? std::optional<net::Address>{} : address("10.9.9.2")});
  world.add_route(others_route());
  world.add_sa(others_sa());
  world.add_foreign_filter();
  if (kernel.is_linux()) {
    world.add_rule(others_rule());
    world.add_policy(others_policy());
  }
  charon.connections["theirs"] = vici::Message{}.add("version", "2").add_list("remote_addrs", {"203.0.113.7"});
  charon.secrets["theirs"] = vici::Message{}.add("id", "theirs").add("type", "IKE");
  charon.bring_up("theirs");
  planted_ = paint_others(*this);
}

std::string Rig::missing_plants() {
  contract::World& world = kernel.world();
  std::string missing;
  if (!world.has_route(others_route())) missing += " route";
  if (!world.has_sa(others_sa())) missing += " SA";
  if (!world.has_foreign_filter()) missing += " filter";
  if (kernel.is_linux() && !world.has_rule(others_rule())) missing += " rule";
  if (kernel.is_linux() && !world.has_policy(others_policy())) missing += " policy";
  if (const std::string now_there = paint_others(*this); now_there != planted_) {
    missing += fmt::format(" (were)\n{}(are)\n{}", *planted_, now_there);
  }
  return missing;
}

void Rig::before_effect() {
  if (effects_++ == killing_effect_) throw Killed{};
}

void Rig::later(Duration wait, std::function<void()> what) { agenda_.emplace(now.steady + wait, std::move(what)); }

Duration Rig::longest_wait() const {
  return agenda_.empty() ? Duration{} : std::max(Duration{}, agenda_.rbegin()->first - now.steady);
}

void Rig::run_due() {
  while (!agenda_.empty() && agenda_.begin()->first <= now.steady) agenda_.extract(agenda_.begin()).mapped()();
}

void Rig::pass(Duration time) {
  const TimePoint then = now.steady + time;
  now.wall += std::chrono::floor<std::chrono::seconds>(then.time_since_epoch()) -
              std::chrono::floor<std::chrono::seconds>(now.steady.time_since_epoch());
  now.steady = then;
}

void Rig::advance(Duration time) {
  for (const TimePoint end = now.steady + time; now.steady < end;) {
    run_due();
    TimePoint until = std::min(end, now.steady + kSlice);
    if (!agenda_.empty()) until = std::min(until, agenda_.begin()->first);
    if (!engine) {
      pass(until - now.steady);
      continue;
    }
    try {
      run(until - now.steady);
    } catch (const Killed&) {
      kill_and_restart();
    }
  }
  run_due();
}

void Rig::boot_vtid() {
  try {
    start_vtid();
  } catch (const Killed&) {
    kill_and_restart();
  } catch (const std::runtime_error&) {
    later(kAway, [this] { boot_vtid(); });
  }
}

void Rig::kill_and_restart(Duration away, std::function<void()> meanwhile) {
  kill_vtid();
  meanwhile();
  later(away, [this] {
    if (!engine) boot_vtid();
  });
}

void Rig::ask(const model::Command& command) {
  const auto done = std::make_shared<bool>(false);
  asked_.insert_or_assign(kind_of(command), Asked{command, done});
  if (!engine) return;
  try {
    engine->on_command(
        command, [done](const model::CommandResult& result) { *done = result.has_value(); }, now);
  } catch (const Killed&) {
    kill_and_restart();
  }
}

bool Rig::ask_again() {
  std::erase_if(asked_, [](const auto& item) { return *item.second.done; });
  const auto open = asked_;
  for (const auto& [kind, asked] : open) ask(asked.command);
  return !open.empty();
}

void Rig::gateway(const std::string& name, model::GatewayState state) {
  if (engine) return gateway_is(name, state);
  gateways[name].state = state;
}

void Rig::end_charon() {
  charon.stop();
  wire.forget();
}

// Whoever starts charon loads what is in swanctl.conf; the peer of that connection calls again.
void Rig::begin_charon(const std::string& version) {
  const auto connection = charon.connections.at("theirs");
  const auto secret = charon.secrets.at("theirs");
  wire.forget();
  charon_began_ = now.steady;
  charon.version = version;
  charon.start("");
  tell_charons_boot();
  charon.connections["theirs"] = connection;
  charon.secrets["theirs"] = secret;
  charon.bring_up("theirs");
}

void Rig::pause_charon(Duration time) {
  wire.stop();
  later(time, [this] { wire.go_on(now.steady); });
}

void Rig::step_clock(std::chrono::seconds by) {
  now.wall += by;
  tell_charons_boot();
}

// charon keeps a steady clock, and tells its start as the wall clock of now would have shown it.
void Rig::tell_charons_boot() {
  const auto age = std::chrono::floor<std::chrono::seconds>(now.steady - charon_began_);
  charon.boot = fmt::format("{:%b %d %H:%M:%S %Y}", std::chrono::system_clock::time_point(now.wall - age));
}

}  // namespace vtid::test::matrix
