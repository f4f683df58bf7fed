#include "selftest/site.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "config/parse.h"
#include "daemon/executor.h"
#include "reconcile/derive.h"
#include "reconcile/numbers.h"
#include "reconcile/plan.h"
#include "selftest/ping.h"

namespace vtid::selftest {
namespace {

constexpr Duration kPatience{15'000};  // an IPv6 address may be of use after some seconds only
constexpr Duration kSilence{1'000};
constexpr int kPortions = 1'000;

// "36.1": that many bytes, of the SA that leads to that site. Both sites have both keys; their network has nothing but them.
Result<std::string> key(std::string_view name) {
  const std::size_t digits = name.starts_with("36") ? 72 : 128;
  std::string text;
  while (text.size() < digits) text += fmt::format("{:02x}", (text.size() * 7 + static_cast<unsigned char>(name.back())) % 256);
  return text;
}

// A file as people write it: `four` is carried by IPv4 with AES-GCM, `six` by IPv6 with AES-CBC and HMAC-SHA-256.
std::string file_of(std::size_t own) {
  const std::size_t mine = own + 1;
  const std::size_t peers = 2 - own;
  constexpr std::string_view kTunnel = R"("{0}": {{
    "unit": {1}, "outer": {{ "local": "{2}{3}", "remote": "{2}{4}" }},
    "keys": {{ "in": {{ "spi": "0x{1}00{3}", "algorithm": "{5}", "key": {{ "file": "{6}.{3}" }} }},
              "out": {{ "spi": "0x{1}00{4}", "algorithm": "{5}", "key": {{ "file": "{6}.{4}" }} }} }},
    "children": {{ "v4": {{ "local": "10.6.{1}.{3}/30", "remote": "10.6.{1}.{4}" }},
                  "v6": {{ "local": "fd00:{1}::{3}/64", "remote": "fd00:{1}::{4}" }} }} }})";
  std::string text = R"({ "tunnels": { )";
  text += fmt::format(kTunnel, "four", 1, "192.0.2.", mine, peers, "aes256gcm16", 36);
  text += ", ";
  text += fmt::format(kTunnel, "six", 2, "2001:db8::", mine, peers, "aes256-sha256", 64);
  text += R"( }, "interfaces": { "FOUR": { "tunnel": "four" }, "SIX": { "tunnel": "six" } }, "routes": [ )";
  text += fmt::format(
      R"({{ "to": "10.{0}.0.0/24", "via": "SIX_VTIV4" }}, {{ "to": "fd00:10:{0}::/64", "via": "FOUR_VTIV6" }} ] }})", peers);
  return text;
}

Result<model::Config> parse(const std::string& text) {
  auto parsed = config::parse(text, "selftest.json", key);
  if (parsed.config) return *std::move(parsed.config);
  return fail("the file is refused: " + config::print(parsed.errors.front()));
}

TimePoint now() { return std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now()); }

// What the file wants and the kernel lacks. An error of the plan is ours: nothing of others is here.
Result<model::Plan> plan_for(const model::Config& config, platform::Kernel& kernel) {
  const auto observed = platform::observe_now(kernel);
  if (!observed) return std::unexpected(observed.error());
  const auto numbers = reconcile::allocate(config, {});
  if (!numbers) return std::unexpected(numbers.error());
  const model::Capabilities system = kernel.capabilities();
  const auto derived = reconcile::derive(config, *numbers, {}, {}, reconcile::read_host(*observed), system);
  model::Plan plan = reconcile::make_plan(derived.desired, *observed, system, reconcile::Removal::allowed);
  for (const model::Problem& problem : plan.problems) {
    if (problem.severity == model::Severity::error) return fail(problem.object + ": " + problem.text, problem.remedy);
  }
  return plan;
}

}  // namespace

Result<std::uint32_t> Site::enter_own_network() {
  auto config = parse(file_of(which_));
  if (!config) return std::unexpected(config.error());
  config_ = *std::move(config);
  auto network = contract::enter_own_network();
  if (network) here_ = contract::open_here();
  return network;
}

// The addresses by which the tunnels are carried, and one of a network behind the site.
Result<void> Site::plug_in(const net::IfName& wan) {
  const auto observed = platform::observe_now(*here_.kernel);
  if (!observed) return std::unexpected(observed.error());
  const auto loopback =
      std::ranges::find_if(observed->links, [](const auto& link) { return link.name.text().starts_with("lo"); });
  if (observed->link(wan) == nullptr || loopback == observed->links.end())
    return fail(wan.text() + " or the loopback is not there");
  const std::size_t number = which_ + 1;
  const auto add = [&](const net::IfName& link, const std::string& prefix) {
    here_.world->add_address({link, *net::parse_prefix(prefix), {}});
  };
  here_.world->set_link(wan, true, 1500);
  add(wan, fmt::format("192.0.2.{}/24", number));
  add(wan, fmt::format("2001:db8::{}/64", number));
  add(loopback->name, fmt::format("10.{}.0.1/32", number));
  add(loopback->name, fmt::format("fd00:10:{}::1/128", number));
  return {};
}

Result<void> Site::follow(const model::Config& config) {
  auto plan = plan_for(config, *here_.kernel);
  if (!plan) return std::unexpected(plan.error());
  daemon::Executor executor(*here_.kernel);
  executor.accept(*std::move(plan), now());
  for (int i = 0; (executor.busy() || executor.waits()) && i < kPortions; ++i) {
    if (!executor.busy()) wait_for_end(*here_.kernel);
    for (const auto& done : executor.step(now(), 0)) {
      if (done.error) return fail("cannot " + print(done.op.change) + ": " + done.error->text, done.error->remedy);
    }
  }
  const auto next = plan_for(config, *here_.kernel);
  if (!next) return std::unexpected(next.error());
  if (next->ops.empty()) return {};
  return fail("the next plan is not empty: " + print(next->ops.front().change) + ", " + next->ops.front().reason);
}

Result<void> Site::follow_empty_file() {
  if (const auto followed = follow({}); !followed) return followed;
  const auto observed = platform::observe_now(*here_.kernel);
  if (!observed) return std::unexpected(observed.error());
  const auto ours = [](const model::ObservedLink& link) { return link.owner == model::Owner::vtid; };
  const bool empty = std::ranges::none_of(observed->links, ours) && observed->routes.empty() && observed->sas.empty() &&
                     observed->policies.empty();
  return empty ? Result<void>{} : fail("the plan was carried out, but something of ours is left");
}

Result<void> Site::lose_sas() {
  const auto observed = platform::observe_now(*here_.kernel);
  if (!observed) return std::unexpected(observed.error());
  if (observed->sas.size() != 4) return fail(fmt::format("{} SAs of ours are there, not 4", observed->sas.size()));
  for (const model::Sa& sa : observed->sas) here_.world->delete_our_sa(sa);
  return {};
}

Result<void> Site::reach(std::string_view own, std::string_view peers) const {
  const auto answered = answers(*net::parse_address(own), *net::parse_address(peers), kPatience);
  if (!answered) return std::unexpected(answered.error());
  if (*answered) return {};
  return fail(fmt::format("no answer from {} to {} within {} s", peers, own, kPatience.count() / 1000));
}

Result<void> Site::miss(std::string_view own, std::string_view peers) const {
  const auto answered = answers(*net::parse_address(own), *net::parse_address(peers), kSilence);
  if (!answered) return std::unexpected(answered.error());
  return *answered ? fail(fmt::format("{} answers {}", peers, own)) : Result<void>{};
}

Result<void> Site::count_traffic() {
  const auto counters = here_.kernel->counters();
  if (!counters) return std::unexpected(counters.error());
  for (const char* name : {"ipsec1", "ipsec2"}) {
    const auto found = counters->find(contract::device(name));
    if (found == counters->end()) return fail(std::string(name) + " has no counters");
    const model::LinkCounters& seen = found->second;
    if (seen.packets_in == 0 || seen.packets_out == 0 || seen.bytes_in == 0 || seen.bytes_out == 0)
      return fail(fmt::format("{} counted {} packets in and {} out", name, seen.packets_in, seen.packets_out));
  }
  return {};
}

}  // namespace vtid::selftest
