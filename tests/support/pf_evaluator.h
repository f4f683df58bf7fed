// What pf does with a packet by the filter rules that vtid writes (src/platform/freebsd/pf_anchor.h), as pf of FreeBSD 15.1 was
// seen to do it: quick rules, states, route-to, tables. Knows no translation and no rule that is not quick, and aborts on a
// word that it does not know. The main ruleset is the anchor and then `pass`.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "net/address.h"

namespace vtid::test {

struct PfPacket {
  net::Address from, to;
  std::uint8_t protocol = 0;
  std::uint16_t from_port = 0, to_port = 0;  // 0 without ports
  std::uint8_t icmp_type = 0;
  bool opens = true;  // the first of a connection: of TCP, a SYN without ACK
  bool operator==(const PfPacket&) const = default;
};

enum class PfDirection : std::uint8_t { in, out };
enum class PfVerdict : std::uint8_t { passed, blocked, rejected };

struct PfOutcome {
  PfVerdict verdict = PfVerdict::passed;
  std::optional<std::string> route_to;  // the device by which pf itself sends it on
};

class PfEvaluator {
 public:
  // `group`: the devices of the interface group vtid; `self`: this host's own addresses.
  PfEvaluator(std::string_view anchor, std::set<std::string> group, std::set<net::Address> self);

  // At one point. `inherited`: pf's route-to asks about its own device and hands over its action, which a state that is made
  // there keeps.
  PfOutcome meet(const PfPacket& packet, PfDirection direction, const std::string& device,
                 const std::optional<std::string>& inherited = {});

 private:
  enum class Keeps : std::uint8_t { no_state, state };
  struct Ends {
    bool any = true;
    bool negated = false;
    bool self = false;
    std::vector<net::Prefix> prefixes;
    std::vector<std::pair<std::uint16_t, std::uint16_t>> ports;  // first and last
  };
  struct Rule {
    PfVerdict verdict = PfVerdict::passed;
    PfDirection direction = PfDirection::in;
    std::string on;
    std::optional<net::Family> family;
    std::vector<std::uint8_t> protocols, icmp_types;
    Ends from, to;
    std::optional<std::string> route_to;
    Keeps keeps = Keeps::state;
  };
  struct State {
    PfPacket first;
    PfDirection direction;
    std::optional<std::string> route_to;
  };
  class Parser;

  using Tables = std::map<std::string, std::vector<net::Prefix>, std::less<>>;  // by "<name>"

  [[nodiscard]] const State* state_of(const PfPacket& packet, PfDirection direction) const;
  [[nodiscard]] bool matches(const Rule& rule, const PfPacket& packet, PfDirection direction, const std::string& device) const;
  [[nodiscard]] bool within(const Ends& ends, const net::Address& address, std::uint16_t port) const;

  std::vector<Rule> rules_;
  std::set<std::string> group_;
  std::set<net::Address> self_;
  std::vector<State> states_;
};

}  // namespace vtid::test
