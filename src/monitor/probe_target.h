// What a prober has to be told of a gateway.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "model/config.h"
#include "monitor/monitor.h"
#include "net/address.h"
#include "net/names.h"

namespace vtid::monitor {

// Whom to probe for a gateway, and by which way. A gateway has one or several; each has the gateway's options.
struct ProbeTarget {
  std::string gateway;   // its name
  net::Address address;  // to probe; same family as `source`
  model::ProbeKind kind = model::ProbeKind::icmp;
  std::uint16_t port = 0;  // of tcp
  std::optional<net::Address> source;
  net::IfName device;  // probes leave by it and by no other; empty: the routing table decides
  // Of an address beyond its gateway: the gateway, and the mark on packets that a rule leads to it; 0: there is no such rule.
  std::optional<net::Address> via{};
  std::uint32_t mark = 0;
  std::uint32_t fib = 0;  // FreeBSD: of the packets
  bool in_vrf = false;    // its device is, where only who names that hears the answers
  model::MonitorOptions options;
  Underlay underlay{};  // gateways without a tunnel leave it
  bool operator==(const ProbeTarget&) const = default;
};

}  // namespace vtid::monitor
