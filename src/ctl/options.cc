#include "ctl/options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <ostream>
#include <utility>

#include "base/duration.h"
#include "base/nearest.h"
#include "foreign/import.h"
#include "vtid/protocol.h"
#include "vtid/version.h"

namespace vtid::ctl {
namespace {

constexpr Duration kShortestInterval{100};
constexpr Duration kLongestInterval = std::chrono::hours{1};

using protocol::kEventKinds;
using protocol::kExportFormats;
using protocol::kKinds;
using protocol::kLogLevels;
using protocol::kMetricsFormats;
using protocol::kRoles;
constexpr std::array<std::string_view, 3> kColors{"auto", "always", "never"};

constexpr auto kSources = [] {
  std::array<std::string_view, foreign::kSources.size()> words;
  std::ranges::transform(foreign::kSources, words.begin(), &foreign::SourceName::word);
  return words;
}();

// The word must be one of `known`; says which there are, and what was meant.
CLI::Validator one_of(std::span<const std::string_view> known) {
  const auto judge = [known](const std::string& word) -> std::string {
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

void add_interval(CLI::App& command, Options& options) {
  command.add_option("--interval", options.interval, "between two looks")
      ->capture_default_str()
      ->check(CLI::Validator(check_interval, "DURATION"));
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
    case Word::names: command.add_flag("--names", options.names, "only the names, one a line"); return;
    case Word::name: command.add_option("NAME", options.name, "what it is called")->required(); return;
    case Word::tunnel: command.add_option("NAME", options.name, "a tunnel")->required(); return;
    case Word::some_tunnel: command.add_option("NAME", options.name, "all about this tunnel"); return;
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
      command.add_option("--as", options.as, fmt::format("{}", fmt::join(kExportFormats, ", ")))
          ->required()
          ->check(one_of(kExportFormats));
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
          ->check(one_of(kMetricsFormats));
      command.add_option("--output", options.output, "a file that is replaced as a whole, as for node_exporter's textfiles")
          ->type_name("FILE");
      return;
    case Word::level:
      command.add_option("LEVEL", options.level, fmt::format("{}", fmt::join(kLogLevels, ", ")))->check(one_of(kLogLevels));
      return;
    case Word::top:
      add_interval(command, options);
      command.add_option("--frames", options.frames, "end after so many; without a terminal there is one")
          ->check(CLI::Range(1, 1'000'000));
      return;
    case Word::watch:
      command.add_flag("--watch", options.watch, "again and again, until interrupted");
      add_interval(command, options);
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
    case Word::peer:
      command
          .add_option("--peer", options.peer_file, "say whether it would meet the other end's file, of whatever kind that is")
          ->type_name("FILE");
      return;
    case Word::comments:
      command.add_flag("--comments", options.comments,
                       "with descriptions and what is not carried over as comments, in their places");
      return;
    case Word::explain:
      command.add_flag("--explain", options.explain, "print what became of each thing of the file, and no vtid.json");
      return;
  }
}

void add_globals(CLI::App& app, Options& options) {
  app.set_version_flag("--version", fmt::format("vtictl {}", kVersion));
  app.add_option("--socket", options.socket, "vtid's control socket");
  app.add_flag("--json", options.json, "print JSON");
  app.add_option("--color", options.color, "auto (on a terminal, unless NO_COLOR is set), always or never")
      ->check(one_of(kColors));
}

// ---- what may stand where, for completions ---------------------------------------------------------------------------

struct Suggestions {
  Offer offer = Offer::words;
  std::span<const std::string_view> words{};
};

Suggestions suggestions_of(Word word) {
  switch (word) {
    case Word::kind: return {Offer::words, kKinds};
    case Word::event_kind: return {Offer::words, kEventKinds};
    case Word::role: return {Offer::words, kRoles};
    case Word::level: return {Offer::words, kLogLevels};
    case Word::source: return {Offer::words_or_files, kSources};
    case Word::tunnel:
    case Word::some_tunnel:
    case Word::target:
    case Word::capture: return {Offer::tunnels};
    case Word::name: return {Offer::explained};
    case Word::file:
    case Word::other_file:
    case Word::two_files: return {Offer::files};
    case Word::names:
    case Word::as:
    case Word::timeout:
    case Word::confirm:
    case Word::expect_empty:
    case Word::secrets_dir:
    case Word::peer:
    case Word::comments:
    case Word::metrics:
    case Word::top:
    case Word::watch:
    case Word::explain:
    case Word::probe: break;
  }
  return {};
}

Suggestions suggestions_of(std::string_view option) {
  if (option == "--as") return {Offer::words, kExportFormats};
  if (option == "--color") return {Offer::words, kColors};
  if (option == "--format") return {Offer::words, kMetricsFormats};
  if (option == "--socket" || option == "--output") return {Offer::files};
  if (option == "--peer") return Suggestions{Offer::files};
  return option == "--secrets-dir" ? Suggestions{Offer::folders} : Suggestions{};
}

// Of the options that were added since there were `before`.
void describe(CLI::App& app, std::size_t before, const Suggestions& place, std::vector<Argument>& arguments) {
  const std::vector<const CLI::Option*> all = std::as_const(app).get_options();
  for (const CLI::Option* option : std::span(all).subspan(before)) {
    Argument argument{.help = option->get_description(), .takes_value = option->get_items_expected_max() > 0};
    if (!option->get_lnames().empty()) argument.option = "--" + option->get_lnames().front();
    const Suggestions suggestions = argument.option.empty() ? place : suggestions_of(argument.option);
    argument.offer = suggestions.offer;
    argument.words.assign(suggestions.words.begin(), suggestions.words.end());
    arguments.push_back(argument);
    if (!argument.option.empty() || option->get_items_expected_max() != 2) continue;
    arguments.push_back({.help = argument.help, .takes_value = true, .offer = Offer::files});  // [SOURCE] FILE
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

std::vector<Argument> arguments_of(const Syntax& command) {
  Options options;
  CLI::App app;
  std::vector<Argument> arguments;
  for (const Word word : command.words) {
    const std::size_t before = std::as_const(app).get_options().size();
    add_word(app, word, options);
    Suggestions place = suggestions_of(word);
    const bool of_kind = std::ranges::find(command.words, Word::kind) != command.words.end();
    if (word == Word::name && of_kind) place.offer = Offer::names_of_kind;
    describe(app, before, place, arguments);
  }
  return arguments;
}

std::vector<Argument> global_arguments() {
  Options options;
  CLI::App app;
  std::vector<Argument> arguments;
  add_globals(app, options);
  describe(app, 0, {}, arguments);
  return arguments;
}

std::expected<Options, ExitCode> parse_options(std::span<const std::string> words, std::span<const Syntax> commands,
                                               std::ostream& out, std::ostream& err) {
  Options options;
  CLI::App app{"vtictl asks vtid, the daemon that keeps routed IPsec tunnels, and tells it what to do.", "vtictl"};
  app.fallthrough();
  app.require_subcommand(1);
  add_globals(app, options);
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
