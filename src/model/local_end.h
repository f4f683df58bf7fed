// Where our end of a tunnel is now, when the file says it by an interface, a gateway or a group of gateways instead of an
// address.
#pragma once

#include <compare>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/address.h"
#include "net/names.h"

namespace vtid::model {

// By which a tunnel may send to its peer.
struct OuterWay {
  std::string gateway;
  net::IfName device;
  net::Address next_hop;
  std::optional<net::Address> local;  // what is sent there begins with; none: the device has no address of that family
  auto operator<=>(const OuterWay&) const = default;
};

struct LocalEnd {
  std::optional<net::Address> address;
  net::IfName device;
  std::string gateway;              // that carries; empty: the file names an interface
  std::string reason;               // why it is this one, or why there is none: "UPLINKS is carried by WAN2_GW: WAN_GW is down"
  std::vector<OuterWay> ways;       // of all gateways that may carry, in the file's order
  std::vector<net::Address> peers;  // as far as they are known
  bool operator==(const LocalEnd&) const = default;
};

using LocalEnds =
    std::map<std::string, LocalEnd, std::less<>>;  // by tunnel; none of those whose file gives an address or "any"

[[nodiscard]] inline const LocalEnd* end_of(const LocalEnds& ends, std::string_view tunnel) {
  const auto found = ends.find(tunnel);
  return found == ends.end() ? nullptr : &found->second;
}
// Of those that are somewhere.
[[nodiscard]] inline std::optional<net::Address> located_at(const LocalEnds& ends, std::string_view tunnel) {
  const LocalEnd* end = end_of(ends, tunnel);
  return end == nullptr ? std::nullopt : end->address;
}

}  // namespace vtid::model
