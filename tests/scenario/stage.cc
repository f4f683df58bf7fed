#include "scenario/stage.h"

#include <fmt/format.h>

#include <algorithm>

#include "support/foreign_words.h"

namespace vtid::test {
namespace {

constexpr int kMostTurns = 10'000;  // in one moment: more is a loop that never ends

std::string tunnel_text(const std::string& name, int n, int peer) {
  return fmt::format(
      R"("{}": {{ "unit": {}, "ike": {{ "local": {{ "address": "192.0.2.1", "id": "here" }}, )"
      R"("remote": {{ "address": "198.51.100.{}", "id": "there{}" }}, "auth": {{ "psk": {{ "text": "only-a-test" }} }} }}, )"
      R"("children": {{ "v4": {{ "local": "10.6.{}.1/30", "remote": "10.6.{}.2", "proposals": ["aes128gcm16-ecp256"] }}, )"
      R"("v6": {{ "local": "fd00:{}::1/64", "remote": "fd00:{}::2" }} }} }})",
      name, n, peer, peer, n, n, n, n);
}

// What a kernel knows a policy by: not the ends of the tunnel that it leads to.
bool is_same_place(const model::Policy& one, const model::Policy& other) {
  return one.direction == other.direction && one.family == other.family && one.if_id == other.if_id;
}

}  // namespace

std::string one_tunnel_file() {
  return fmt::format(R"({{ "tunnels": {{ {} }}, "interfaces": {{ "VTI": {{ "tunnel": "hq" }} }}, )"
                     R"("routes": [ {{ "to": "10.20.0.0/16", "via": "VTI_VTIV4", "metric": 10 }} ] }})",
                     tunnel_text("hq", 1, 1));
}

std::string static_tunnel_file(const std::string& in) {
  const auto sa = [](const char* spi, char digit) {
    return fmt::format(R"({{ "spi": "{}", "algorithm": "aes128gcm16", "key": {{ "text": "{}" }} }})", spi,
                       std::string(40, digit));
  };
  return fmt::format(R"({{ "tunnels": {{ "lab": {{ "unit": 1, "outer": {{ "local": "192.0.2.1", "remote": "198.51.100.1" }}, )"
                     R"("keys": {{ "in": {}, "out": {} }}, )"
                     R"("children": {{ "v4": {{ "local": "10.6.107.1/30", "remote": "10.6.107.2" }} }} }} }}, )"
                     R"("interfaces": {{ "VTI": {{ "tunnel": "lab" }} }} }})",
                     in.empty() ? sa("0x1001", '1') : in, sa("0x1002", '2'));
}

std::string many_tunnels_file(int count) {
  std::string tunnels;
  for (int n = 1; n <= count; ++n) tunnels += (n == 1 ? "" : ", ") + tunnel_text(fmt::format("t{}", n), n, n);
  return fmt::format(R"({{ "tunnels": {{ {} }} }})", tunnels);
}

Stage::Stage(std::string file_text) : file(std::move(file_text)) {
  kernel.add_foreign_link(device("wan"));
  kernel.add_foreign_address({device("wan"), prefix("192.0.2.1/24"), {}});
}

void Stage::start_vtid() {
  const auto parse = [system = seam().capabilities()](std::string_view text, std::string_view path) {
    return config::parse(
        text, path, [](std::string_view) { return Result<std::string>(fail("no secrets here")); }, system);
  };
  daemon::EngineWiring wiring{.kernel = seam(),
                              .store = *store,
                              .read_config = [this, parse] { return parse(file, "vtid.json"); },
                              .parse_text = parse,
                              .parse_applied = [parse](const model::Apply& apply) { return parse(apply.text, apply.path); },
                              .replace_config = [this](std::string_view text) -> Result<void> {
                                if (disk_is_full) return fail("cannot write vtid.json: No space left on device");
                                file = text;
                                return {};
                              },
                              .config_path = "vtid.json",
                              .version = "0.1.0",
                              .seed = 7,
                              .publish = [this](const model::Event& event) { events.push_back(event); },
                              .changed = [this](const daemon::Change& change) { changed(change); },
                              .gateway_health = [this] { return gateways; },
                              .health_of =
                                  [this](const std::string& gateway) {
                                    const auto found = gateways.find(gateway);
                                    return found == gateways.end() ? std::nullopt : std::optional(found->second);
                                  },
                              .last_answer =
                                  [this](const std::string& gateway) {
                                    const auto found = last_answers.find(gateway);
                                    return found == last_answers.end() ? std::nullopt : std::optional(found->second);
                                  }};
  auto started = daemon::Engine::start(std::move(wiring), now);
  if (!started) throw std::runtime_error(started.error().text);
  engine = std::move(*started);
}

void Stage::gateway_is(const std::string& gateway, model::GatewayState state, std::string reason) {
  model::GatewayHealth& health = gateways[gateway];
  health.state = state;
  health.since = now.wall;
  health.reason = std::move(reason);
  engine->on_gateway_changed(gateway, health, now);
}

void Stage::gateway_falls_silent(const std::string& gateway, bool silent) {
  gateways[gateway].answers = silent ? model::Answers::ceased : model::Answers::come;
  gateway_is(gateway, silent ? model::GatewayState::down : model::GatewayState::online);
}

void Stage::kill_vtid() {
  engine.reset();
  for (const int line : open_lines_) close_line(line);
  open_lines_.clear();
}

void Stage::stop_charon() { charon.stop(); }

void Stage::start_charon(const std::string& boot) {
  left_.push_back(std::exchange(installed_, {}));
  charon.start(boot);
}

Stage::Installed Stage::parts_of(const model::ChildSa& child) const {
  const model::IkeSa& ike = charon.ikes.at(child.ike_id);
  Installed parts;
  for (const bool out : {false, true}) {
    model::Sa sa;
    sa.source = out ? ike.local : ike.remote;
    sa.destination = out ? ike.remote : ike.local;
    sa.spi = out ? child.spi_out : child.spi_in;
    sa.reqid = child.reqid;
    sa.if_id = child.if_id_in;
    sa.algorithm = {model::Cipher::aes_gcm, model::Integrity::none, 128, 128};
    sa.key = model::Secret(std::string(20, 'k'));
    parts.sas.push_back(sa);
  }
  const auto config = charon.connections.find(ike.name);
  const auto* all = config == charon.connections.end() ? nullptr : config->second.find_section("children");
  const auto* own = all == nullptr ? nullptr : all->find_section(child.name);
  if (!kernel.is_linux() || (own != nullptr && own->text("policies") == "no")) return parts;
  for (const auto direction : {model::PolicyDirection::in, model::PolicyDirection::out, model::PolicyDirection::forward}) {
    for (const net::Family family : {net::Family::ipv4, net::Family::ipv6}) {
      parts.policies.push_back({direction, family, child.if_id_in, child.reqid, ike.local, ike.remote, 300'000});
    }
  }
  return parts;
}

// As charon does, which holds a policy for as long as any of its CHILD_SAs needs it and writes it again for each.
void Stage::follow_charon() {
  if (!kernel.shared_with_charon || !charon.running) return;
  const auto is_live = [&](std::uint32_t id) {
    const auto child = charon.children.find(id);
    return child != charon.children.end() && child->second.carries();
  };
  for (const auto& [id, child] : charon.children) {
    if (!child.carries() || child.reqid.value == 0 || installed_.contains(id)) continue;
    const Installed& parts = installed_[id] = parts_of(child);
    for (const model::Sa& sa : parts.sas) kernel.add_sa_made_at(sa, now.wall);
    for (const model::Policy& policy : parts.policies) kernel.add_foreign_policy(policy);
  }
  for (auto item = installed_.begin(); item != installed_.end();) {
    if (is_live(item->first)) {
      ++item;
      continue;
    }
    const Installed gone = std::move(item->second);
    item = installed_.erase(item);
    for (const model::Sa& sa : gone.sas) {
      if (kernel.has_foreign_sa(sa)) kernel.delete_sa(sa);
    }
    for (const model::Policy& policy : gone.policies) {
      const bool needed = std::ranges::any_of(installed_, [&](const auto& other) {
        return std::ranges::any_of(other.second.policies, [&](const auto& one) { return is_same_place(one, policy); });
      });
      if (!needed) kernel.delete_policy(policy);
    }
  }
}

void Stage::flush_sas() {
  for (const auto* installed : everything()) {
    for (const model::Sa& sa : installed->sas) {
      if (kernel.has_foreign_sa(sa)) kernel.delete_sa(sa);
    }
  }
}

void Stage::flush_policies() {
  for (const auto* installed : everything()) {
    for (const model::Policy& policy : installed->policies) kernel.delete_policy(policy);
  }
}

std::vector<const Stage::Installed*> Stage::everything() const {
  std::vector<const Installed*> all;
  for (const auto& [id, parts] : installed_) all.push_back(&parts);
  for (const auto& of_one : left_) {
    for (const auto& [id, parts] : of_one) all.push_back(&parts);
  }
  return all;
}

void Stage::run(Duration time) {
  const TimePoint end = now.steady + time;
  for (int turns = 0; now.steady <= end;) {
    kernel.set_time(now.steady);
    engine->on_kernel_notices();
    TimePoint next = engine->step(now);
    if (kernel.is_under_way()) next = std::min(next, now.steady + kernel.next_end());
    const bool sent = carry_out_effects();
    const bool received = hand_over();
    follow_charon();
    const bool looked_up = look_up();
    if (sent || received || looked_up || next <= now.steady) {
      if (++turns > kMostTurns) throw std::runtime_error("the daemon never rests");
      continue;
    }
    turns = 0;
    const TimePoint later = std::min(next, end + Duration{1});
    now.wall += std::chrono::floor<std::chrono::seconds>(later.time_since_epoch()) -
                std::chrono::floor<std::chrono::seconds>(now.steady.time_since_epoch());
    now.steady = later;
  }
  now.steady = end;
  if (!kernel.is_linux()) mind_the_words();
}

// Whatever goes wrong in whichever scenario, what FreeBSD's users are told to do can be done there.
void Stage::mind_the_words() {
  for (const model::Problem& problem : engine->snapshot()->problems) {
    const std::string_view word = linux_word_in(problem.remedy);
    if (!word.empty()) throw std::runtime_error(fmt::format("\"{}\" names {}, which FreeBSD lacks", problem.remedy, word));
  }
}

bool Stage::open_line(int line) {
  if (charon.running) charon.open(line);
  return charon.running;
}

bool Stage::carry_out_effects() {
  struct Visitor {
    Stage& stage;
    void operator()(const vici::Open& open) const {
      const int line = static_cast<int>(open.channel);
      if (!stage.open_line(line)) return stage.engine->charon().on_closed(open.channel, "Connection refused", stage.now);
      stage.open_lines_.insert(line);
      stage.engine->charon().on_opened(open.channel, stage.charon.run, stage.now);
    }
    void operator()(const vici::Send& send) const { stage.send(static_cast<int>(send.channel), send.bytes); }
    void operator()(const vici::Close& close) const {
      stage.close_line(static_cast<int>(close.channel));
      stage.open_lines_.erase(static_cast<int>(close.channel));
    }
  };
  const auto effects = engine->charon().take_effects();
  for (const vici::Effect& effect : effects) {
    before_effect();
    std::visit(Visitor{*this}, effect);
  }
  return !effects.empty();
}

bool Stage::hand_over() {
  bool any = false;
  for (const int line : std::set<int>(open_lines_)) {
    const auto channel = static_cast<vici::Channel>(line);
    if (!is_open(line)) {
      open_lines_.erase(line);
      engine->charon().on_closed(channel, "End of file", now);
      any = true;
    } else if (const std::string bytes = receive(line); !bytes.empty()) {
      engine->charon().on_bytes(channel, bytes, now);
      any = true;
    }
  }
  return any;
}

bool Stage::look_up() {
  const auto names = engine->take_lookups();
  for (const std::string& name : names) {
    ++lookups;
    Result<std::vector<net::Address>> addresses = fail("Host not found (authoritative)");
    if (const auto host = hosts.find(name); host != hosts.end()) {
      addresses.emplace();
      for (const std::string& text : host->second) addresses->push_back(address(text));
    }
    engine->on_name_answer({name, addresses}, now);
  }
  return !names.empty();
}

std::string Stage::command(const model::Command& command, Duration time) {
  std::string text = "(no answer)";
  engine->on_command(
      command, [&text](const model::CommandResult& result) { text = result ? result->text : result.error().text; }, now);
  run(time);
  return text;
}

std::string Stage::problem() {
  const auto snapshot = engine->snapshot();
  const auto worst = std::ranges::find_if(
      snapshot->problems, [](const model::Problem& problem) { return problem.severity != model::Severity::caveat; });
  return worst == snapshot->problems.end() ? "" : worst->text;
}

const model::ObservedLink* Stage::link(std::uint32_t unit) {
  seen_ = kernel.seen();
  return seen_.link(net::IfName::of({unit}));
}

std::string Stage::remote_addresses() {
  std::string text;
  for (const std::string& address : charon.connections.at("hq").list("remote_addrs")) text += address + ' ';
  return text;
}

int Stage::loads() {
  return charon.served["load-conn"] + charon.served["load-shared"] + charon.served["unload-conn"] +
         charon.served["unload-shared"];
}

}  // namespace vtid::test
