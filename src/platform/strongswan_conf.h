// strongswan.conf(5): text to settings. Sections merge, later values win, `name : other { }` takes what it lacks from the
// other section. Reads no file: includes come through a function. Never half a file: what cannot be read is an error.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "model/host_facts.h"

namespace vtid::platform {

struct ConfFile {
  std::string path;  // absolute: relative includes start from its folder
  std::string text;
  bool operator==(const ConfFile&) const = default;
};

// The files that an absolute pattern (glob(7)) matches, in their order; none is no error.
using ConfReader = std::function<Result<std::vector<ConfFile>>(const std::string& pattern)>;

[[nodiscard]] Result<model::CharonSettings> parse_strongswan_conf(const ConfFile& file, const ConfReader& read);

// Whether these settings can be of the charon that answers at `vici`: the file of another one names another socket.
[[nodiscard]] bool names_socket(const model::HostFacts& facts, const model::CharonSettings& settings, std::string_view vici);

inline constexpr std::size_t kLongestConf = 1U << 20;  // bytes, all files together
inline constexpr std::size_t kMostConfFiles = 512;     // Debian's charon comes with about 100
inline constexpr std::size_t kMostConfSettings = 10'000;
inline constexpr std::size_t kMostConfReferences = 64;
inline constexpr std::size_t kDeepestConf = 16;       // sections within sections, and files within files
inline constexpr std::size_t kLongestConfName = 128;  // of one section or setting

}  // namespace vtid::platform
