// vtid's command line.
#pragma once

#include <filesystem>
#include <string>
#include <variant>

namespace vtid::daemon {

struct Options {
  std::filesystem::path config;
  std::string socket;
  std::filesystem::path state;
  enum class KernelChoice : std::uint8_t { native, memory } kernel = KernelChoice::native;
  enum class Mode : std::uint8_t { run, check, plan } mode = Mode::run;
};

// The options, or the status to exit with (help and version were printed, or what is wrong with the arguments).
[[nodiscard]] std::variant<Options, int> parse_options(int argc, char** argv);

}  // namespace vtid::daemon
