#include "platform/freebsd/wire/routing.h"

#include <algorithm>

namespace vtid::platform::freebsd {
namespace {

constexpr std::uint8_t kLoopback6Last = 1;

// A name without its end, as sockaddr_dl has it.
std::optional<net::IfName> name_in(View link) {
  const auto found = read_at<abi::SockaddrDl>(link);
  if (!found || found->name_length > found->data.size()) return std::nullopt;
  auto name = net::IfName::parse(std::string_view(found->data.data(), found->name_length));
  return name ? std::optional(*std::move(name)) : std::nullopt;
}

std::optional<net::Prefix> prefix_in(const Sockaddrs& addresses, abi::Slot which) {
  const auto address = decode_sockaddr(addresses.at(which));
  if (!address) return std::nullopt;
  const View mask = addresses.at(abi::kNetmask);
  const auto whole = static_cast<std::uint8_t>(address->bits());
  const auto length = mask.empty() ? std::optional(whole) : decode_mask(mask, address->family());
  return length ? std::optional(net::Prefix{*address, *length}) : std::nullopt;
}

// A default route: its destination has no bits.
bool is_to_anywhere(View message, const abi::RouteHeader& header) {
  const auto addresses = Sockaddrs::read(message, sizeof header, header.addresses);
  const auto to = addresses && (header.flags & abi::kRtfHost) == 0 ? prefix_in(*addresses, abi::kDestination) : std::nullopt;
  return to && to->length == 0;
}

// The whole header of a list's message, and its addresses.
struct Listed {
  abi::ListHeader header;
  Sockaddrs addresses;
};
std::optional<Listed> listed(View message, abi::RouteType type) {
  const auto header = read_at<abi::ListHeader>(message);
  if (!header || header->head.type != type || header->length < sizeof(abi::ListHeader)) return std::nullopt;
  const auto addresses = Sockaddrs::read(message, header->length, header->addresses);
  return addresses ? std::optional(Listed{*header, *addresses}) : std::nullopt;
}

// What route(8) gives a blackhole as its gateway.
net::Address loopback(net::Family family) {
  if (family == net::Family::ipv4) return net::Address::v4({127, 0, 0, 1});
  std::array<std::uint8_t, 16> bytes{};
  bytes.back() = kLoopback6Last;
  return net::Address::v6(bytes);
}

struct Hop {
  std::uint32_t flags = 0;
  Bytes sockaddr;
};
Hop hop_of(const model::Route& route, net::IfIndex index) {
  const auto* via = std::get_if<model::ViaGateway>(&route.target);
  if (via == nullptr) return {abi::kRtfGateway | abi::kRtfBlackhole, encode_sockaddr(loopback(route.to.family()))};
  if (via->gateway) return {abi::kRtfGateway, encode_sockaddr(*via->gateway, index)};
  return {0, encode_link_sockaddr(index)};
}

void put(Bytes& message, const Bytes& sockaddr) {
  append(message, View(sockaddr));
  pad8(message);
}

}  // namespace

bool for_each_message(View run, const std::function<void(View)>& take) {
  while (!run.empty()) {
    const auto head = read_at<abi::MessageHead>(run);
    if (!head || head->length < sizeof *head || head->length > run.size()) return false;
    if (head->version == abi::kRouteVersion) take(run.first(head->length));
    run = run.subspan(head->length);
  }
  return true;
}

std::uint8_t type_of(View message) {
  const auto head = read_at<abi::MessageHead>(message);
  return head ? head->type : std::uint8_t{0};
}

std::optional<Sockaddrs> Sockaddrs::read(View message, std::size_t offset, std::uint32_t present) {
  if (offset > message.size()) return std::nullopt;
  Sockaddrs found;
  View rest = message.subspan(offset);
  for (std::size_t slot = 0; slot < abi::kSlots; ++slot) {
    if ((present >> slot & 1U) == 0) continue;
    const std::size_t length = rest.empty() ? 0 : rest[0];
    if (rest.empty() || length > rest.size()) return std::nullopt;
    found.items_[slot] = rest.first(length == 0 ? 1 : length);
    rest = rest.subspan(std::min(room_of_sockaddr(rest), rest.size()));
  }
  return found;
}

std::optional<ListedLink> decode_link(View message) {
  const auto found = listed(message, abi::kRtmIfInfo);
  if (!found) return std::nullopt;
  const auto facts = read_at<abi::InterfaceFacts>(message, found->header.facts_offset);
  auto name = name_in(found->addresses.at(abi::kInterface));
  if (!facts || !name) return std::nullopt;
  return ListedLink{{found->header.index},
                    *std::move(name),
                    found->header.flags,
                    facts->mtu,
                    {facts->bytes_in, facts->bytes_out, facts->packets_in, facts->packets_out}};
}

std::optional<ListedAddress> decode_address(View message) {
  const auto found = listed(message, abi::kRtmNewAddr);
  if (!found) return std::nullopt;
  const auto local = prefix_in(found->addresses, abi::kLocal);
  if (!local) return std::nullopt;
  return ListedAddress{{found->header.index}, *local, decode_sockaddr(found->addresses.at(abi::kBroadcast))};
}

std::optional<ListedRoute> decode_route(View message) {
  const auto header = read_at<abi::RouteHeader>(message);
  if (!header || header->head.type != abi::kRtmGet) return std::nullopt;
  const auto addresses = Sockaddrs::read(message, sizeof *header, header->addresses);
  if (!addresses) return std::nullopt;
  const auto to = prefix_in(*addresses, abi::kDestination);
  if (!to) return std::nullopt;
  ListedRoute found{
      {to->network(), {}, net::kMainTable, model::Blackhole{}}, {header->index}, (header->flags & abi::kRtfProto1) != 0};
  if ((header->flags & abi::kRtfBlackhole) != 0) return found;
  model::ViaGateway via;
  if ((header->flags & abi::kRtfGateway) != 0) via.gateway = decode_sockaddr(addresses->at(abi::kGateway));
  found.route.target = via;
  return found;
}

Bytes encode_route(abi::RouteType type, const model::Route& route, net::IfIndex index, Stamp stamp, std::uint32_t owner_flag) {
  const bool host = route.to.length == route.to.address.bits();
  const Hop hop = hop_of(route, index);
  abi::RouteHeader header;
  header.head = {0, abi::kRouteVersion, type};
  header.flags = abi::kRtfUp | abi::kRtfStatic | owner_flag | hop.flags | (host ? abi::kRtfHost : 0U);
  header.addresses = 1U << abi::kDestination | 1U << abi::kGateway | (host ? 0U : 1U << abi::kNetmask);
  header.pid = stamp.pid;
  header.sequence = stamp.sequence;
  Bytes message;
  append(message, header);
  put(message, encode_sockaddr(route.to.network().address, index));
  put(message, hop.sockaddr);
  if (!host) put(message, encode_sockaddr(mask_of(route.to.family(), route.to.length)));
  const auto length = static_cast<std::uint16_t>(message.size());
  std::memcpy(message.data(), &length, sizeof length);
  return message;
}

bool route_notice_concerns_us(View message) {
  switch (type_of(message)) {
    case abi::kRtmIfInfo:
    case abi::kRtmIfAnnounce:
    case abi::kRtmNewAddr:
    case abi::kRtmDelAddr: return true;
    case abi::kRtmAdd:
    case abi::kRtmDelete:
    case abi::kRtmChange: {
      const auto header = read_at<abi::RouteHeader>(message);
      if (!header || header->error != 0) return false;
      return (header->flags & abi::kRtfProto1) != 0 || is_to_anywhere(message, *header);
    }
    default: return false;
  }
}

}  // namespace vtid::platform::freebsd
