// What `list` and `show` know: one row per kind.
#pragma once

#include <span>
#include <string_view>

#include "control/index.h"
#include "control/message.h"

namespace vtid::control {

// `list` gives an array of objects; each has a "name", and `show` is the one so named.
struct Kind {
  std::string_view name;      // "tunnels"
  std::string_view singular;  // "tunnel", for sentences
  Json (*list)(const Index& index);
  Json (*one)(const Index& index, std::string_view name) = nullptr;  // alone, where that costs less; null: there is none
};

[[nodiscard]] std::span<const Kind> kinds();
[[nodiscard]] const Kind* find_kind(std::string_view name);

}  // namespace vtid::control
