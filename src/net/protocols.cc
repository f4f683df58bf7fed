#include "net/protocols.h"

#include <algorithm>
#include <array>
#include <span>

namespace vtid::net {
namespace {

struct Named {
  std::string_view word;
  std::uint8_t number;
};

// IANA's registries "Protocol Numbers", "ICMP Type Numbers" and "ICMPv6 type Numbers".
constexpr std::array kProtocols{Named{"icmp", kIcmp}, Named{"igmp", 2},  Named{"tcp", kTcp}, Named{"udp", kUdp},
                                Named{"gre", 47},     Named{"esp", 50},  Named{"ah", 51},    Named{"icmp6", kIcmp6},
                                Named{"ospf", 89},    Named{"pim", 103}, Named{"vrrp", 112}, Named{"sctp", kSctp}};
constexpr std::array kIcmpTypes{Named{"echo-reply", 0},         Named{"destination-unreachable", 3},
                                Named{"redirect", 5},           Named{"echo-request", 8},
                                Named{"time-exceeded", 11},     Named{"parameter-problem", 12},
                                Named{"timestamp-request", 13}, Named{"timestamp-reply", 14}};
constexpr std::array kIcmp6Types{Named{"destination-unreachable", 1},
                                 Named{"packet-too-big", 2},
                                 Named{"time-exceeded", 3},
                                 Named{"parameter-problem", 4},
                                 Named{"echo-request", 128},
                                 Named{"echo-reply", 129},
                                 Named{"router-solicitation", 133},
                                 Named{"router-advertisement", 134},
                                 Named{"neighbour-solicitation", 135},
                                 Named{"neighbour-advertisement", 136},
                                 Named{"redirect", 137}};

std::optional<std::uint8_t> find_number(std::span<const Named> names, std::string_view word) {
  const auto found = std::ranges::find(names, word, &Named::word);
  return found == names.end() ? std::nullopt : std::optional(found->number);
}

std::string find_word(std::span<const Named> names, std::uint8_t number) {
  const auto found = std::ranges::find(names, number, &Named::number);
  return found == names.end() ? std::to_string(number) : std::string(found->word);
}

std::span<const Named> types_of(std::uint8_t protocol) {
  if (protocol == kIcmp) return kIcmpTypes;
  return kIcmp6Types;
}

}  // namespace

std::optional<std::uint8_t> protocol_number(std::string_view word) { return find_number(kProtocols, word); }
std::string protocol_word(std::uint8_t number) { return find_word(kProtocols, number); }

std::optional<std::uint8_t> icmp_type_number(std::uint8_t protocol, std::string_view word) {
  return find_number(types_of(protocol), word);
}
std::string icmp_type_word(std::uint8_t protocol, std::uint8_t type) { return find_word(types_of(protocol), type); }

bool has_ports(std::uint8_t protocol) { return protocol == kTcp || protocol == kUdp || protocol == kSctp; }

}  // namespace vtid::net
