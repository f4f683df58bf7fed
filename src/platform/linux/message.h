// Netlink messages as bytes: build one request, walk what the kernel answered, read its attributes. No sockets here.
// Lengths in what is read are never believed: a message or attribute that does not fit ends the walk.
// (The namespace is not called linux: some compilers define that word.)
#pragma once

#include <libmnl/libmnl.h>
#include <linux/netlink.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "net/address.h"

namespace vtid::platform::netlink {

using Bytes = std::vector<std::uint8_t>;

// The longest of ours carries 64 IPv6 hops. Callers bound what users wrote; exceeding this is our own mistake.
inline constexpr std::size_t kLongestRequest = 2048;

// MNL_ALIGN in size_t: messages and attributes take up multiples of four bytes.
[[nodiscard]] constexpr std::size_t aligned(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

// One request, growing. The sequence number is the socket's to set.
class Request {
 public:
  template <class Header>
  Request(std::uint16_t type, std::uint16_t flags, const Header& header) : Request(type, flags) {
    static_assert(std::is_trivially_copyable_v<Header>);
    std::memcpy(extra_header(sizeof header), &header, sizeof header);
  }

  template <class T>
  requires std::is_trivially_copyable_v<T> Request& put(std::uint16_t attribute, const T& value) {
    return put_bytes(attribute, &value, sizeof value);
  }
  Request& put_text(std::uint16_t attribute, std::string_view text);  // without a NUL: the kernel's NLA_STRING needs none
  Request& put_bytes(std::uint16_t attribute, const void* bytes, std::size_t size);
  Request& put_address(std::uint16_t attribute, const net::Address& address);
  Request& nest(std::uint16_t attribute, const std::function<void(Request&)>& fill);

  [[nodiscard]] Bytes bytes() const;

 private:
  Request(std::uint16_t type, std::uint16_t flags);
  void* extra_header(std::size_t size);

  alignas(nlmsghdr) std::array<char, kLongestRequest> buffer_{};
  nlmsghdr* header_;
};

// Calls `visit` for each whole message in a datagram.
void for_each_message(std::span<const std::uint8_t> datagram, const std::function<void(const nlmsghdr&)>& visit);

// The header that follows the netlink header; nothing when the message is too short for it.
template <class Header>
[[nodiscard]] std::optional<Header> header_of(const nlmsghdr& message) {
  if (mnl_nlmsg_get_payload_len(&message) < sizeof(Header)) return std::nullopt;
  Header header;
  std::memcpy(&header, mnl_nlmsg_get_payload(&message), sizeof header);
  return header;
}

// The attributes of a message or of a nest, by type. Borrows the message. Of an attribute given twice the last counts.
class Attributes {
 public:
  // After a header of `header_size` bytes, which header_of() has found to be there.
  Attributes(const nlmsghdr& message, std::size_t header_size);

  [[nodiscard]] Attributes nested(std::uint16_t attribute) const;
  // Those that stand in bytes [from, to) of an attribute, behind a header of its own.
  [[nodiscard]] Attributes nested_within(std::uint16_t attribute, std::size_t from, std::size_t to) const;
  // Of a list of nests, each one's, in their order.
  [[nodiscard]] std::vector<Attributes> elements(std::uint16_t attribute) const;
  template <class T>
  requires std::is_trivially_copyable_v<T>
  [[nodiscard]] std::optional<T> get(std::uint16_t attribute) const {
    const auto bytes = payload(attribute);
    if (bytes.size() < sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  [[nodiscard]] bool has(std::uint16_t attribute) const { return !payload(attribute).empty(); }
  [[nodiscard]] std::string_view text(std::uint16_t attribute) const;  // up to its NUL; empty when absent
  [[nodiscard]] std::optional<net::Address> address(std::uint16_t attribute) const;
  [[nodiscard]] std::span<const std::uint8_t> payload(std::uint16_t attribute) const;  // empty when absent

 private:
  Attributes() = default;
  static int collect(const nlattr* attribute, void* self);
  static int collect_element(const nlattr* attribute, void* elements);

  static constexpr std::size_t kTracked = 80;  // above IFLA_MAX, RTA_MAX, XFRMA_MAX of today; later ones are not read
  std::array<const nlattr*, kTracked> attributes_{};
};

// NLMSG_ERROR, and NLMSG_DONE of a dump: `code` is an errno (0: acknowledged), `text` the kernel's own words if it has any.
struct Verdict {
  int code = 0;
  std::string text;
  bool operator==(const Verdict&) const = default;
};
[[nodiscard]] Verdict decode_verdict(const nlmsghdr& message);

}  // namespace vtid::platform::netlink
