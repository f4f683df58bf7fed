// The version of vtid and vtictl: one number for both, and for the control protocol between them.
#pragma once

#include <string_view>

namespace vtid {

inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace vtid
