// The arguments of the ioctl(2) calls that make and change links and addresses, filled in. No calls are made here.
#pragma once

#include <string_view>

#include "model/kernel_objects.h"
#include "platform/freebsd/wire/sockaddr.h"

namespace vtid::platform::freebsd {

[[nodiscard]] abi::Name name_of(std::string_view text);
[[nodiscard]] abi::InterfaceRequest request_for(const net::IfName& link);

// What stands in the 16 bytes behind the name, at their start.
template <class T>
void set_value(abi::InterfaceRequest& request, const T& value) {
  static_assert(sizeof(T) <= sizeof request.value);
  std::memcpy(request.value.data(), &value, sizeof value);
}
template <class T>
[[nodiscard]] T value_of(const abi::InterfaceRequest& request) {
  static_assert(sizeof(T) <= sizeof request.value);
  T value;
  std::memcpy(&value, request.value.data(), sizeof value);
  return value;
}
template <class T>
[[nodiscard]] std::uint64_t pointer_to(T& value) {
  return static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(&value));
}

// The flags of a link are 32 bits in two halves (ifr_flags, ifr_flagshigh).
[[nodiscard]] abi::InterfaceRequest flags_request(const net::IfName& link, std::uint32_t flags);
[[nodiscard]] std::uint32_t flags_of(const abi::InterfaceRequest& request);

[[nodiscard]] abi::GroupRequest group_request(const net::IfName& link, std::string_view group);
[[nodiscard]] abi::GroupRequest members_request(std::string_view group, std::uint32_t length, std::uint64_t pointer);

[[nodiscard]] abi::Inet4Alias outer4(const net::IfName& link, const net::Address& source, const net::Address& destination);
[[nodiscard]] abi::Inet6Alias outer6(const net::IfName& link, const net::Address& source, const net::Address& destination);
[[nodiscard]] abi::Inet4Alias alias4(const model::InterfaceAddress& address);
[[nodiscard]] abi::Inet6Alias alias6(const model::InterfaceAddress& address, net::IfIndex scope);
[[nodiscard]] abi::InterfaceRequest delete4(const model::InterfaceAddress& address);
[[nodiscard]] abi::Inet6Request delete6(const model::InterfaceAddress& address, net::IfIndex scope);

}  // namespace vtid::platform::freebsd
