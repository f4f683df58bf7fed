// Base chains of nf_tables that drop the forwarded packets that no rule accepts, whoever made them: nft, iptables-nft, docker,
// ufw, firewalld (linux/netfilter/nf_tables.h). Pure. Rules are not carried out: what is read of them is which devices
// they let through by name, and whether some let packets through by what cannot be judged here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/host_facts.h"
#include "platform/linux/message.h"

namespace vtid::platform::netlink {

struct NftTable {
  std::uint8_t family = 0;  // NFPROTO_*
  std::string name;
  auto operator<=>(const NftTable&) const = default;
};

struct NftChain {
  NftTable table;
  std::string name;
  bool forwards = false;  // it is the base chain of a forward hook
  bool drops = false;     // by its policy
  bool operator==(const NftChain&) const = default;
};

struct NftRule {
  enum class Outcome : std::uint8_t { goes_on, accepts, enters, drops };  // enters: another chain
  NftTable table;
  std::string chain;
  Outcome outcome = Outcome::goes_on;
  bool always = false;                 // it has no condition
  std::vector<std::string> devices{};  // it asks for; "ipsec*" for all that begin so
  bool by_other = false;               // it asks for addresses, marks, members of a set
  bool operator==(const NftRule&) const = default;
};

[[nodiscard]] Bytes encode_dump_chains();
[[nodiscard]] Bytes encode_dump_rules(const NftTable& table);
[[nodiscard]] std::optional<NftChain> decode_chain(const nlmsghdr& message);
[[nodiscard]] std::optional<NftRule> decode_rule(const nlmsghdr& message);

// The tables that have a chain at a forward hook, but for vtid's own.
[[nodiscard]] std::vector<NftTable> forwarding_tables(const std::vector<NftChain>& chains);
// `rules` are those of these tables, in the kernel's order.
[[nodiscard]] std::vector<model::ForwardChain> dropping_chains(const std::vector<NftChain>& chains,
                                                               const std::vector<NftRule>& rules);

}  // namespace vtid::platform::netlink
