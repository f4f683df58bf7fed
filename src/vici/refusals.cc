#include "vici/refusals.h"

#include <algorithm>
#include <array>

#include "base/utf8.h"
#include "vici/words.h"

namespace vtid::vici {
namespace {

// What stands in such lines (strongSwan 5.9 and 6.0: src/libcharon/sa, src/libcharon/encoding).
constexpr std::array<std::string_view, 17> kTelling{"NO_PROPOSAL_CHOSEN",
                                                    "TS_UNACCEPTABLE",
                                                    "AUTHENTICATION_FAILED",
                                                    "INVALID_KE_PAYLOAD",
                                                    "FAILED_CP_REQUIRED",
                                                    "INTERNAL_ADDRESS_FAILURE",
                                                    "INVALID_SYNTAX",
                                                    "received proposals",
                                                    "configured proposals",
                                                    "no acceptable proposal",
                                                    "no shared key found",
                                                    "MAC mismatched",
                                                    "no trusted",
                                                    "no private key found",
                                                    "constraint check failed",
                                                    "no matching peer config",
                                                    "certificate status is not available"};

}  // namespace

std::optional<Refusal> decode_refusal(const Message& line) {
  const std::string_view connection = line.text("ikesa-name"), text = line.text("msg");
  if (connection.empty() || text.empty()) return std::nullopt;
  if (std::ranges::none_of(kTelling, [&](std::string_view words) { return text.contains(words); })) return std::nullopt;
  return Refusal{to_utf8(connection, kLongestWord), to_utf8(text, kLongestRefusal)};
}

}  // namespace vtid::vici
