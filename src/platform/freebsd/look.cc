#include "platform/freebsd/look.h"

#include <algorithm>
#include <cerrno>
#include <set>
#include <system_error>

#include "base/utf8.h"
#include "platform/freebsd/wire/requests.h"
#include "platform/refusal.h"

namespace vtid::platform::freebsd {
namespace {

std::unexpected<Error> cannot(std::string_view what, int code) {
  return fail("cannot " + std::string(what) + ": " + std::generic_category().message(code), {}, code);
}

// Up to its NUL, or all of it.
std::string_view text_in(std::span<const char> text) {
  const auto* end = static_cast<const char*>(std::memchr(text.data(), 0, text.size()));
  return {text.data(), end == nullptr ? text.size() : static_cast<std::size_t>(end - text.data())};
}

std::set<net::IfName> as_set(const std::vector<net::IfName>& names) { return {names.begin(), names.end()}; }

// No description is ENOMSG; one that does not fit comes as a length alone, and is none of ours.
Result<std::string> description_of(Calls& calls, const net::IfName& name) {
  std::array<char, kLongestAlias + 1> text{};
  abi::InterfaceRequest request = request_for(name);
  set_value(request, abi::Buffer{text.size(), pointer_to(text)});
  const int code = calls.control(net::Family::ipv4, abi::kGetDescription, &request);
  if (code == ENOMSG) return std::string();
  if (code != 0) return cannot("read the description of " + name.text(), code);
  if (value_of<abi::Buffer>(request).pointer == 0) return std::string();
  return to_utf8(text_in(text));  // anybody may set it to any bytes
}

Result<net::ReqId> reqid_of(Calls& calls, const net::IfName& name) {
  net::ReqId reqid;
  abi::InterfaceRequest request = request_for(name);
  set_value(request, pointer_to(reqid.value));
  const int code = calls.control(net::Family::ipv4, abi::kGetReqId, &request);
  if (code != 0) return cannot("read the reqid of " + name.text(), code);
  return reqid;
}

// One end. EADDRNOTAVAIL: there is no tunnel, or one of the other family. A kernel without IPv6 has no such sockets.
Result<std::optional<net::Address>> outer_end(Calls& calls, const net::IfName& name, net::Family family, bool source) {
  int code = 0;
  std::optional<net::Address> found;
  if (family == net::Family::ipv4) {
    abi::InterfaceRequest request = request_for(name);
    code = calls.control(family, source ? abi::kGetOuterSource : abi::kGetOuterDestination, &request);
    found = decode_sockaddr(View(request.value));
  } else {
    abi::Inet6Request request;
    request.name = name_of(name.text());
    code = calls.control(family, source ? abi::kGetOuterSource6 : abi::kGetOuterDestination6, &request);
    Bytes bytes;
    append(bytes, request.address);
    found = decode_sockaddr(bytes);
  }
  if (code == EADDRNOTAVAIL || code == EAFNOSUPPORT || code == EPROTONOSUPPORT) return std::optional<net::Address>{};
  if (code != 0) return cannot("read the outer addresses of " + name.text(), code);
  return found;
}

Result<std::optional<std::pair<net::Address, net::Address>>> outer_of(Calls& calls, const net::IfName& name) {
  for (const net::Family family : {net::Family::ipv4, net::Family::ipv6}) {
    const auto source = outer_end(calls, name, family, true);
    if (!source) return std::unexpected(source.error());
    const auto destination = outer_end(calls, name, family, false);
    if (!destination) return std::unexpected(destination.error());
    if (*source && *destination) return std::pair{**source, **destination};
  }
  return std::nullopt;
}

Result<void> look_into_tunnel(Calls& calls, model::ObservedLink& link) {
  auto alias = description_of(calls, link.name);
  if (!alias) return std::unexpected(alias.error());
  auto reqid = reqid_of(calls, link.name);
  if (!reqid) return std::unexpected(reqid.error());
  auto outer = outer_of(calls, link.name);
  if (!outer) return std::unexpected(outer.error());
  const auto fibs = fibs_of(calls, link.name);
  if (!fibs) return std::unexpected(fibs.error());
  link.fib = fibs->inner;
  link.outer_fib = fibs->outer;
  link.kind = kTunnelKind;
  link.alias = *std::move(alias);
  if (reqid->value != 0) link.reqid = *reqid;
  link.outer = *outer;
  return {};
}

model::ObservedLink plain(const ListedLink& listed) {
  model::ObservedLink link;
  link.index = listed.index;
  link.name = listed.name;
  link.mtu = listed.mtu;
  link.up = (listed.flags & abi::kIffUp) != 0;
  link.multicast = (listed.flags & abi::kIffMulticast) != 0;
  return link;
}

// Link-local addresses count as the kernel's: it makes one on each link, and nothing in a list tells them apart.
model::ObservedAddress named(const ListedAddress& listed, const ListedLink& link) {
  model::ObservedAddress address{listed.index, link.name, listed.local, {}, listed.local.address.is_link_local()};
  if ((link.flags & abi::kIffPointToPoint) != 0) address.peer = listed.far;
  return address;
}

struct Lists {
  std::map<net::IfIndex, ListedLink> links;
  std::vector<ListedAddress> addresses;
};

Result<Lists> read_lists(Calls& calls) {
  const auto run = calls.list_links();
  if (!run) return std::unexpected(run.error());
  Lists lists;
  const bool whole = for_each_message(*run, [&](View message) {
    if (auto link = decode_link(message)) {
      const net::IfIndex index = link->index;
      lists.links.emplace(index, *std::move(link));
    } else if (const auto address = decode_address(message)) {
      lists.addresses.push_back(*address);
    }
  });
  if (!whole) return fail("cannot list links: the kernel's list makes no sense");
  return lists;
}

}  // namespace

Result<std::vector<net::IfName>> list_members(Calls& calls, std::string_view group) {
  int code = 0;
  for (int attempt = 0; attempt < kDumpAttempts; ++attempt) {
    abi::GroupRequest request = members_request(group, 0, 0);
    code = calls.control(net::Family::ipv4, abi::kGetMembers, &request);
    if (code == ENOENT) return std::vector<net::IfName>{};
    if (code != 0) break;
    std::vector<abi::Name> names(request.length / sizeof(abi::Name));
    request = members_request(group, request.length, names.empty() ? 0 : pointer_to(*names.data()));
    if (!names.empty()) code = calls.control(net::Family::ipv4, abi::kGetMembers, &request);
    if (code == EINVAL || code == ENOENT) continue;  // it grew, or went, between the two calls
    if (code != 0) break;
    std::vector<net::IfName> found;
    for (const abi::Name& name : names) {
      auto parsed = net::IfName::parse(text_in(name));
      if (parsed) found.push_back(*std::move(parsed));
    }
    return found;
  }
  return cannot("list the interface group " + std::string(group), code);
}

Result<Links> list_links(Calls& calls) {
  const auto lists = read_lists(calls);
  if (!lists) return std::unexpected(lists.error());
  const auto tunnels = list_members(calls, kTunnelKind);
  if (!tunnels) return std::unexpected(tunnels.error());
  const auto marked = list_members(calls, kOurGroup);
  if (!marked) return std::unexpected(marked.error());
  const auto are_tunnels = as_set(*tunnels);
  const auto are_marked = as_set(*marked);
  Links found;
  std::set<net::IfIndex> gone;
  for (const auto& [index, listed] : lists->links) {
    model::ObservedLink link = plain(listed);
    if (are_tunnels.contains(link.name)) {
      const auto looked = look_into_tunnel(calls, link);
      if (!looked && looked.error().code == ENXIO) {  // a notice about that is on its way
        gone.insert(index);
        continue;
      }
      if (!looked) return std::unexpected(looked.error());
      if (are_marked.contains(link.name)) link.owner = model::Owner::vtid;
    }
    if (link.owner == model::Owner::vtid) found.counters.emplace(link.name, listed.counters);
    found.links.push_back(std::move(link));
  }
  for (const ListedAddress& address : lists->addresses) {
    const auto link = lists->links.find(address.index);
    if (link == lists->links.end() || gone.contains(address.index)) continue;
    found.addresses.push_back(named(address, link->second));
  }
  return found;
}

std::uint32_t count_fibs(Calls& calls) {
  const std::int64_t fibs = calls.sysctl("net.fibs").value_or(1);
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(fibs, 1, kMostListedFibs));
}

Result<std::vector<ListedRoute>> list_routes(Calls& calls) {
  std::vector<ListedRoute> found;
  for (std::uint32_t fib = 0; fib < count_fibs(calls); ++fib) {
    const auto run = calls.list_routes(fib);
    if (!run) return std::unexpected(run.error());
    const bool whole = for_each_message(*run, [&](View message) {
      if (auto route = decode_route(message)) found.emplace_back(*std::move(route)).route.table = net::table_of_fib(fib);
    });
    if (!whole) return fail("cannot list routes: the kernel's list makes no sense");
  }
  return found;
}

Result<Fibs> fibs_of(Calls& calls, const net::IfName& tunnel) {
  Fibs fibs;
  for (const auto& [what, fib] : {std::pair(abi::kGetFib, &fibs.inner), std::pair(abi::kGetOuterFib, &fibs.outer)}) {
    abi::InterfaceRequest request = request_for(tunnel);
    const int code = calls.control(net::Family::ipv4, what, &request);
    if (code != 0) return cannot("read the FIBs of " + tunnel.text(), code);
    *fib = value_of<std::uint32_t>(request);
  }
  return fibs;
}

}  // namespace vtid::platform::freebsd
