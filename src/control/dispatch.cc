#include "control/dispatch.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <memory>
#include <ranges>
#include <span>

#include "base/duration.h"
#include "base/nearest.h"
#include "control/doctor.h"
#include "control/explain.h"
#include "control/export.h"
#include "control/kinds.h"
#include "control/message.h"
#include "control/metrics.h"
#include "control/mtu.h"
#include "control/render.h"

namespace vtid::control {
namespace {

using model::CommandResult;
using model::Snapshot;
using model::SnapshotView;

// ---- what every handler is given -------------------------------------------------------------------------------------

struct Call {
  const Request& request;  // its arguments are known, strings, and allowed here; those required are there
  const Reply& reply;
  const SnapshotSource& snapshot;

  [[nodiscard]] std::string text(std::string_view name) const {
    const Argument* found = request.argument(name);
    return found == nullptr ? std::string{} : found->text.value_or("");
  }
};

constexpr std::string_view kFileText = "text";  // the one parameter that is longer than a name

struct Parameter {
  std::string_view name;
  bool required = true;
  Access access = Access::view;
};

struct Method {
  std::string_view name;
  Access access;
  std::span<const Parameter> parameters;
  Action (*run)(const Call& call);
};

Respond not_found(const Reply& reply, std::string_view what, std::string_view name, const std::vector<std::string>& known) {
  const auto nearest = nearest_names(name, known);
  std::string remedy = nearest.empty() ? std::string{} : fmt::format("did you mean {}?", fmt::join(nearest, " or "));
  return {reply.error(protocol::kNotFound, {fmt::format("there is no {} \"{}\"", what, name), std::move(remedy)},
                      {{"nearest", nearest}})};
}

Respond no_tunnel(const Reply& reply, std::string_view name, const Index& index) {
  const auto names = std::views::keys(index.tunnels);
  return not_found(reply, "tunnel", name, {names.begin(), names.end()});
}

// ---- reading: bring the counters up to date, then render -------------------------------------------------------------

constexpr std::string_view kRules = "rules";
constexpr std::string_view kTunnels = "tunnels";

// A refresh that fails leaves the last known counters, and the daemon's problems say why: there is always a status.
Execute look(std::function<std::string(const Index&)> render, model::Refresh refresh = {}) {
  return {std::move(refresh), {}, [render = std::move(render)](const CommandResult&, const SnapshotView& snapshot) {
            return render(Index(snapshot));
          }};
}

Action run_status(const Call& call) {
  return look([reply = call.reply](const Index& index) { return reply.result(render_status(index)); });
}

std::optional<Respond> unknown_kind(const Call& call) {
  if (find_kind(call.text("kind")) != nullptr) return std::nullopt;
  std::vector<std::string> names;
  for (const Kind& kind : kinds()) names.emplace_back(kind.name);
  return Respond{call.reply.error(protocol::kInvalidParams, {fmt::format("\"{}\" is not a kind", call.text("kind")),
                                                             fmt::format("kinds are {}", fmt::join(names, ", "))})};
}

// Of the counters only what is shown.
model::Refresh refresh_for(std::string_view kind, std::string tunnel = {}) {
  return {.rules = kind == kRules, .links = kind == kTunnels, .tunnel = std::move(tunnel)};
}

Action run_list(const Call& call) {
  if (auto no = unknown_kind(call)) return std::move(*no);
  return look(
      [reply = call.reply, kind = find_kind(call.text("kind"))](const Index& index) { return reply.result(kind->list(index)); },
      refresh_for(call.text("kind")));
}

// The last of that name: of several SAs the newest.
Action run_show(const Call& call) {
  if (auto no = unknown_kind(call)) return std::move(*no);
  return look(
      [reply = call.reply, kind = find_kind(call.text("kind")), name = call.text("name")](const Index& index) {
        if (Json item = kind->one == nullptr ? nullptr : kind->one(index, name); !item.is_null()) return reply.result(item);
        Json all = kind->list(index);
        std::vector<std::string> names;
        for (auto item = all.rbegin(); item != all.rend(); ++item) {
          names.push_back(item->at("name").get<std::string>());
          if (names.back() == name) return reply.result(*item);
        }
        return not_found(reply, kind->singular, name, names).line;
      },
      refresh_for(call.text("kind"), call.text("name")));
}

Action run_explain(const Call& call) {
  return look(
      [reply = call.reply, name = call.text("name")](const Index& index) {
        if (auto steps = explain(name, index)) return reply.result(*steps);
        return not_found(reply, "tunnel, interface, gateway or route", name, explainable_names(index)).line;
      },
      {.rules = true, .links = false});
}

Action run_doctor(const Call& call) {
  return Execute{model::Examine{question_about(Index(call.snapshot()))},
                 {},
                 [reply = call.reply](const CommandResult& result, const SnapshotView& snapshot) {
                   const model::HostFacts facts = result && result->host ? *result->host : model::HostFacts{};
                   const Index index(snapshot);
                   return reply.result(render_diagnoses(diagnose({index, facts})));
                 }};
}

Action run_metrics(const Call& call) {
  const auto format = parse_metrics_format(call.text("format"));
  if (!format) {
    return Respond{call.reply.error(protocol::kInvalidParams,
                                    {fmt::format("\"{}\" is not a format", call.text("format")),
                                     fmt::format("formats are {}", fmt::join(protocol::kMetricsFormats, ", "))})};
  }
  return look(
      [reply = call.reply, format = *format](const Index& index) {
        return reply.result({{"text", render_metrics(index, format)}});
      },
      {.rules = true});
}

Action run_export(const Call& call) {
  const auto as = parse_export_format(call.text("as"));
  if (!as) {
    return Respond{
        call.reply.error(protocol::kInvalidParams, {fmt::format("\"{}\" is not a format", call.text("as")),
                                                    fmt::format("formats are {}", fmt::join(protocol::kExportFormats, ", "))})};
  }
  return look([reply = call.reply, name = call.text("name"), as = *as](const Index& index) {
    const auto tunnel = index.tunnels.find(name);
    if (tunnel == index.tunnels.end()) return no_tunnel(reply, name, index).line;
    const auto text = export_peer(*tunnel->second, as, index);
    return text ? reply.result({{"text", *text}}) : reply.error(protocol::kRefused, text.error());
  });
}

Action run_subscribe(const Call& call) {
  const std::string kind = call.text("kind");
  if (!kind.empty() && std::ranges::find(protocol::kEventKinds, kind) == protocol::kEventKinds.end()) {
    return Respond{
        call.reply.error(protocol::kInvalidParams, {fmt::format("there are no events of kind \"{}\"", kind),
                                                    fmt::format("kinds are {}", fmt::join(protocol::kEventKinds, ", "))})};
  }
  return Subscribe{call.reply.result({{"kind", kind}}), kind};
}

// ---- commands: post, then say the outcome ----------------------------------------------------------------------------

std::string refusal(const Reply& reply, const Error& error) { return reply.error(protocol::kRefused, error); }

Execute command(const Call& call, model::Command command, std::string change) {
  return {std::move(command), std::move(change), [reply = call.reply](const CommandResult& result, const SnapshotView&) {
            return result ? reply.result({{"text", result->text}}) : refusal(reply, result.error());
          }};
}

// The path that comes with a file's text.
std::optional<Respond> unnamed_text(const Call& call) {
  if (call.text("path").starts_with('/')) return std::nullopt;
  return Respond{
      call.reply.error(protocol::kInvalidParams, {"\"text\" needs an absolute \"path\"", "it names the file in errors"})};
}

Action run_plan(const Call& call) {
  const bool other_file = call.request.argument(kFileText) != nullptr;
  if (other_file) {
    if (auto no = unnamed_text(call)) return std::move(*no);
  }
  model::MakePlan make;
  if (other_file) make = {call.text(kFileText), call.text("path")};
  return Execute{
      std::move(make), {}, [reply = call.reply, other_file](const CommandResult& result, const SnapshotView& snapshot) {
        if (!result) return refusal(reply, result.error());
        return reply.result(render_plan(*result, other_file ? std::vector<model::FailedOp>{} : *snapshot.failed));
      }};
}

Action run_apply(const Call& call) {
  if (auto no = unnamed_text(call)) return std::move(*no);
  model::Apply apply{call.text(kFileText), call.text("path"), std::nullopt};
  std::string change = fmt::format("apply {}", apply.path);
  if (const std::string text = call.text("confirm"); !text.empty()) {
    auto confirm = parse_duration(text);
    if (confirm && (*confirm < kShortestConfirm || *confirm > kLongestConfirm)) {
      confirm = fail(fmt::format("the time to confirm is {}, not {}", text, "between 1s and 24h"), "write it as in 60s or 5m");
    }
    if (!confirm) return Respond{call.reply.error(protocol::kInvalidParams, confirm.error())};
    apply.confirm = *confirm;
    change += ", to be confirmed within " + text;
  }
  return command(call, std::move(apply), std::move(change));
}

Action run_confirm(const Call& call) { return command(call, model::Confirm{}, "confirm"); }

Action run_reload(const Call& call) { return command(call, model::Reload{}, "reload"); }

Action run_role(const Call& call) {
  const std::string text = call.text("role");
  const auto role = model::parse_role(text);
  if (role) return command(call, model::TakeRole{*role}, "role " + text);
  return Respond{call.reply.error(protocol::kInvalidParams, {fmt::format("\"{}\" is not a role", text),
                                                             fmt::format("roles are {}", fmt::join(protocol::kRoles, ", "))})};
}

Action run_log_level(const Call& call) {
  const std::string text = call.text("level");
  if (text.empty()) return command(call, model::SetLogLevel{}, {});
  if (const auto level = log::parse_level(text)) return command(call, model::SetLogLevel{level}, "log-level " + text);
  return Respond{call.reply.error(
      protocol::kInvalidParams,
      {fmt::format("\"{}\" is not a log level", text), fmt::format("levels are {}", fmt::join(protocol::kLogLevels, ", "))})};
}

// `target` is a tunnel or "tunnel/child" of the running configuration.
std::optional<Respond> unknown_target(const Call& call, std::string_view target) {
  const model::SnapshotView now = call.snapshot();
  const auto slash = target.find('/');
  const auto name_of = [](const auto& item) { return item.name; };
  std::vector<std::string> names;
  const auto found = now.names.tunnels.find(target.substr(0, slash));
  if (found == now.names.tunnels.end()) {
    std::ranges::transform(now.config.tunnels, std::back_inserter(names), name_of);
    return not_found(call.reply, "tunnel", target.substr(0, slash), names);
  }
  const model::Tunnel* tunnel = found->second;
  if (slash == std::string_view::npos) return std::nullopt;
  std::ranges::transform(tunnel->children, std::back_inserter(names), name_of);
  if (std::ranges::find(names, target.substr(slash + 1)) != names.end()) return std::nullopt;
  return not_found(call.reply, fmt::format("child of {}", tunnel->name), target.substr(slash + 1), names);
}

Result<Duration> parse_wait(const Call& call) {
  const std::string text = call.text("timeout");
  auto wait = parse_duration(text.empty() ? "30s" : text);
  if (wait && *wait > kLongestWait) {
    return fail(fmt::format("the timeout {} is longer than {}", text, print_duration(kLongestWait)), "ask again instead");
  }
  return wait;
}

template <class Command>
Action run_on_target(const Call& call, std::string_view verb) {
  const std::string target = call.text("name");
  if (auto no = unknown_target(call, target)) return std::move(*no);
  const auto wait = parse_wait(call);
  if (!wait) return Respond{call.reply.error(protocol::kInvalidParams, wait.error())};
  return command(call, Command{target, *wait}, fmt::format("{} {}", verb, target));
}

Action run_up(const Call& call) { return run_on_target<model::Up>(call, protocol::method::kUp); }
Action run_down(const Call& call) { return run_on_target<model::Down>(call, protocol::method::kDown); }
Action run_rekey(const Call& call) { return run_on_target<model::Rekey>(call, protocol::method::kRekey); }

Action run_find_mtu(const Call& call) {
  const Index index(call.snapshot());
  const auto tunnel = index.tunnels.find(call.text("name"));
  if (tunnel == index.tunnels.end()) return no_tunnel(call.reply, call.text("name"), index);
  auto paths = mtu_paths(*tunnel->second, index);
  if (paths.empty()) {
    return Respond{refusal(call.reply, {fmt::format("{} has no interface that carries traffic", tunnel->first),
                                        fmt::format("vtictl up {}", tunnel->first)})};
  }
  return Execute{model::FindMtu{paths}, {}, [reply = call.reply, paths](const CommandResult& result, const SnapshotView&) {
                   return result ? reply.result(render_mtus(paths, result->mtus)) : refusal(reply, result.error());
                 }};
}

// ---- the table -------------------------------------------------------------------------------------------------------

constexpr std::array kOfKind{Parameter{"kind"}};
constexpr std::array kOfKindAndName{Parameter{"kind"}, Parameter{"name"}};
constexpr std::array kOfName{Parameter{"name"}};
constexpr std::array kOfRole{Parameter{"role"}};
constexpr std::array kOfEvents{Parameter{"kind", false}};
constexpr std::array kOfTarget{Parameter{"name"}, Parameter{"timeout", false}};
// Another file's secrets are read for its plan: not for those who may only look.
constexpr std::array kOfPlan{Parameter{kFileText, false, Access::full}, Parameter{"path", false, Access::full}};
constexpr std::array kOfExport{Parameter{"name"}, Parameter{"as"}};
constexpr std::array kOfMetrics{Parameter{"format", false}};
constexpr std::array kOfLogLevel{Parameter{"level", false, Access::full}};
constexpr std::array kOfApply{Parameter{kFileText}, Parameter{"path"}, Parameter{"confirm", false}};

namespace method = protocol::method;
constexpr std::array kMethods{
    Method{method::kStatus, Access::view, {}, run_status},
    Method{method::kList, Access::view, kOfKind, run_list},
    Method{method::kShow, Access::view, kOfKindAndName, run_show},
    Method{method::kExplain, Access::view, kOfName, run_explain},
    Method{method::kDoctor, Access::view, {}, run_doctor},
    Method{method::kSubscribe, Access::view, kOfEvents, run_subscribe},
    Method{method::kPlan, Access::view, kOfPlan, run_plan},
    Method{method::kExport, Access::view, kOfExport, run_export},
    Method{method::kMetrics, Access::view, kOfMetrics, run_metrics},
    Method{method::kLogLevel, Access::view, kOfLogLevel, run_log_level},
    Method{method::kUp, Access::full, kOfTarget, run_up},
    Method{method::kDown, Access::full, kOfTarget, run_down},
    Method{method::kRekey, Access::full, kOfTarget, run_rekey},
    Method{method::kFindMtu, Access::full, kOfName, run_find_mtu},
    Method{method::kReload, Access::full, {}, run_reload},
    Method{method::kApply, Access::full, kOfApply, run_apply},
    Method{method::kConfirm, Access::full, {}, run_confirm},
    Method{method::kRole, Access::full, kOfRole, run_role},
};

const Error kReadOnly{"this socket is for reading only", "use vtid.sock beside it: root and the group vtid may"};

const Error kTooLong{fmt::format("the request exceeds {} bytes", protocol::kMaxShortRequest),
                     "longer is only the file of a plan or an apply, on vtid.sock: root and the group vtid may"};

Respond unknown_method(const Request& request) {
  const std::string_view name = std::string_view(request.method).substr(0, kLongestName);
  std::vector<std::string> names;
  for (const Method& method : kMethods) names.emplace_back(method.name);
  return {request.reply.error(protocol::kMethodNotFound, {fmt::format("there is no method \"{}\"", name),
                                                          fmt::format("methods are {}", fmt::join(names, ", "))})};
}

// What is wrong with the parameters, as an error line.
std::optional<Respond> check_parameters(const Method& method, const Request& request, Access access) {
  const auto no = [&](std::string text) {
    return Respond{request.reply.error(protocol::kInvalidParams, {std::move(text), "see docs/control-protocol.md"})};
  };
  for (const auto& [name, text] : request.arguments) {
    const auto known = std::ranges::find(method.parameters, name, &Parameter::name);
    if (known == method.parameters.end())
      return no(fmt::format("{} has no parameter \"{}\"", method.name, name.substr(0, kLongestName)));
    if (!text) return no(fmt::format("\"{}\" must be a string", name));
    if (known->access > access) return Respond{request.reply.error(protocol::kNotAllowed, kReadOnly)};
    if (name != kFileText && text->size() > kLongestName) {
      return no(fmt::format("\"{}\" is longer than {} bytes", name, kLongestName));
    }
  }
  for (const Parameter& parameter : method.parameters) {
    if (parameter.required && request.argument(parameter.name) == nullptr) {
      return no(fmt::format("{} needs \"{}\"", method.name, parameter.name));
    }
  }
  return std::nullopt;
}

}  // namespace

Action dispatch(std::string_view line, Access access, const SnapshotSource& snapshot) {
  const auto request = parse_request(line);
  if (!request) return Respond{request.error()};
  const auto method = std::ranges::find(kMethods, request->method, &Method::name);
  if (method == kMethods.end()) return unknown_method(*request);
  if (method->access > access) return Respond{request->reply.error(protocol::kNotAllowed, kReadOnly)};
  if (auto no = check_parameters(*method, *request, access)) return std::move(*no);
  if (line.size() > protocol::kMaxShortRequest && request->argument(kFileText) == nullptr) {
    return Respond{request->reply.error(protocol::kInvalidRequest, kTooLong)};
  }
  Action action = method->run({*request, request->reply, snapshot});
  const auto* ask = std::get_if<Execute>(&action);
  const bool in_vain = ask != nullptr && ask->change.empty() && !request->reply.is_awaited();  // a look that nobody sees
  return in_vain ? Action(Respond{}) : std::move(action);
}

Action dispatch(std::string_view line, Access access, const Snapshot& snapshot) {
  return dispatch(line, access, [&snapshot] { return SnapshotView(snapshot); });
}

std::string too_long_line(Access access) {
  if (access == Access::view) return Reply().error(protocol::kInvalidRequest, kTooLong);
  return Reply().error(protocol::kInvalidRequest, {fmt::format("the request exceeds {} bytes", protocol::kMaxRequest),
                                                   "only the \"text\" of a plan or an apply may be as long as that"});
}

std::string busy_line(const Error& reason) { return Reply().error(protocol::kBusy, reason); }

std::string event_line(const model::Event& event) { return notification_line(protocol::method::kEvent, render_event(event)); }

std::string closing_line(std::string_view reason) {
  return notification_line(protocol::method::kClosing, {{"reason", reason}});
}

}  // namespace vtid::control
