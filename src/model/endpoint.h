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
// Of one family, the first not above the last.
struct AddressRange {
  net::Address first;
  net::Address last;
  auto operator<=>(const AddressRange&) const = default;
};
// A peer in a network or a range calls from somewhere there.
using Endpoint = std::variant<AnyAddress, net::Address, HostName, SeveralAddresses, net::Prefix, AddressRange>;

// "any", "192.0.2.1", "vpn.example.org", "192.0.2.1, vpn.example.org", "192.0.2.0/24", "192.0.2.1-192.0.2.9"
[[nodiscard]] std::string print(const Endpoint& endpoint);
[[nodiscard]] std::vector<std::string> words_of(const Endpoint& endpoint);  // as the file has them

[[nodiscard]] std::string whence(const Endpoint& endpoint);  // in sentences: "\"any\" address", else the same

// Where it is called, in that order; nowhere when only it can call.
[[nodiscard]] std::vector<CalledAddress> called_addresses(const Endpoint& endpoint);
[[nodiscard]] std::vector<net::Address> addresses_of(const Endpoint& endpoint);  // of those, the ones that the file gives
[[nodiscard]] std::vector<std::string> host_names_of(const Endpoint& endpoint);  // and those that are looked up
[[nodiscard]] std::optional<net::Family> family_of(const Endpoint& endpoint);    // none: no address is given
[[nodiscard]] bool is_callable(const Endpoint& endpoint);
// As far as the file says: a host name says nothing.
[[nodiscard]] bool may_be_at(const Endpoint& endpoint, const net::Address& address);
// Whether who is looked up, or who does not answer, decides on the address that is called.
[[nodiscard]] bool varies(const Endpoint& endpoint);

}  // namespace vtid::model
