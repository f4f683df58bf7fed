#include "ctl/options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <ostream>

#include "base/duration.h"
#include "base/nearest.h"
#include "vtid/version.h"

namespace vtid::ctl {
namespace {

constexpr Duration kShortestInterval{100};
constexpr Duration kLongestInterval = std::chrono::hours{1};

const std::vector<std::string> kKinds{"tunnels",  "interfaces", "gateways", "groups", "routes",
                                      "policies", "sas",        "numbers",  "rules",  "policy_routes"};
const std::vector<std::string> kRoles{"active", "standby"};
const std::vector<std::string> kSources{"pfsense", "opnsense", "swanctl", "ipsec", "vyos"};
const std::vector<std::string> kExports{"vtid", "swanctl", "libreswan", "pfsense", "vyos"};
const std::vector<std::string> kFormats{"openmetrics", "prometheus"};
const std::vector<std::string> kLevels{"debug", "info", "warning", "error"};
const std::vector<std::string> kEventKinds{"config", "charon", "tunnel", "kernel", "gateway", "group"};

// The word must be one of `known`; says which there are, and what was meant.
CLI::Validator one_of(const std::vector<std::string>& known) {
  const auto judge = [&known](const std::string& word) -> std::string {
    if (std::ranges::find(known, word) != known.end()) return {};
    const auto nearest = nearest_names(word, known);
    return fmt::format("there is no {}; {}", word,
                       nearest.empty() ? fmt::format("there are {}", fmt::join(known, ", "))
                                       : fmt::format("did you mean {}?", fmt::join(nearest, " or ")));
  };
  return {judge, ""};
}

std::string check_timeout(const std::string& text) {
  const auto parsed = parse_duration(text);
  return parsed ? std::string{} : parsed.error().text + ": " + parsed.error().remedy;
}

std::string check_interval(const std::string& text) {
  const auto parsed = parse_duration(text);
  if (!parsed) return parsed.error().text + ": " + parsed.error().remedy;
  return *parsed >= kShortestInterval && *parsed <= kLongestInterval ? std::string{} : text + " is not between 100ms and 1h";
}

// FILE, or whose it is and FILE.
void take_source(const std::vector<std::string>& words, Options& options) {
  options.file = words.back();
  if (words.size() < 2) return;
  options.source = words.front();
  if (const std::string wrong = one_of(kSources)(options.source); !wrong.empty()) throw CLI::ValidationError(wrong);
}

void add_word(CLI::App& command, Word word, Options& options) {
  switch (word) {
    case Word::kind:
      command.add_option("KIND", options.kind, fmt::format("{}", fmt::join(kKinds, ", ")))->required()->check(one_of(kKinds));
      return;
    case Word::event_kind:
      command.add_option("KIND", options.kind, fmt::format("only {}", fmt::join(kEventKinds, ", ")))
          ->check(one_of(kEventKinds));
      return;
    case Word::name: command.add_option("NAME", options.name, "what it is called")->required(); return;
    case Word::target: command.add_option("NAME", options.name, "a tunnel, or tunnel/child")->required(); return;
    case Word::role:
      command.add_option("ROLE", options.role, fmt::format("{}", fmt::join(kRoles, " or ")))->required()->check(one_of(kRoles));
      return;
    case Word::file: command.add_option("FILE", options.file, "a configuration file")->required(); return;
    case Word::two_files:
      command.add_option("LOCAL", options.file, "the configuration of one end")->required();
      command.add_option("PEER", options.peer_file, "the configuration of the other end")->required();
      return;
    case Word::as:
      command.add_option("--as", options.as, fmt::format("{}", fmt::join(kExports, ", ")))->required()->check(one_of(kExports));
      return;
    case Word::other_file:
      command.add_option("FILE", options.file, "plan for this file, not for the running configuration");
      return;
    case Word::timeout:
      command.add_option("--timeout", options.timeout, "how long to wait for the outcome")
          ->capture_default_str()
          ->check(CLI::Validator(check_timeout, "DURATION"));
      return;
    case Word::confirm:
      command.add_option("--confirm", options.confirm, "go back after this time unless `vtictl confirm` comes first")
          ->check(CLI::Validator(check_timeout, "DURATION"));
      return;
    case Word::capture:
      command.add_flag("--outer", options.outer, "ESP and IKE between the two outer addresses, not what is inside");
      command.add_flag("--print", options.print, "only print the command");
      command.add_option("ARGUMENT", options.arguments, "after --: for tcpdump");
      return;
    case Word::expect_empty:
      command.add_flag("--expect-empty", options.expect_empty, fmt::format("exit {} when there is anything to do", +kFound));
      return;
    case Word::metrics:
      command.add_option("--format", options.format, "openmetrics, or prometheus for what reads only its older text format")
          ->check(one_of(kFormats));
      command.add_option("--output", options.output, "a file that is replaced as a whole, as for node_exporter's textfiles")
          ->type_name("FILE");
      return;
    case Word::level:
      command.add_option("LEVEL", options.level, fmt::format("{}", fmt::join(kLevels, ", ")))->check(one_of(kLevels));
      return;
    case Word::top:
      command.add_option("--interval", options.interval, "between two looks")
          ->capture_default_str()
          ->check(CLI::Validator(check_interval, "DURATION"));
      command.add_option("--frames", options.frames, "end after so many; without a terminal there is one")
          ->check(CLI::Range(1, 1'000'000));
      return;
    case Word::probe: command.add_flag("--probe", options.probe, "of a tunnel: try which packets cross it"); return;
    case Word::source:
      command
          .add_option_function<std::vector<std::string>>(
              "FILE", [&options](const std::vector<std::string>& given) { take_source(given, options); },
              fmt::format("{} (when the file does not show which it is)", fmt::join(kSources, ", ")))
          ->type_name("[SOURCE] FILE")
          ->expected(1, 2)
          ->required();
      return;
    case Word::secrets_dir:
      command.add_option("--secrets-dir", options.secrets_dir, "put secrets, keys and certificates into files of this folder")
          ->type_name("DIR");
      return;
    case Word::explain:
      command.add_flag("--explain", options.explain, "print what became of each thing of the file, and no vtid.json");
      return;
  }
}

// What is wrong with a first word that is no command, and what to do; empty when it is one.
std::string judge_command(std::span<const std::string> words, std::span<const Syntax> commands) {
  auto word = words.begin();
  while (word != words.end() && word->starts_with('-')) word += *word == "--socket" && word + 1 != words.end() ? 2 : 1;
  if (word == words.end()) return "a command is missing; vtictl --help lists them";
  if (std::ranges::find(commands, *word, &Syntax::name) != commands.end()) return {};
  std::vector<std::string_view> names;
  std::ranges::transform(commands, std::back_inserter(names), &Syntax::name);
  const auto nearest = nearest_names(*word, names);
  return fmt::format(
      "there is no command {}; {}", *word,
      nearest.empty() ? "vtictl --help lists them" : fmt::format("did you mean {}?", fmt::join(nearest, " or ")));
}

}  // namespace

std::expected<Options, ExitCode> parse_options(std::span<const std::string> words, std::span<const Syntax> commands,
                                               std::ostream& out, std::ostream& err) {
  Options options;
  CLI::App app{"vtictl asks vtid, the daemon that keeps routed IPsec tunnels, and tells it what to do.", "vtictl"};
  app.fallthrough();
  app.require_subcommand(1);
  app.set_version_flag("--version", fmt::format("vtictl {}", kVersion));
  app.add_option("--socket", options.socket, "vtid's control socket");
  app.add_flag("--json", options.json, "print JSON");
  for (const Syntax& syntax : commands) {
    CLI::App* command = app.add_subcommand(std::string(syntax.name), std::string(syntax.help));
    for (const Word word : syntax.words) add_word(*command, word, options);
  }
  try {
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::Success& success) {
    app.exit(success, out, err);
    return std::unexpected(kDone);
  } catch (const CLI::ParseError& error) {
    const std::string complaint = judge_command(words, commands);
    err << "vtictl: " << (complaint.empty() ? error.what() : complaint) << '\n';
    return std::unexpected(kUsage);
  }
  options.command = app.get_subcommands().front()->get_name();
  return options;
}

}  // namespace vtid::ctl
