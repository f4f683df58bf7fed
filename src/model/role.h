// Whether this node carries the tunnels or stands by for another that does: keepalived, CARP or a script says which.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace vtid::model {

// A standby keeps its interfaces, calls nobody and watches no gateway.
enum class Role : std::uint8_t { active, standby };

[[nodiscard]] constexpr std::string_view print(Role role) { return role == Role::active ? "active" : "standby"; }

[[nodiscard]] constexpr std::optional<Role> parse_role(std::string_view text) {
  for (const Role role : {Role::active, Role::standby}) {
    if (text == print(role)) return role;
  }
  return std::nullopt;
}

}  // namespace vtid::model
