// What names in a pfSense configuration stand for: interfaces and groups of them, virtual addresses, aliases of hosts, networks
// and ports. Only what the file itself says: nothing is resolved, and an address by DHCP is not known.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "foreign/xml.h"
#include "net/address.h"

namespace vtid::foreign {

class PfsenseNames {
 public:
  explicit PfsenseNames(const Element& root);

  [[nodiscard]] const Element* interface(std::string_view key) const;  // "wan", "opt1"
  // Of an interface group, in its order; none: it is no group.
  [[nodiscard]] const std::vector<std::string>* members(std::string_view group) const;
  // The interface that a virtual address stands on; another name is its own.
  [[nodiscard]] std::string owner(std::string_view key) const;
  // Of a group of gateways, the one of the lowest tier, with the virtual address that it names, if any.
  struct FirstMember {
    std::string interface, virtual_address;
  };
  [[nodiscard]] std::optional<FirstMember> first_member(std::string_view gateway_group) const;
  // Gateways that exist without an entry, those of lines whose addresses come from elsewhere, by the names that pfSense makes
  // up (gwlb.inc, return_gateways_array): "WAN_DHCP", "WAN_DHCP6", "DSL_PPPOE".
  struct Line {
    std::string key;  // of the interface
    net::Family family;
  };
  [[nodiscard]] std::map<std::string, Line> lines() const;
  // As pfSense shows it and names gateways by it: "WAN", "VTI_HQ".
  [[nodiscard]] std::string title(std::string_view key) const;
  [[nodiscard]] std::string device(std::string_view key) const;

  // Of an interface or a virtual address, with its network's length.
  [[nodiscard]] std::optional<net::Prefix> address(std::string_view key, net::Family family) const;

  // Literal addresses and networks, or those of an alias; the error names what cannot be known.
  [[nodiscard]] Result<std::vector<net::Prefix>> networks(std::string_view text) const;
  // "443", "5060-5061"; of literals or an alias.
  [[nodiscard]] Result<std::vector<std::string>> ports(std::string_view text) const;
  [[nodiscard]] bool is_alias(std::string_view text) const { return aliases_.contains(text); }
  [[nodiscard]] const Element& alias(const std::string& name) const { return *aliases_.at(name); }

 private:
  Result<void> add_networks(std::string_view text, std::vector<net::Prefix>& result, int depth) const;
  Result<void> add_ports(std::string_view text, std::vector<std::string>& result, int depth) const;

  const Element& gateways_;
  std::map<std::string, const Element*, std::less<>> interfaces_;
  std::map<std::string, const Element*, std::less<>> virtual_;  // by "_vip…"
  std::map<std::string, const Element*, std::less<>> aliases_;
  std::map<std::string, std::vector<std::string>, std::less<>> groups_;
};

inline constexpr std::size_t kMostAliasEntries = 65'536;  // as a list may hold
inline constexpr std::size_t kMostAliasPorts = 256;
inline constexpr std::size_t kLongestListName = 24;
inline constexpr int kDeepestAlias = 8;

// A whole number from 0 on; nothing else.
[[nodiscard]] std::optional<long> number_of(std::string_view text);
[[nodiscard]] std::vector<std::string> words_of(std::string_view text, std::string_view separators = " ");

}  // namespace vtid::foreign
