// Any text: parse() returns, has a configuration exactly when it has no errors, and what parses also prints and parses
// again to the same.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "support/config_round_trip.h"
#include "support/golden_config_files.h"

namespace {

vtid::Result<std::string> read_secret(std::string_view name) {
  if (name.contains("missing")) return vtid::fail("there is no such file");
  return vtid::test::read_golden_config_file(name);
}

void require(bool holds, const std::string& what) {
  if (holds) return;
  std::fputs((what + "\n").c_str(), stderr);
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string text(bytes, bytes + size);
  const auto parsed = vtid::config::parse(text, "fuzz", read_secret);
  require(parsed.config.has_value() == parsed.errors.empty(), "neither a configuration nor an error, or both");
  for (const auto& finding : parsed.errors) require(!print(finding).contains('\n'), "a finding of two lines");
  if (parsed.config) {
    const std::string fault = vtid::config::round_trip_fault(*parsed.config, read_secret);
    require(fault.empty(), fault);
  }
  return 0;
}
