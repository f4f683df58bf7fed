// How long a packet may be between our inner address and the peer's.
#pragma once

#include <optional>
#include <string>

#include "net/address.h"
#include "net/names.h"

namespace vtid::model {

struct MtuPath {
  net::Address source;
  net::Address destination;
  net::IfName device;
  int mtu = 0;  // of the device, in bytes of IP packet
  bool operator==(const MtuPath&) const = default;
};

struct MtuFinding {
  std::optional<int> longest{};  // that came back, up to the device's MTU; nothing when none did
  std::string trouble{};         // why nothing could be sent
  bool operator==(const MtuFinding&) const = default;
};

}  // namespace vtid::model
