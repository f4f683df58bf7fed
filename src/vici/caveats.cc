#include "vici/caveats.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace vtid::vici {
namespace {

using Version = std::array<int, 3>;

constexpr Version kDeadlockFixed{5, 9, 11};  // strongSwan commit 2cb6d144, issue 566

// "5.9.8", "6.0.3rc1": what is not a number counts as 0.
Version parse(std::string_view text) {
  Version version{};
  const char* const end = text.data() + text.size();
  const char* at = text.data();
  for (int& part : version) {
    at = std::from_chars(at, end, part).ptr;
    if (at != end) ++at;
  }
  return version;
}

}  // namespace

std::optional<model::Problem> version_caveat(std::string_view version) {
  if (version.empty() || parse(version) >= kDeadlockFixed) return std::nullopt;
  return model::Problem{
      model::Severity::caveat, "charon",
      fmt::format("strongSwan {} can deadlock while swanctl waits for --initiate, --terminate or --log", version),
      "bring tunnels up and down with vtictl, or use strongSwan 5.9.11 or later"};
}

}  // namespace vtid::vici
