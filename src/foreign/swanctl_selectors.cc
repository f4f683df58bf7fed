#include "foreign/swanctl_selectors.h"

#include <algorithm>

namespace vtid::foreign {
namespace {

bool takes_all(const std::vector<std::string>& selectors, net::Family family) {
  return std::ranges::find(selectors, family == net::Family::ipv4 ? "0.0.0.0/0" : "::/0") != selectors.end();
}

std::optional<net::Prefix> narrow(const std::vector<std::string>& selectors, net::Family family) {
  for (const std::string& selector : selectors) {
    const auto prefix = net::parse_prefix(selector);
    if (prefix && prefix->family() == family && is_narrow(*prefix)) return *prefix;
  }
  return std::nullopt;
}

}  // namespace

bool is_catch_all(std::string_view selector) { return selector == "0.0.0.0/0" || selector == "::/0"; }

bool mentions(const std::vector<std::string>& selectors, net::Family family) {
  return std::ranges::any_of(selectors, [&](const std::string& selector) {
    const auto prefix = net::parse_prefix(selector);
    return prefix && prefix->family() == family;
  });
}

bool is_narrow(const net::Prefix& prefix) {
  return prefix.length == prefix.address.bits() || (prefix.length > 0 && prefix != prefix.network());
}

std::optional<std::pair<net::Prefix, net::Prefix>> inner(const Selectors& locals, const Selectors& remotes,
                                                         net::Family family) {
  auto local = narrow(locals, family);
  const auto remote = narrow(remotes, family);
  if (!local || !remote) return std::nullopt;
  const bool all = takes_all(locals, family) && takes_all(remotes, family);
  const bool together = local->length < local->address.bits() && local->contains(remote->address);
  if (!all && !together) return std::nullopt;
  if (local->length == local->address.bits()) {
    const net::Prefix wide{local->address, static_cast<std::uint8_t>(local->address.is_v4() ? 30 : 64)};
    if (wide.contains(remote->address)) local = wide;
  }
  return std::pair{*local, *remote};
}

std::optional<OtherHost> other_host(const net::Prefix& own) {
  const int room = own.address.bits() - own.length;
  if (room < 1) return std::nullopt;
  const net::Address network = own.network().address;
  std::vector<std::uint8_t> bytes(network.bytes().begin(), network.bytes().end());
  const auto host = [&](std::uint8_t number) {
    std::vector<std::uint8_t> all = bytes;
    all.back() = static_cast<std::uint8_t>(all.back() | number);
    return net::Address::from_bytes(all).value_or(network);
  };
  if (room == 1) return OtherHost{own.address == network ? host(1) : network, true};
  const bool sure = room == 2 && (own.address == host(1) || own.address == host(2));
  return OtherHost{own.address == host(1) ? host(2) : host(1), sure};
}

std::string narrow_selector(const net::Prefix& own) {
  return net::print(is_narrow(own) ? own : net::Prefix{own.address, static_cast<std::uint8_t>(own.address.bits())});
}

}  // namespace vtid::foreign
