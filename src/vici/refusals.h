// Why charon could not bring a connection up, in its own words: lines of its log, as vici's event "log" has them (level 1).
// Most of the log tells nothing of that and is passed over. Pure.
#pragma once

#include <optional>
#include <string>

#include "vici/message.h"

namespace vtid::vici {

struct Refusal {
  std::string connection;  // charon's name of it
  std::string text;        // "received NO_PROPOSAL_CHOSEN notify error"
  bool operator==(const Refusal&) const = default;
};

// Nothing for a line of no connection, as those of a peer that no connection fits.
[[nodiscard]] std::optional<Refusal> decode_refusal(const Message& line);

inline constexpr std::size_t kLongestRefusal = 256;  // bytes of a text: two proposals in full
inline constexpr std::size_t kMostRefusals = 256;    // that wait to be taken; what comes beyond is dropped

}  // namespace vtid::vici
