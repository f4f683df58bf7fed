// What the traffic selectors of a VTI child say of its interface.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/address.h"

namespace vtid::foreign {

using Selectors = std::vector<std::string>;

[[nodiscard]] bool is_catch_all(std::string_view selector);
[[nodiscard]] bool mentions(const Selectors& selectors, net::Family family);
// An address, perhaps with its network's length.
[[nodiscard]] bool is_narrow(const net::Prefix& prefix);

// The interface's address and the peer's; nothing: the selectors only say what crosses the tunnel.
[[nodiscard]] std::optional<std::pair<net::Prefix, net::Prefix>> inner(const Selectors& locals, const Selectors& remotes,
                                                                       net::Family family);

// The other way round, for formats that know both: to stand before the selectors of the child.
[[nodiscard]] std::string narrow_selector(const net::Prefix& own);

// The peer's address on an interface of two. Sure where the network has room for no other.
struct OtherHost {
  net::Address address;
  bool sure = false;
};
[[nodiscard]] std::optional<OtherHost> other_host(const net::Prefix& own);

}  // namespace vtid::foreign
