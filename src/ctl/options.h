// The command line of vtictl as a value. Knows the words, not what they do.
#pragma once

#include <expected>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vtid::ctl {

// contract: scripts rely on these
enum ExitCode : int { kDone = 0, kRefused = 1, kUsage = 2, kNoDaemon = 3, kFound = 4 };

// A word or option that a command takes.
enum class Word {
  kind,
  event_kind,
  name,
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
  explain,
  metrics,
  level,
  top,
  probe,
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

// The options, or the exit code after --help, --version or a mistake has been answered on `out` or `err`.
[[nodiscard]] std::expected<Options, ExitCode> parse_options(std::span<const std::string> words,
                                                             std::span<const Syntax> commands, std::ostream& out,
                                                             std::ostream& err);

}  // namespace vtid::ctl
