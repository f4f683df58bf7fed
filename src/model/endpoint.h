// Where an end of a tunnel is, as the file says it.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "net/address.h"

namespace vtid::model {

struct AnyAddress {
  auto operator<=>(const AnyAddress&) const = default;
};
struct HostName {
  std::string name;
  auto operator<=>(const HostName&) const = default;
};
using CalledAddress = std::variant<net::Address, HostName>;

// Of one peer, in the order in which they are called: the next one when one does not answer.
struct SeveralAddresses {
  std::vector<CalledAddress> list;  // two or more, each once, the addresses of one family
  auto operator<=>(const SeveralAddresses&) const = default;
};
using Endpoint = std::variant<AnyAddress, net::Address, HostName, SeveralAddresses>;

// "any", "192.0.2.1", "vpn.example.org", "192.0.2.1, vpn.example.org"
[[nodiscard]] std::string print(const Endpoint& endpoint);
[[nodiscard]] std::vector<std::string> words_of(const Endpoint& endpoint);  // as the file has them

// Where it is called, in that order; nowhere with "any".
[[nodiscard]] std::vector<CalledAddress> called_addresses(const Endpoint& endpoint);
[[nodiscard]] std::vector<net::Address> addresses_of(const Endpoint& endpoint);  // of those, the ones that the file gives
[[nodiscard]] std::vector<std::string> host_names_of(const Endpoint& endpoint);  // and those that are looked up
[[nodiscard]] std::optional<net::Family> family_of(const Endpoint& endpoint);    // none: no address is given
[[nodiscard]] bool is_callable(const Endpoint& endpoint);
// Whether who is looked up, or who does not answer, decides on the address that is called.
[[nodiscard]] bool varies(const Endpoint& endpoint);

}  // namespace vtid::model
