#include "ctl/commands.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <ostream>
#include <sstream>

#include "base/duration.h"
#include "base/file_io.h"
#include "base/unique_fd.h"
#include "ctl/capture.h"
#include "ctl/check.h"
#include "ctl/compare.h"
#include "ctl/complete.h"
#include "ctl/connection.h"
#include "ctl/import.h"
#include "ctl/read_file.h"
#include "ctl/repeat.h"
#include "ctl/terminal.h"
#include "ctl/text.h"
#include "ctl/top.h"
#include "ctl/tunnel.h"
#include "vtid/protocol.h"

namespace vtid::ctl {
namespace {

namespace method = protocol::method;

constexpr Duration kNamesPatience{2'000};  // for the names of a completion: somebody has pressed a key
constexpr Duration kPatience{60'000};      // for an answer; for commands that wait, beyond their own timeout

// What a command works with.
struct Run {
  const std::string& program;
  const Options& options;
  Renderer render;
  std::ostream& out;
  std::ostream& err;
  int terminal;
};

struct Command {
  Syntax syntax;
  Outcome<ExitCode> (*act)(const Run& run);
  Renderer render;
};

// ---- actions ---------------------------------------------------------------------------------------------------------

Outcome<Connection> connect(const std::string& socket) {
  const std::vector<std::string> usual{std::string(protocol::kSocket), std::string(protocol::kViewSocket)};
  return Connection::open(socket.empty() ? usual : std::vector{socket});
}
Outcome<Connection> connect(const Options& options) { return connect(options.socket); }

Outcome<Json> request(const Options& options, const Json& params, Duration deadline = kPatience) {
  auto connection = connect(options);
  if (!connection) return std::unexpected(connection.error());
  return connection->call(options.command, params, deadline);
}

void print(const Run& run, const Json& result) {
  run.out << (run.options.json ? print_json(result) + '\n' : run.render(result, run.options));
}

Outcome<ExitCode> print_answer(const Run& run, const Outcome<Json>& answer) {
  if (!answer) return std::unexpected(answer.error());
  print(run, *answer);
  return kDone;
}

Outcome<ExitCode> ask(const Run& run) {
  Json params = Json::object();
  if (!run.options.role.empty()) params["role"] = run.options.role;
  return print_answer(run, request(run.options, params));
}

Outcome<Json> look_once(Connection& connection, const Options& options) {
  const bool of_tunnel = options.command == method::kStatus && !options.name.empty();
  if (of_tunnel) return ask_tunnel(connection, options.name, kPatience);
  Json params = Json::object();
  if (!options.kind.empty()) params["kind"] = options.kind;
  if (!options.name.empty()) params["name"] = options.name;
  auto answer = connection.call(options.command, params, kPatience);
  if (answer && options.names && options.json) return names_in(*answer, options);
  return answer;
}

// What is only shown: once, or with --watch again and again.
Outcome<ExitCode> ask_or_watch(const Run& run) {
  Run shown = run;
  if (run.options.command == method::kStatus && !run.options.name.empty()) shown.render = render_tunnel;
  if (run.options.names) shown.render = render_names;
  auto connection = connect(run.options);
  if (!connection) return std::unexpected(connection.error());
  const auto ask = [&] { return look_once(*connection, run.options); };
  if (!run.options.watch) return print_answer(shown, ask());
  const auto render = [&](const Json& answer, const Display& display) {
    Options options = run.options;
    options.display = display;
    return shown.render(answer, options);
  };
  const Options& options = run.options;
  const std::string title = fmt::format("vtictl {} {}{}", options.command, options.kind, options.name);
  return repeat({*parse_duration(options.interval), run.terminal, options.color, title, options.json}, ask, render, run.out);
}

Outcome<ExitCode> ask_and_wait(const Run& run) {
  const Duration wait = parse_duration(run.options.timeout).value_or(Duration::zero());
  const Json params{{"name", run.options.name}, {"timeout", run.options.timeout}};
  return print_answer(run, request(run.options, params, wait + kPatience));
}

Outcome<Json> read_params(const std::string& file) {
  auto text = read_file(file, protocol::kMaxRequest);
  if (!text) return std::unexpected(Failure{kRefused, text.error()});
  if (file == "-") return Json{{"text", *std::move(text)}, {"path", "/dev/stdin"}};
  std::error_code failure;
  const auto path = std::filesystem::absolute(file, failure);
  if (failure)
    return std::unexpected(Failure{kRefused, {fmt::format("cannot tell where {} is: {}", file, failure.message()), ""}});
  return Json{{"text", *std::move(text)}, {"path", path.lexically_normal().string()}};
}

Outcome<ExitCode> plan(const Run& run) {
  const auto params = run.options.file.empty() ? Outcome<Json>(Json::object()) : read_params(run.options.file);
  if (!params) return std::unexpected(params.error());
  const auto answer = request(run.options, *params);
  if (!answer) return std::unexpected(answer.error());
  print(run, *answer);
  return run.options.expect_empty && text_of(*answer, "empty") != "yes" ? kFound : kDone;
}

Outcome<ExitCode> apply(const Run& run) {
  auto params = read_params(run.options.file);
  if (!params) return std::unexpected(params.error());
  if (!run.options.confirm.empty()) (*params)["confirm"] = run.options.confirm;
  return print_answer(run, request(run.options, *params));
}

Outcome<ExitCode> explain(const Run& run) {
  auto connection = connect(run.options);
  if (!connection) return std::unexpected(connection.error());
  const Json params{{"name", run.options.name}};
  auto answer = connection->call(method::kExplain, params, kPatience);
  if (!answer || !run.options.probe) return print_answer(run, answer);
  const auto probed = connection->call(method::kFindMtu, params, kPatience);
  if (!probed) return std::unexpected(probed.error());
  for (const Json& step : *probed) answer->push_back(step);
  print(run, *answer);
  return kDone;
}

Outcome<ExitCode> doctor(const Run& run) {
  const auto answer = request(run.options, Json::object());
  if (!answer) return std::unexpected(answer.error());
  print(run, *answer);
  return text_of(*answer, "found") == "0" ? kDone : kFound;
}

Outcome<ExitCode> watch(const Run& run) {
  auto connection = connect(run.options);
  if (!connection) return std::unexpected(connection.error());
  const Json params = run.options.kind.empty() ? Json::object() : Json{{"kind", run.options.kind}};
  if (auto answer = connection->call(method::kSubscribe, params, kPatience); !answer) return std::unexpected(answer.error());
  for (;;) {
    const auto event = connection->next_event();
    if (!event) return std::unexpected(event.error());
    run.out << (run.options.json ? print_json_line(*event) + '\n' : run.render(*event, run.options)) << std::flush;
    if (!run.out) return kRefused;  // run() says it
  }
}

Outcome<ExitCode> top(const Run& run) {
  auto connection = connect(run.options);
  if (!connection) return std::unexpected(connection.error());
  return run_top(*connection, {*parse_duration(run.options.interval), run.options.frames, run.options.json}, run.out);
}

// Whoever reads the file sees the figures of before or the new ones.
Result<void> replace_file(const std::string& file, std::string_view text) {
  constexpr mode_t kForAll = S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH;
  const std::string fresh = file + ".new";
  ::unlink(fresh.c_str());
  const UniqueFd fd(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kForAll));
  if (!fd) return file_failure("write", fresh);
  auto written = write_all(fd, text, fresh);
  if (written && ::rename(fresh.c_str(), file.c_str()) != 0) written = file_failure("replace", file);
  if (!written) ::unlink(fresh.c_str());
  return written;
}

Outcome<ExitCode> metrics(const Run& run) {
  const std::string& file = run.options.output;
  Json params = Json::object();
  if (!run.options.format.empty()) params["format"] = run.options.format;
  if (!file.empty() && run.options.format.empty()) params["format"] = "prometheus";  // what node_exporter reads
  const auto answer = request(run.options, params);
  if (!answer) return std::unexpected(answer.error());
  if (file.empty()) {
    print(run, *answer);
  } else if (const auto replaced = replace_file(file, text_of(*answer, "text")); !replaced) {
    return std::unexpected(Failure{kRefused, replaced.error()});
  }
  return kDone;
}

Outcome<ExitCode> export_tunnel(const Run& run) {
  return print_answer(run, request(run.options, {{"name", run.options.name}, {"as", run.options.as}}));
}

Outcome<ExitCode> log_level(const Run& run) {
  return print_answer(run,
                      request(run.options, run.options.level.empty() ? Json::object() : Json{{"level", run.options.level}}));
}

Outcome<ExitCode> compare(const Run& run) {
  const auto compared = compare_files(run.options.file, run.options.peer_file);
  if (!compared) return std::unexpected(Failure{kRefused, compared.error()});
  print(run, *compared);
  return text_of(*compared, "meets") == "yes" ? kDone : kFound;
}

Outcome<ExitCode> check(const Run& run) {
  const char* search_path = std::getenv("PATH");
  const auto code = run_check(places_of_vtid(run.program, search_path != nullptr ? search_path : ""), run.options.file);
  if (!code) return std::unexpected(Failure{kRefused, code.error()});
  return static_cast<ExitCode>(*code);
}

Outcome<ExitCode> import_file(const Run& run) {
  const Options& options = run.options;
  const auto meets =
      run_import({options.source, options.file, options.secrets_dir, options.peer_file, options.comments, options.explain},
                 run.out, run.err);
  if (!meets) return std::unexpected(Failure{kRefused, meets.error()});
  return *meets ? kDone : kFound;
}

// On a system that has such a device: where the inside of every tunnel is seen in the filter mode that is set.
Outcome<std::string_view> common_device(Connection& connection) {
  if (protocol::kEncDevice.empty()) return std::string_view{};
  const auto status = connection.call(method::kStatus, Json::object(), kPatience);
  if (!status) return std::unexpected(status.error());
  return text_of(object_of(*status, "filter"), "mode") == "enc" ? protocol::kEncDevice : std::string_view{};
}

Outcome<std::vector<std::string>> find_capture(const Options& options) {
  auto connection = connect(options);
  if (!connection) return std::unexpected(connection.error());
  const std::string tunnel_name = options.name.substr(0, options.name.find('/'));
  const auto tunnel = connection->call(method::kShow, {{"kind", "tunnels"}, {"name", tunnel_name}}, kPatience);
  if (!tunnel) return std::unexpected(tunnel.error());
  const auto common = common_device(*connection);
  if (!common) return std::unexpected(common.error());
  const auto child = std::string_view(options.name).substr(std::min(tunnel_name.size() + 1, options.name.size()));
  auto words = capture_command(*tunnel, {child, options.outer, *common, options.arguments});
  if (!words) return std::unexpected(Failure{kRefused, words.error()});
  return *std::move(words);
}

// The command is told on stderr: stdout may carry packets.
Outcome<ExitCode> capture(const Run& run) {
  const auto words = find_capture(run.options);
  if (!words) return std::unexpected(words.error());
  if (run.options.print) {
    run.out << (run.options.json ? print_json({{"command", *words}}) : print_command(*words)) << '\n';
    return kDone;
  }
  if (::geteuid() != 0) {
    return std::unexpected(Failure{kRefused, {"only root may capture", "run it as root, or see the command with --print"}});
  }
  run.err << print_command(*words) << std::endl;
  return std::unexpected(Failure{kRefused, become(*words)});
}

// ---- the table -------------------------------------------------------------------------------------------------------

constexpr std::array kOfStatus{Word::some_tunnel, Word::watch};
constexpr std::array kOfKind{Word::kind, Word::names, Word::watch};
constexpr std::array kOfKindAndName{Word::kind, Word::name, Word::watch};
constexpr std::array kOfExplained{Word::name, Word::probe};
constexpr std::array kOfTarget{Word::target, Word::timeout};
constexpr std::array kOfCapture{Word::target, Word::capture};
constexpr std::array kOfRole{Word::role};
constexpr std::array kOfFile{Word::file};
constexpr std::array kOfTwoFiles{Word::two_files};
constexpr std::array kOfExport{Word::tunnel, Word::as};
constexpr std::array kOfApply{Word::file, Word::confirm};
constexpr std::array kOfPlan{Word::other_file, Word::expect_empty};
constexpr std::array kOfTop{Word::top};
constexpr std::array kOfMetrics{Word::metrics};
constexpr std::array kOfLevel{Word::level};
constexpr std::array kOfImport{Word::source, Word::secrets_dir, Word::peer, Word::comments, Word::explain};
constexpr std::array kOfEvents{Word::event_kind};

constexpr std::array kCommands{
    Command{{method::kStatus, "charon, filter mode, and a line per tunnel", kOfStatus}, ask_or_watch, render_status},
    Command{{method::kList, "everything of a kind", kOfKind}, ask_or_watch, render_list},
    Command{{method::kShow, "one thing in full", kOfKindAndName}, ask_or_watch, render_show},
    Command{{method::kUp, "initiate a tunnel and wait for the outcome", kOfTarget}, ask_and_wait, render_outcome},
    Command{{method::kDown, "end a tunnel and hold it down until up or a restart", kOfTarget}, ask_and_wait, render_outcome},
    Command{{method::kRekey, "rekey a tunnel's SAs and wait for the outcome", kOfTarget}, ask_and_wait, render_outcome},
    Command{{"check", "validate a configuration file; needs no daemon", kOfFile}, check, nullptr},
    Command{
        {"compare", "whether two ends' configurations would meet; needs no daemon", kOfTwoFiles}, compare, render_comparison},
    Command{{method::kExport, "the peer's side of a tunnel, ready to paste", kOfExport}, export_tunnel, render_plain_text},
    Command{{method::kPlan, "what would change, and why", kOfPlan}, plan, render_plan},
    Command{{method::kReload, "read the configuration file again", {}}, ask, render_outcome},
    Command{{method::kApply, "put a file in the place of the configuration and go by it", kOfApply}, apply, render_outcome},
    Command{{method::kConfirm, "keep what was applied with --confirm", {}}, ask, render_outcome},
    Command{{method::kRole, "carry the tunnels, or stand by for another node", kOfRole}, ask, render_outcome},
    Command{{"top", "live rates, loss and latency", kOfTop}, top, nullptr},
    Command{{method::kMetrics, "figures for a monitoring system, as OpenMetrics", kOfMetrics}, metrics, render_plain_text},
    Command{{method::kLogLevel, "which lines the running daemon logs", kOfLevel}, log_level, render_outcome},
    Command{{"watch", "events as they happen, until interrupted", kOfEvents}, watch, render_event},
    Command{{method::kExplain, "why a tunnel, interface, gateway or route is as it is", kOfExplained}, explain, render_explain},
    Command{{"capture", "run tcpdump on the device that shows a tunnel's packets", kOfCapture}, capture, nullptr},
    Command{{method::kDoctor, "every known trap, with its consequence and its remedy", {}}, doctor, render_doctor},
    Command{{"import", "the equivalent vtid.json of another system's file; needs no daemon", kOfImport}, import_file, nullptr}};

void print_failure(const Error& error, std::ostream& err) {
  err << "vtictl: " << error.text << '\n';
  if (!error.remedy.empty()) err << "  remedy: " << error.remedy << '\n';
}

std::vector<std::string> names_in_daemon(const std::string& socket, const std::string& kind) {
  auto connection = connect(socket);
  if (!connection) return {};
  const auto answer = connection->call(method::kList, {{"kind", kind}}, kNamesPatience);
  if (!answer) return {};
  Options options;
  options.kind = kind;
  std::vector<std::string> names;
  std::istringstream lines(render_names(*answer, options));
  for (std::string line; std::getline(lines, line);) names.push_back(line);
  return names;
}

}  // namespace

ExitCode run(const std::string& program, std::span<const std::string> words, std::ostream& to, std::ostream& complaints,
             int terminal) {
  Terminal out(to);
  Terminal err(complaints);
  std::vector<Syntax> syntax;
  std::ranges::transform(kCommands, std::back_inserter(syntax), &Command::syntax);
  if (!words.empty() && words.front() == kComplete) {
    to << complete(words.subspan(1), syntax, names_in_daemon) << std::flush;
    return kDone;
  }
  auto options = parse_options(words, syntax, out, err);
  if (!options) return options.error();
  options->display = display_of(terminal, options->color);
  out.use_color(options->display.color);
  const auto command = std::ranges::find(kCommands, options->command, [](const Command& row) { return row.syntax.name; });
  const auto exit = command->act({program, *options, command->render, out, err, terminal});
  if (!out.flush()) {
    print_failure({"cannot write what was asked for to the standard output", "is the disk full, or its reader gone?"}, err);
    return kRefused;
  }
  if (exit) return *exit;
  print_failure(exit.error().error, err);
  return exit.error().exit;
}

}  // namespace vtid::ctl
