// Which run of charon this is. charon tells only the second it began in, computed anew from two clocks at each question:
// answers of one run differ by a second. Not a proof: a run that replaced another within kSameBoot is taken for it.
#pragma once

#include <chrono>
#include <string_view>

namespace vtid::vici {

inline constexpr std::chrono::seconds kSameBoot{2};

// Both as in stats.uptime.since: "Nov 24 03:58:38 2026", charon's local time.
[[nodiscard]] bool same_boot(std::string_view a, std::string_view b);

}  // namespace vtid::vici
