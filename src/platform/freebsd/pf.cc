#include "platform/freebsd/pf.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ranges>
#include <system_error>

#include "platform/freebsd/backend.h"
#include "platform/freebsd/pf_anchor.h"
#include "platform/freebsd/verdict.h"
#include "platform/freebsd/wire/requests.h"

namespace vtid::platform::freebsd {
namespace {

using net::Family;

constexpr std::string_view kAnchor = "vtid";
constexpr std::string_view kFingerprintAnchor = "vtid/seal";
constexpr std::array kAnchors{kAnchor, kFingerprintAnchor};
constexpr std::string_view kEnc = "enc0";
constexpr std::int64_t kFirstWithMatch = 1'400'000;  // kern.osreldate of FreeBSD 14

constexpr std::string_view kNoEnc = "load the kernel module: kldload if_enc, and if_enc_load=\"YES\" in /boot/loader.conf";

bool of_enc(std::string_view name) { return name.starts_with("net.enc."); }

net::IfName enc() { return *net::IfName::parse(kEnc); }

// Whether packets meet what stands in our anchor.
void judge(Pf::Seen& seen, std::string_view info, const PfLists& main) {
  const auto missing = missing_references(seen.lists, main);
  const auto before = forestalling_rules(main.rules, {"vtid", "ipsec", std::string(kEnc)});
  if (!pf_is_enabled(info)) {
    seen.inactive_reason = "pf is disabled";
    seen.remedy = "service pf enable && service pf start, or pfctl -e";
  } else if (!missing.empty()) {
    seen.inactive_reason =
        fmt::format("pf's main ruleset does not lead to it: there is no {} all", fmt::join(missing, " all, no "));
    seen.remedy =
        fmt::format("add to /etc/pf.conf, each among its kind and before any quick rule, and load it (service pf reload): {}",
                    fmt::join(missing, "; "));
  } else if (!before.empty()) {
    seen.inactive_reason = fmt::format("a rule of pf's main ruleset passes packets before it is asked: {}", before.front());
    seen.remedy = "move the line anchor \"vtid\" of /etc/pf.conf before that rule, and load it (service pf reload)";
  }
}

}  // namespace

// What others have emptied is not there any more; an empty anchor that was fingerprinted empty is.
std::optional<model::ObservedFilter> Pf::Seen::filter() const {
  const bool as_written = fingerprint && fingerprint->listing == digest(lists);
  if (lists.empty() && !as_written) return std::nullopt;
  if (!fingerprint) return model::ObservedFilter{};
  return model::ObservedFilter{fingerprint->mode, fingerprint->digest, !as_written || !mode_holds, inactive_reason, remedy};
}

void Pf::Run::await_suspend(std::coroutine_handle<> dialogue) {
  pf.dialogue_ = dialogue;
  std::vector<std::string> words;
  for (const auto word : std::views::split(arguments, ' ')) words.emplace_back(word.begin(), word.end());
  pf.calls_.begin_pfctl(std::move(words), std::move(input));
}

void Pf::go_on() {
  while (dialogue_ && (answer_ = calls_.end_pfctl())) std::exchange(dialogue_, {}).resume();
}

Task<Result<std::string>> Pf::ask(std::string arguments, std::string input) {
  Run run{*this, arguments, std::move(input)};  // g++ 12 destroys a temporary one twice
  auto ran = co_await run;
  if (!ran) co_return std::unexpected(ran.error());
  if (ran->status == 0) co_return std::move(ran->output);
  const std::string complaint = pf_complaint(ran->errors);
  co_return fail(
      fmt::format("pfctl {}: {}", arguments, complaint.empty() ? fmt::format("exit status {}", ran->status) : complaint), {},
      EINVAL);
}

// pfctl fails for an anchor that is not there, in words of each release. Whether pf can be asked at all is asked apart.
Task<Result<std::string>> Pf::list(std::string_view anchor, std::string_view what) {
  Run run{*this, fmt::format("-a {} -s {}", anchor, what), {}};
  auto ran = co_await run;
  if (!ran) co_return std::unexpected(ran.error());
  co_return ran->status == 0 ? std::move(ran->output) : std::string();
}

Task<Result<Pf::Seen>> Pf::look() {
  Seen seen;
  if (!calls_.has_pf()) co_return seen;
  const auto fingerprint = co_await list(kFingerprintAnchor, "rules");
  if (!fingerprint) co_return std::unexpected(fingerprint.error());
  auto rules = co_await list(kAnchor, "rules");
  if (!rules) co_return std::unexpected(rules.error());
  auto nat = co_await list(kAnchor, "nat");
  if (!nat) co_return std::unexpected(nat.error());
  seen.fingerprint = read_pf_fingerprint(*fingerprint);
  seen.lists = {*std::move(rules), *std::move(nat)};
  if (seen.fingerprint && seen.fingerprint->keeps != PfKeeps::nothing) {
    seen.mode_holds = mode_holds(seen.fingerprint->mode == print(model::FilterMode::enc) ? model::FilterMode::enc
                                                                                         : model::FilterMode::if_ipsec);
  }
  if (!seen.lists.empty()) {
    if (const auto looked = co_await look_whether_in_force(seen); !looked) co_return std::unexpected(looked.error());
  }
  co_return seen;
}

Task<Result<void>> Pf::look_whether_in_force(Seen& seen) {
  const auto info = co_await ask("-s info");
  if (!info) co_return std::unexpected(info.error());
  auto rules = co_await ask("-s rules");
  if (!rules) co_return std::unexpected(rules.error());
  auto nat = co_await ask("-s nat");
  if (!nat) co_return std::unexpected(nat.error());
  judge(seen, *info, {*std::move(rules), *std::move(nat)});
  co_return Result<void>{};
}

Task<Result<std::map<std::string, model::RuleCounters>>> Pf::counters() {
  if (!calls_.has_pf()) co_return std::map<std::string, model::RuleCounters>{};
  const auto labels = co_await list(kAnchor, "labels");
  if (!labels) co_return std::unexpected(labels.error());
  co_return read_pf_labels(*labels);
}

PfDialect Pf::dialect() { return {.match_clamps = release_of(calls_) >= kFirstWithMatch}; }

Task<Result<void>> Pf::load(std::string text) {
  const auto loaded = co_await ask(fmt::format("-a {} -o none -f -", kAnchor), std::move(text));
  if (!loaded) co_return std::unexpected(loaded.error());
  co_return Result<void>{};
}

Task<Result<void>> Pf::fingerprint(PfFingerprint fingerprint) {
  const auto loaded = co_await ask(fmt::format("-a {} -o none -f -", kFingerprintAnchor), print_pf_fingerprint(fingerprint));
  if (!loaded) co_return std::unexpected(loaded.error());
  co_return Result<void>{};
}

Task<Result<void>> Pf::clear() {
  for (const std::string_view anchor : kAnchors) {
    const auto emptied = co_await ask(fmt::format("-a {} -f -", anchor));
    if (!emptied) co_return std::unexpected(emptied.error());
  }
  co_return Result<void>{};
}

// --- where packets meet it ---------------------------------------------------------------------------------------------

bool Pf::enc_is_up() {
  abi::InterfaceRequest request = request_for(enc());
  return calls_.control(Family::ipv4, abi::kGetFlags, &request) == 0 && (flags_of(request) & abi::kIffUp) != 0;
}

// Without enc(4) nothing meets enc0, which is what mode if_ipsec wants.
bool Pf::mode_holds(model::FilterMode mode) {
  const bool by_enc = mode == model::FilterMode::enc;
  const auto switches = model::filter_sysctls(mode);
  const bool all = std::ranges::all_of(switches, [&](const model::FilterSysctl& item) {
    const auto value = calls_.sysctl(item.first);
    if (!value) return !by_enc && of_enc(item.first);
    return *value == item.second;
  });
  return all && (!by_enc || enc_is_up());
}

Result<void> Pf::set(std::string_view name, std::int64_t value) {
  const auto now = calls_.sysctl(name);
  if (now && *now == value) return {};
  if (!now && of_enc(name) && value == 0) return {};
  const int code = now ? calls_.set_sysctl(name, value) : now.error().code;
  if (code == 0) return {};
  return fail(fmt::format("cannot set {} to {}: {}", name, value, std::generic_category().message(code)),
              of_enc(name) ? std::string(kNoEnc) : "", code);
}

// A hook of enc(4) sees nothing while enc0 is down (sys/net/if_enc.c).
Result<void> Pf::bring_enc_up() {
  if (enc_is_up()) return {};
  const int code = set_link_up(calls_, enc(), true);
  if (code == 0) return {};
  return fail(fmt::format("cannot set enc0 up: {}", std::generic_category().message(code)), std::string(kNoEnc), code);
}

// Each switch as the mode has it that filters there.
Result<void> Pf::tighten(model::FilterMode mode) {
  const auto enc = model::filter_sysctls(model::FilterMode::enc);
  const auto own = model::filter_sysctls(model::FilterMode::if_ipsec);
  for (std::size_t i = 0; i < enc.size(); ++i) {
    const std::int64_t value = std::max(enc[i].second, own[i].second);
    if (mode == model::FilterMode::if_ipsec && of_enc(enc[i].first) && !calls_.sysctl(enc[i].first)) continue;
    if (const auto done = set(enc[i].first, value); !done) return done;
  }
  return calls_.sysctl(enc.back().first) ? bring_enc_up() : Result<void>{};
}

// What filters is switched on before what filtered is switched off.
Result<void> Pf::set_mode(model::FilterMode mode) {
  auto switches = model::filter_sysctls(mode);
  std::ranges::stable_sort(switches, std::greater{}, &model::FilterSysctl::second);
  if (mode == model::FilterMode::enc) {
    if (const auto up = bring_enc_up(); !up) return up;
  }
  for (const auto& [name, value] : switches) {
    if (const auto done = set(name, value); !done) return done;
  }
  return {};
}

}  // namespace vtid::platform::freebsd
