// The command line of vtictl as a value. Knows the words, not what they do.
#pragma once

#include <cstdint>
#include <expected>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ctl/display.h"

namespace vtid::ctl {

// contract: scripts rely on these
enum ExitCode : int { kDone = 0, kRefused = 1, kUsage = 2, kNoDaemon = 3, kFound = 4 };

// A word or option that a command takes.
enum class Word {
  kind,
  event_kind,
  names,
  name,
  tunnel,
  some_tunnel,
  target,
  role,
  file,
  other_file,
  two_files,
  as,
  timeout,
  confirm,
  expect_empty,
  source,
  secrets_dir,
  peer,
  comments,
  explain,
  metrics,
  level,
  top,
  probe,
  watch,
  capture
};

struct Syntax {
  std::string_view name;
  std::string_view help;
  std::span<const Word> words;
};

struct Options {
  std::string socket;  // empty: the usual two
  bool json = false;
  std::string color = "auto";
  Display display;  // what the output is; not of the command line
  bool watch = false;
  bool names = false;
  std::string command;
  std::string kind;
  std::string name;
  std::string role;
  std::string file;
  std::string peer_file;
  std::string timeout = "30s";
  std::string confirm;
  bool expect_empty = false;
  bool probe = false;
  std::string source;
  std::string secrets_dir;
  bool comments = false;
  bool explain = false;
  std::string format;
  std::string as;
  std::string output;
  std::string level;
  std::string interval = "1s";
  int frames = 0;
  bool outer = false;
  bool print = false;
  std::vector<std::string> arguments;  // for another program
  bool operator==(const Options&) const = default;
};

// What may stand for an argument.
enum class Offer : std::uint8_t { words, files, words_or_files, folders, tunnels, names_of_kind, explained };

struct Argument {
  std::string option{};  // "--timeout"; empty: it stands by its place
  std::string help{};
  bool takes_value = false;
  Offer offer = Offer::words;
  std::vector<std::string> words{};
};
[[nodiscard]] std::vector<Argument> arguments_of(const Syntax& command);  // one that may stand twice is there twice
[[nodiscard]] std::vector<Argument> global_arguments();

// The options, or the exit code after --help, --version or a mistake has been answered on `out` or `err`.
[[nodiscard]] std::expected<Options, ExitCode> parse_options(std::span<const std::string> words,
                                                             std::span<const Syntax> commands, std::ostream& out,
                                                             std::ostream& err);

}  // namespace vtid::ctl
