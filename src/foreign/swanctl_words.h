// The words of swanctl.conf(5): how charon reads its values, which keys there are, and what they say when they say nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "foreign/settings.h"

namespace vtid::foreign {

[[nodiscard]] bool is_yes(std::string_view word, bool otherwise);
// As strtoul(3) reads it in base 0: 42, 0x2a, 052.
[[nodiscard]] std::optional<long> any_base(std::string_view text);
// A number, and s (the default), m, h or d.
[[nodiscard]] std::optional<long> seconds_of(std::string_view text);
// What a start_action, dpd_action or close_action does: "start", "trap", "none".
[[nodiscard]] std::string action_of(std::string_view written);

// The key exchange with that number of IANA's "Transform Type 4"; empty: there is none.
[[nodiscard]] std::string group_word(std::string_view number);

// Of connections, their ends and their children.
[[nodiscard]] bool is_swanctl_key(std::string_view key);

// Marks as read what says no more than the default does.
void pass_connection_defaults(const Section& connection);
void pass_child_defaults(const Section& child);
// A note stands for all of the section: only keys that swanctl does not know are noted besides.
void told(const Section& section);

}  // namespace vtid::foreign
