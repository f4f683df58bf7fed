#include "daemon/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/log.h"
#include "daemon/desired_child_sas.h"
#include "model/words.h"
#include "monitor/group_selection.h"
#include "reconcile/leases.h"

namespace vtid::daemon {
namespace {

constexpr Duration kCountPatience{2'000};  // for the counters of the filter's rules
constexpr Duration kRoleSettles{1'000};    // an address that comes and goes faster is not followed
constexpr std::array<std::string_view, 2> kRoleTexts{"this node is active", "this node is on standby"};
constexpr std::size_t kMostCounting = 64;  // people who wait for those at a time

// Of which both say the same, and nobody else anything: where a host name leads, or a gateway, and whose turn it is, is not in
// the tunnel's entry.
std::set<std::string_view> unchanged_tunnels(const model::Config& before, const model::Config& after) {
  const auto known = model::index_by_name(before.tunnels);
  std::set<std::string_view> unchanged;
  for (const model::Tunnel& tunnel : after.tunnels) {
    const auto old = known.find(tunnel.name);
    const auto* ike = std::get_if<model::Ike>(&tunnel.ike);
    const bool elsewhere = has_varying_peer(tunnel) || (ike != nullptr && ike->local.is_located());
    if (old != known.end() && *old->second == tunnel && !elsewhere) unchanged.insert(tunnel.name);
  }
  return unchanged;
}

std::string print_all(const std::vector<config::Finding>& findings) {
  std::string text;
  for (const config::Finding& finding : findings) text += (text.empty() ? "" : "\n") + config::print(finding);
  return text;
}

}  // namespace

Result<std::string> Engine::accept_config(config::Parsed parsed, Now now) {
  Error refusal;
  numbers_unsaved_ = false;
  if (parsed.config) reconcile::assign(*parsed.config, reconcile::other_leases(*parsed.config, observed_));
  if (!parsed.config) {
    refusal = {print_all(parsed.errors), "mend the file and reload; vtictl check FILE lists what is wrong", 0};
  } else if (auto numbers = reconcile::allocate(*parsed.config, numbers_); !numbers) {
    refusal = numbers.error();
  } else if (auto saved = numbers == numbers_ ? Result<void>{} : wiring_.store.save_numbers(*numbers); !saved) {
    refusal = saved.error();
    numbers_unsaved_ = true;
    save_again_ = now.steady + kSaveAgain;
  } else {
    const bool same = config_ && *config_ == *parsed.config && *numbers == numbers_;
    if (!same) run(std::move(*parsed.config), std::move(*numbers), now);
    look_at_leases();
    config_problem_.reset();
    config_warnings_.clear();
    for (const config::Finding& finding : parsed.warnings) {
      config_warnings_.push_back({model::Severity::caveat, finding.pointer.empty() ? "config" : finding.pointer.substr(1),
                                  finding.text, finding.remedy});
    }
    ++generation_;
    needs_selection_ = needs_plan_ = true;  // also of an equal file: who reloads it wants to be sure
    replan_ = now.steady;
    std::string text = fmt::format("configuration {} accepted{}", generation_, same ? ", unchanged" : "");
    log::info("configuration accepted", {{"generation", std::to_string(generation_)}, {"changed", same ? "no" : "yes"}});
    emit(now, "config", wiring_.config_path, same ? "accepted, unchanged" : "accepted");
    return text;
  }
  log::error("configuration refused", {{"file", wiring_.config_path}, {"error", refusal.text}});
  config_problem_ = {model::Severity::error, "config", refusal.text, refusal.remedy};
  emit(now, "config", wiring_.config_path, "refused: " + refusal.text);
  return std::unexpected(refusal);
}

// All that follows from the file alone is made again; an equal one changes nothing of it.
void Engine::run(model::Config config, reconcile::Numbers numbers, Now now) {
  const auto before = std::exchange(config_, std::make_shared<const model::Config>(std::move(config)));
  const bool keeps_units = std::ranges::includes(numbers, numbers_);
  numbers_ = std::move(numbers);
  needs_derive_ = probes_changed_ = static_tunnels_changed_ = true;
  shown_.reset();
  deriver_.forget();
  tunnels_ = model::index_by_name(config_->tunnels);
  on_demand_ = tunnels_on_demand(*config_);
  probes_ = Probes(*config_, numbers_);
  if (!config_->role_address) {
    address_role_.reset();
    role_due_.reset();
  }
  see_role_address(now);
  supervisor_.stand_by(role_ == model::Role::standby, now, standby_remedy());
  read_all_sas();
  std::erase_if(reported_states_, [this](const auto& told) { return !tunnels_.contains(told.first); });
  names_.follow(*config_, now);
  locates_ends_ = reconcile::has_located_tunnels(*config_);
  located_named_peers_ = reconcile::located_with_named_peers(*config_);
  local_ends_ = local_ends_now();
  want_connections(now, before && keeps_units ? unchanged_tunnels(*before, *config_) : Names{});
  supervisor_.supervise(desired_child_sas(*config_, numbers_), now);
  for (const model::Tunnel& tunnel : config_->tunnels) {
    supervisor_.locate(tunnel.name, names_.resolved(tunnel), now);
    supervisor_.move(tunnel.name, end_of(local_ends_, tunnel.name));
    for (const model::ChildConfig& child : model::child_configs(tunnel)) follow_silence(child.holder, now);
  }
  const auto gateways = model::index_by_name(config_->gateways);
  std::erase_if(probes_told_, [&](const auto& told) { return !gateways.contains(told.first); });
  std::erase_if(moves_, [&](const auto& move) { return !gateways.contains(move.first); });
}

// Before what follows from the file: a line that was not looked at yet has no next hop.
void Engine::look_at_leases() {
  auto devices = reconcile::leased_devices(*config_);
  if (devices == leased_devices_) return;
  leased_devices_ = devices;
  wiring_.kernel.follow_defaults(std::move(devices));
  if (kernel_seen_) needs_observe_ |= !look();
}

model::CommandResult Engine::reload(Now now) {
  if (trial_) emit(now, "config", trial_->path, "not confirmed before the file was read again");
  trial_.reset();
  auto accepted = accept_config(wiring_.read_config(), now);
  if (accepted) return model::Answer{*accepted, {}};
  return fail("the file is refused and the running configuration stays:\n" + accepted.error().text, accepted.error().remedy);
}

// What runs is changed first, the file last: a crash in between costs the change, and not the way back.
model::CommandResult Engine::apply(const model::Apply& apply, Now now) {
  config::Parsed parsed = wiring_.parse_applied(apply);
  if (!parsed.config) return fail("the file is refused and nothing was changed:\n" + print_all(parsed.errors), "mend the file");
  if (!apply.by_root && (parsed.config->on_change != config_->on_change || parsed.config->vici != config_->vici ||
                         parsed.config->http != config_->http))
    return fail(
        "only root may change which program vtid runs and which charon it obeys, and where it listens (\"on_change\", "
        "\"charon\", \"http\")",
        "apply it as root");
  const auto before = trial_ ? trial_->before : config_;
  const auto problem = config_problem_;
  auto accepted = accept_config(std::move(parsed), now);
  if (!accepted) {
    config_problem_ = problem;  // the file itself is as good as it was
    numbers_unsaved_ = false;
    return fail("the file is refused and nothing was changed:\n" + accepted.error().text, accepted.error().remedy);
  }
  trial_ = {apply.text, apply.path, now.steady + apply.confirm.value_or(Duration{}),
            now.wall + std::chrono::ceil<std::chrono::seconds>(apply.confirm.value_or(Duration{})), before};
  if (!apply.confirm) return confirm(now);
  emit(now, "config", apply.path, fmt::format("applied; goes back at {} unless confirmed", print(trial_->until_wall)));
  return model::Answer{
      *accepted + fmt::format("; it goes back at {} unless `vtictl confirm` comes before", print(trial_->until_wall)), {}};
}

model::CommandResult Engine::confirm(Now now) {
  if (!trial_) return fail("nothing waits to be confirmed", "vtictl apply FILE --confirm 60s");
  if (const auto replaced = wiring_.replace_config(trial_->text); !replaced) {
    const Error& error = replaced.error();
    if (now.steady >= trial_->until) end_trial(now);  // it was not to wait for anybody
    return fail(fmt::format("the file stays as it was: {}", error.text), error.remedy);
  }
  trial_.reset();
  emit(now, "config", wiring_.config_path, "replaced");
  return model::Answer{fmt::format("configuration {} runs and is {}", generation_, wiring_.config_path), {}};
}

// Back to the file, or, should that have become invalid meanwhile, to what ran before.
void Engine::end_trial(Now now) {
  const Trial trial = *std::exchange(trial_, std::nullopt);
  log::warning("configuration not confirmed", {{"file", trial.path}});
  emit(now, "config", trial.path, "not confirmed: the configuration of before is back");
  if (auto back = accept_config(wiring_.read_config(), now); back) return;
  const auto why = config_problem_;
  (void)accept_config({*trial.before, {}, {}}, now);
  config_problem_ = why;
}

void Engine::change_role(model::Role role, Now now) {
  log::info("role taken", {{"role", std::string(model::print(role))}, {"before", std::string(model::print(role_))}});
  if (role != role_) wiring_.changed(RoleChange{role});
  role_ = role;
  supervisor_.stand_by(role == model::Role::standby, now, standby_remedy());
  want_connections(now);
  probes_changed_ = true;
  emit(now, "config", "role", std::string(kRoleTexts.at(role == model::Role::standby)));
}

std::string Engine::standby_remedy() const {
  if (!config_->role_address) return "vtictl role active";
  return fmt::format("it follows {} (\"role\" in the file)", net::print(*config_->role_address));
}

// After each look, and when another address counts.
void Engine::see_role_address(Now now) {
  if (!config_->role_address || !kernel_seen_) return;
  const bool first = !address_role_;
  const bool held = std::ranges::any_of(observed_.addresses, [this](const model::ObservedAddress& item) {
    return item.in_use && item.local.address == *config_->role_address;
  });
  address_role_ = held ? model::Role::active : model::Role::standby;
  if (*address_role_ == role_) {
    role_due_.reset();
  } else if (!role_due_) {
    role_due_ = now.steady + (first ? Duration{0} : kRoleSettles);
  }
}

void Engine::follow_role_address(Now now) {
  if (!role_due_ || now.steady < *role_due_) return;
  role_due_.reset();
  change_role(*address_role_, now);
}

// Obeyed at once, also when it cannot be remembered: the other node may be gone already.
model::CommandResult Engine::take_role(model::Role role, Now now) {
  if (const auto& followed = config_->role_address; followed && role != role_) {
    return fail(fmt::format("the role follows {}", net::print(*followed)),
                "move the address, or take \"role\" out of the file");
  }
  change_role(role, now);
  const std::string text(kRoleTexts.at(role == model::Role::standby));
  saved_role_.reset();
  if (auto saved = wiring_.store.save_role(role); saved) {
    saved_role_ = role;
  } else {
    save_again_ = now.steady + kSaveAgain;
    return fail(fmt::format("{}, but a restart will not know: {}", text, saved.error().text), saved.error().remedy);
  }
  return model::Answer{text, {}};
}

Result<Requests::Target> Engine::find_target(const std::string& name) const {
  const std::string tunnel_name = name.substr(0, name.find('/'));
  const bool child_only = tunnel_name.size() != name.size();
  const model::Tunnel* tunnel = config_->tunnel(tunnel_name);
  const model::Child* child = tunnel == nullptr || !child_only ? nullptr : tunnel->child(name.substr(tunnel_name.size() + 1));
  if (tunnel == nullptr || (child_only && child == nullptr)) {
    return fail(fmt::format("there is no tunnel or child named \"{}\"", name), "vtictl list tunnels");
  }
  if (!tunnel->enabled) return fail(fmt::format("{} is disabled in the file", tunnel_name), "set \"enabled\": true and reload");
  if (child != nullptr && !child->enabled) return fail(fmt::format("{} is disabled in the file", name), "enable it and reload");
  if (has_static_keys(*tunnel)) {
    return fail(fmt::format("{} has static SAs: there is nobody to ask", tunnel_name),
                "edit its \"keys\" and reload to rekey it, or \"enabled\" to take it up or down");
  }
  Requests::Target target{tunnel_name, desired_child_sas(*tunnel, numbers_), child_only};
  if (child_only) {
    std::erase_if(target.all_desired,
                  [&](const DesiredChildSa& desired) { return desired.name != name && desired.name != tunnel_name; });
    target.name = target.all_desired.front().name;  // children that share a CHILD_SA share its fate
  }
  return target;
}

void Engine::on_command(const model::Command& command, Requests::Reply reply, Now now) {
  struct Visitor {
    Engine& engine;
    Requests::Reply reply;
    Now now;

    // Answers itself when there is no such tunnel or charon is away.
    std::optional<Requests::Target> target(const std::string& name) const {
      auto found = engine.find_target(name);
      if (found && engine.charon_.table().connected) return *found;
      reply(found ? fail("charon does not answer",
                         "is it running? " + model::charon_status(engine.system_.system) + "; vtictl status shows its socket")
                  : std::unexpected(found.error()));
      return std::nullopt;
    }
    void operator()(const model::Up& up) const {
      if (engine.role_ == model::Role::standby) {
        reply(fail(std::string(kRoleTexts[1]), engine.standby_remedy()));
        return;
      }
      const auto found = target(up.target);
      if (!found) return;
      engine.request_look_up(*engine.config_->tunnel(found->all_desired.front().tunnel), now);
      for (const DesiredChildSa& desired : found->all_desired) engine.supervisor_.bring_up(desired.name, now);
      engine.requests_.wait_up(*found, up.timeout, now, reply);
    }
    void operator()(const model::Down& down) const {
      const auto found = target(down.target);
      if (!found) return;
      for (const DesiredChildSa& desired : found->all_desired) engine.supervisor_.hold_down(desired.name);
      engine.requests_.wait_down(*found, down.timeout, now, reply);
    }
    void operator()(const model::Rekey& rekey) const {
      const auto found = target(rekey.target);
      if (!found) return;
      engine.ask(engine.requests_.rekey(*found, engine.charon_.table(), engine.charon_.index(), rekey.timeout, now, reply),
                 now);
    }
    void operator()(const model::TakeRole& take) const { reply(engine.take_role(take.role, now)); }
    void operator()(const model::Reload&) const { reply(engine.reload(now)); }
    void operator()(const model::SetLogLevel& set) const {
      if (set.level) log::set_level(*set.level);
      reply(model::Answer{fmt::format("the log level is {}", log::print(log::level())), {}});
    }
    void operator()(const model::Apply& apply) const { reply(engine.apply(apply, now)); }
    void operator()(const model::Confirm&) const { reply(engine.confirm(now)); }
    void operator()(const model::Refresh& refresh) const {
      const bool whole = engine.refresh_counters(refresh);
      if (whole) return reply(model::Answer{});
      if (engine.counting_.size() >= kMostCounting) return reply(model::Answer{});  // as last read
      engine.counting_.emplace_back(now.steady + kCountPatience, reply);
    }
    void operator()(const model::MakePlan& plan) const { reply(engine.plan_for(plan)); }
    void operator()(const model::FindMtu& find) const { engine.wiring_.find_mtus(find.paths, reply); }
    void operator()(const model::Examine& examine) const {
      (void)engine.refresh_counters({});
      reply(model::Answer{"", {}, std::make_shared<const model::HostFacts>(engine.wiring_.read_host(examine.question))});
    }
  };
  now_ = now;
  std::visit(Visitor{*this, std::move(reply), now}, command);
}

// Also at the lines that only this file has.
Result<bool> Engine::look_for(const model::Config& config) {
  auto devices = reconcile::leased_devices(config);
  if (std::ranges::includes(leased_devices_, devices)) return look();
  devices.insert(leased_devices_.begin(), leased_devices_.end());
  wiring_.kernel.follow_defaults(std::move(devices));
  auto looked = look();
  wiring_.kernel.follow_defaults(leased_devices_);
  return looked;
}

model::CommandResult Engine::plan_for(const model::MakePlan& command) {
  config::Parsed parsed;
  if (command.text) parsed = wiring_.parse_text(*command.text, command.path);
  if (command.text && !parsed.config) return fail(print_all(parsed.errors), "mend the file");
  if (auto seen = parsed.config ? look_for(*parsed.config) : look(); !seen) return std::unexpected(seen.error());
  follow_gateways(now_);
  follow_local_ends(now_);
  const auto plan_of = [this](const reconcile::Derived& derived) {
    return reconcile::make_plan(derived.desired, observed_, system_, reconcile::Removal::allowed);
  };
  if (!parsed.config) {
    return model::Answer{"", plan_of(reconcile::derive(*config_, numbers_, sa_facts_, selection_, host_, system_,
                                                       restraints(*config_), local_ends_))};
  }
  model::Config& config = *parsed.config;
  reconcile::assign(config, reconcile::other_leases(config, observed_));
  const auto numbers = reconcile::allocate(config, numbers_);
  if (!numbers) return std::unexpected(numbers.error());
  const model::GatewaySelection selection = monitor::choose(config, wiring_.gateway_health(), selection_, now_.wall);
  const reconcile::SpiScope scope{reconcile::units_with_own_policies(config, *numbers, system_), spi_scope_.orphans};
  const auto sas = reconcile::facts_of(charon_.table(), charon_.index(), scope);
  const auto ends = reconcile::local_ends(config, observed_, selection, named_peers(config), local_ends_);
  model::Plan plan = plan_of(reconcile::derive(config, *numbers, sas, selection, host_, system_, restraints(config), ends));
  reconcile::name_former_holders(plan, deriver_.derived().desired);
  return model::Answer{"", std::move(plan)};
}

Result<model::Plan> Engine::plan_only() {
  (void)observe_now(wiring_.kernel);
  auto result = plan_for({});
  if (!result) return std::unexpected(result.error());
  return *result->plan;
}

// False: those of the rules are still being read.
bool Engine::refresh_counters(const model::Refresh& refresh) {
  snapshot_.reset();
  if (refresh.links) refresh_links(refresh.tunnel);
  return !refresh.rules || !config_->filter.rules || read_rule_counters();
}

void Engine::refresh_links(const std::string& tunnel) {
  if (tunnel.empty()) {
    if (auto counters = wiring_.kernel.counters()) counters_ = std::move(*counters);
    return;
  }
  const auto found = tunnels_.find(tunnel);
  if (found == tunnels_.end()) return;
  const auto devices = devices_of(*found->second, numbers_);
  auto counters = wiring_.kernel.counters_of(devices);
  if (!counters) return;
  for (const net::IfName& device : devices) counters_.erase(device);
  counters_.merge(*counters);
}

// False: they are still being read.
bool Engine::read_rule_counters() {
  auto counted = wiring_.kernel.rule_counters();
  if (counted) rule_counters_ = std::move(*counted);
  return counted || counted.error().code != EINPROGRESS;
}

// Who waits for the rules' counters gets those of before when there is no end of it.
void Engine::finish_counting(Now now) {
  if (counting_.empty()) return;
  const bool ended = read_rule_counters();
  std::erase_if(counting_, [&](const auto& asked) {
    const bool over = ended || now.steady >= asked.first;
    if (over) asked.second(model::Answer{});
    return over;
  });
}

}  // namespace vtid::daemon
