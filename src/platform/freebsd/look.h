// What the kernel holds, put together from its lists and from what it says of each tunnel interface. Changes nothing.
#pragma once

#include "model/observed.h"
#include "platform/freebsd/calls.h"
#include "platform/freebsd/wire/pfkey.h"
#include "platform/freebsd/wire/routing.h"

namespace vtid::platform::freebsd {

// Links of ours are in this interface group, which the kernel keeps as long as the link.
inline constexpr std::string_view kOurGroup = "vtid";
inline constexpr std::string_view kTunnelKind = "ipsec";  // if_ipsec's cloner, and the group of all that it made

struct Links {
  std::vector<model::ObservedLink> links;
  std::vector<model::ObservedAddress> addresses;
  std::map<net::IfName, model::LinkCounters> counters;  // of ours
};
[[nodiscard]] Result<Links> list_links(Calls& calls);
// Everybody's, of all FIBs, with the index of the device.
[[nodiscard]] Result<std::vector<ListedRoute>> list_routes(Calls& calls);
[[nodiscard]] Result<std::vector<ListedSa>> list_sas(Calls& calls);

// How many FIBs are looked at: all that there are (net.fibs), as long as these are not more than this.
inline constexpr std::int64_t kMostListedFibs = 64;
[[nodiscard]] std::uint32_t count_fibs(Calls& calls);
struct Fibs {
  std::uint32_t inner = 0, outer = 0;
};
[[nodiscard]] Result<Fibs> fibs_of(Calls& calls, const net::IfName& tunnel);

// Names in a group; none when there is no such group.
[[nodiscard]] Result<std::vector<net::IfName>> list_members(Calls& calls, std::string_view group);

// One PF_KEY request and its answers. What the kernel refused is an error with its errno and without the answer's content,
// which may hold keys. Notices of others between the answers are passed over: each PF_KEY socket gets them.
[[nodiscard]] Result<std::vector<Bytes>> ask_key(Calls& calls, const Bytes& request);

}  // namespace vtid::platform::freebsd
