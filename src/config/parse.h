// Text of a configuration file -> model::Config, validated and complete, or everything that is wrong with it at once.
// Touches no file, clock or system: the caller brings the text and what the system can do, and reads the secrets that it names.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "config/finding.h"
#include "model/capabilities.h"
#include "model/config.h"

namespace vtid::config {

// Gives the bytes of the file that the configuration calls `name`. Its error becomes a finding. The daemon's readers look
// beside the configuration file.
using FileReader = std::function<Result<std::string>(std::string_view name)>;
using SecretReader = FileReader;

struct Readers {
  FileReader secret;  // `"psk": {"file": "hq.psk"}`: refuses what others can read, takes one trailing newline off
  FileReader key;     // private keys: refuses the same, and takes nothing off
  FileReader open;    // certificates and public keys
  std::optional<Error> exposed = {};  // why secrets should not stand in this text itself; a warning at each that does
  FileReader list = {};               // networks of a list, a line each
};

struct Parsed {
  std::optional<model::Config> config;  // engaged when and only when there are no errors
  std::vector<Finding> errors;          // in the file's order, at most kMostFindings
  std::vector<Finding> warnings;        // in the file's order: accepted, but it may not do what was meant
};

// `file_name` only names the file in findings; `system` is the one on which the file is to run. Never throws.
[[nodiscard]] Parsed parse(std::string_view text, std::string_view file_name, const Readers& readers,
                           const model::Capabilities& system = {});
[[nodiscard]] Parsed parse(std::string_view text, std::string_view file_name, const FileReader& read_any,
                           const model::Capabilities& system = {});

inline constexpr std::size_t kLongestFile = 16 * 1024 * 1024;     // bytes
inline constexpr std::size_t kLongestNamedFile = 65'535;          // bytes of what it names: one value of vici holds no more
inline constexpr std::size_t kLongestListFile = 8 * 1024 * 1024;  // bytes of a list's
inline constexpr std::size_t kMostFindings = 1'000;               // of either kind; the rest is counted, not listed
inline constexpr std::size_t kMostTunnels = 32'767;               // one unit each, net::kHighestUnit

}  // namespace vtid::config
