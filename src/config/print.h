// model::Config -> the canonical file: every default spelled out, keys in a fixed order, two spaces of indentation.
// parse(print_canonical(c)) gives c back and prints the same bytes, with one exception: a secret that stands in the
// file itself is replaced by kWithheldSecret, which parses with a warning. No secret is ever printed.
#pragma once

#include <string>
#include <string_view>

#include "model/config.h"

namespace vtid::config {

[[nodiscard]] std::string print_canonical(const model::Config& config);  // ends in a newline

// Stands for a secret that was written as {"text": …}.
inline constexpr std::string_view kWithheldSecret = "(secret)";

}  // namespace vtid::config
