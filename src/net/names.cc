#include "net/names.h"

#include <fmt/format.h>

#include <algorithm>

namespace vtid::net {

Result<IfName> IfName::parse(std::string_view text) {
  const bool clean = std::ranges::all_of(text, [](unsigned char c) { return c > ' ' && c < 0x7f && c != '/' && c != ':'; });
  if (text.empty() || text.size() > 15 || !clean || text == "." || text == "..") {
    return fail(fmt::format("\"{}\" is not a device name", text), "1 to 15 printable characters without space, '/' or ':'");
  }
  return IfName(std::string(text));
}

IfName IfName::of(Unit unit) { return IfName(fmt::format("ipsec{}", unit.value)); }

}  // namespace vtid::net
