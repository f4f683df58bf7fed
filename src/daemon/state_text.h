// What the state files say: values to JSON and back. Pure, and read without trust: a file may have been damaged or edited.
// Text that is not UTF-8 (names that charon told) is made so while it is written.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "model/role.h"
#include "monitor/memory.h"
#include "reconcile/numbers.h"
#include "vici/charon.h"

namespace vtid::daemon {

inline constexpr std::size_t kLongestState = 16 * 1024 * 1024;  // bytes of one file; 32,767 tunnels need a quarter of it

[[nodiscard]] std::string print_state(const reconcile::Numbers& numbers);
[[nodiscard]] std::string print_state(const model::Role& role);
[[nodiscard]] std::string print_state(const vici::Loaded& loaded);
[[nodiscard]] std::string print_state(const monitor::Memories& memories);

// parse_state<T>(print_state(value)) is the value again. Anything else than what print_state() writes is an error, which
// says so without quoting the text. Of the four types above.
template <class T>
[[nodiscard]] Result<T> parse_state(std::string_view text);

}  // namespace vtid::daemon
