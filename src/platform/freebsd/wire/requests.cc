#include "platform/freebsd/wire/requests.h"

#include <algorithm>

namespace vtid::platform::freebsd {

abi::Name name_of(std::string_view text) {
  abi::Name name{};
  std::ranges::copy(text.substr(0, name.size() - 1), name.begin());
  return name;
}

abi::InterfaceRequest request_for(const net::IfName& link) { return {name_of(link.text()), {}}; }

abi::InterfaceRequest flags_request(const net::IfName& link, std::uint32_t flags) {
  abi::InterfaceRequest request = request_for(link);
  set_value(request, std::array{static_cast<std::uint16_t>(flags), static_cast<std::uint16_t>(flags >> 16)});
  return request;
}

std::uint32_t flags_of(const abi::InterfaceRequest& request) {
  const auto halves = value_of<std::array<std::uint16_t, 2>>(request);
  return std::uint32_t{halves[1]} << 16 | halves[0];
}

abi::GroupRequest group_request(const net::IfName& link, std::string_view group) {
  abi::GroupRequest request;
  request.name = name_of(link.text());
  const abi::Name name = name_of(group);
  std::memcpy(request.value.data(), name.data(), name.size());
  return request;
}

abi::GroupRequest members_request(std::string_view group, std::uint32_t length, std::uint64_t pointer) {
  abi::GroupRequest request;
  request.name = name_of(group);
  request.length = length;
  std::memcpy(request.value.data(), &pointer, sizeof pointer);
  return request;
}

abi::Inet4Alias outer4(const net::IfName& link, const net::Address& source, const net::Address& destination) {
  abi::Inet4Alias request;
  request.name = name_of(link.text());
  request.address = sockaddr4(source);
  request.destination = sockaddr4(destination);
  return request;
}

abi::Inet6Alias outer6(const net::IfName& link, const net::Address& source, const net::Address& destination) {
  abi::Inet6Alias request;
  request.name = name_of(link.text());
  request.address = sockaddr6(source);
  request.destination = sockaddr6(destination);
  return request;
}

abi::Inet4Alias alias4(const model::InterfaceAddress& address) {
  abi::Inet4Alias request;
  request.name = name_of(address.device.text());
  request.address = sockaddr4(address.local.address);
  if (address.peer) request.destination = sockaddr4(*address.peer);
  request.mask = sockaddr4(mask_of(net::Family::ipv4, address.local.length));
  return request;
}

abi::Inet6Alias alias6(const model::InterfaceAddress& address, net::IfIndex scope) {
  abi::Inet6Alias request;
  request.name = name_of(address.device.text());
  request.address = sockaddr6(address.local.address, scope);
  if (address.peer) request.destination = sockaddr6(*address.peer, scope);
  request.mask = sockaddr6(mask_of(net::Family::ipv6, address.local.length));
  request.valid_seconds = request.preferred_seconds = abi::kInfiniteLifetime;
  return request;
}

abi::InterfaceRequest delete4(const model::InterfaceAddress& address) {
  abi::InterfaceRequest request = request_for(address.device);
  set_value(request, sockaddr4(address.local.address));
  return request;
}

abi::Inet6Request delete6(const model::InterfaceAddress& address, net::IfIndex scope) {
  abi::Inet6Request request;
  request.name = name_of(address.device.text());
  request.address = sockaddr6(address.local.address, scope);
  return request;
}

}  // namespace vtid::platform::freebsd
