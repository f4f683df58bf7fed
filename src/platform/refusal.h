// How a refused change is told: the same words on every system, the system's own words inside.
#pragma once

#include <string_view>

#include "base/error.h"
#include "model/op.h"

namespace vtid::platform {

// `code` is an errno, `detail` what the kernel said about it, if anything; of the filter it says all, and the code is a mark.
[[nodiscard]] Error refusal(const model::Change& change, int code, std::string_view detail = {},
                            std::string_view system = "linux");

// The detail of EEXIST when something of another owner has the name or the identity.
inline constexpr std::string_view kNotOurs = "what is there is not vtid's";

// The detail of ENODEV when the VRF that a link belongs into is missing.
inline constexpr std::string_view kNoVrf = "there is no VRF of that name";

// Linux keeps 255 bytes (IFALIASZ - 1); more is refused before anything is made.
inline constexpr std::size_t kLongestAlias = 255;

}  // namespace vtid::platform
