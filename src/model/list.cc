#include "model/list.h"

#include <fmt/format.h>

#include <array>
#include <span>

#include "model/filter.h"

namespace vtid::model {
namespace {

std::string digest_of(const List& list) {
  std::string text;
  for (const net::Prefix& network : list.networks) text += net::print(network) + ',';
  for (const PortRange& range : list.ports) text += print(range) + ',';
  return digest(std::string_view(text));
}

using Span = std::span<const net::Prefix>;

// The upper half of a network that is more than one address.
net::Prefix upper_half(const net::Prefix& whole) {
  std::array<std::uint8_t, 16> bytes{};
  std::ranges::copy(whole.address.bytes(), bytes.begin());
  bytes[whole.length / 8U] |= static_cast<std::uint8_t>(0x80U >> (whole.length % 8U));
  return {*net::Address::from_bytes(std::span(bytes).first(whole.address.bytes().size())),
          static_cast<std::uint8_t>(whole.length + 1)};
}

// `holes` are sorted, none inside another, and all of them in `whole`. Halves what has some, as deep as an address has bits.
void subtract(const net::Prefix& whole, Span holes, std::vector<net::Prefix>& left) {
  if (holes.empty()) return left.push_back(whole);
  if (holes.front().length <= whole.length) return;
  const net::Prefix lower{whole.address, static_cast<std::uint8_t>(whole.length + 1)};
  const auto middle =
      std::ranges::partition_point(holes, [&](const net::Prefix& hole) { return lower.contains(hole.address); });
  const auto below = static_cast<std::size_t>(middle - holes.begin());
  subtract(lower, holes.first(below), left);
  subtract(upper_half(whole), holes.subspan(below), left);
}

// Those of sorted networks, none inside another, that have a part of `whole`.
Span overlapping(const std::vector<net::Prefix>& networks, const net::Prefix& whole) {
  auto first = std::ranges::lower_bound(networks, whole);
  if (first != networks.begin() && std::prev(first)->overlaps(whole)) --first;
  const auto last = std::partition_point(first, networks.end(), [&](const net::Prefix& item) { return item.overlaps(whole); });
  return {first, last};
}

bool contains(const AnyOf<net::Prefix>& any, const net::Address& address) {
  const auto holds = [&](const ListRef& list) {
    const auto next = std::ranges::upper_bound(list->networks, address, {}, &net::Prefix::address);
    return next != list->networks.begin() && std::prev(next)->contains(address);
  };
  return std::ranges::any_of(any.values, [&](const net::Prefix& item) { return item.contains(address); }) ||
         std::ranges::any_of(any.lists, holds);
}

// The address with which one of them begins, or the family itself.
net::Address some_address(const AnyOf<net::Prefix>& any, net::Family family) {
  for (const net::Prefix& item : any.values) {
    if (item.family() == family) return item.address;
  }
  for (const ListRef& list : any.lists) {
    const auto first =
        std::ranges::partition_point(list->networks, [&](const net::Prefix& item) { return item.family() < family; });
    if (first != list->networks.end()) return first->address;
  }
  return net::Address::any(family);
}

}  // namespace

// One address that is left spares a look at all: lists are long, and many rules name them.
bool leaves_any(const AnyOf<net::Prefix>& any, const AnyOf<net::Prefix>& except, net::Family family) {
  if (except.empty() || !contains(except, some_address(any, family))) return true;
  return !difference(any, except, family).empty();
}

std::vector<net::Prefix> difference(const AnyOf<net::Prefix>& any, const AnyOf<net::Prefix>& except, net::Family family) {
  const std::vector<net::Prefix> wholes =
      any.empty() ? std::vector{net::Prefix{net::Address::any(family), 0}} : reduced(any.all());
  const std::vector<net::Prefix> holes = reduced(except.all());
  std::vector<net::Prefix> left;
  for (const net::Prefix& whole : wholes) {
    if (whole.family() == family) subtract(whole, overlapping(holes, whole), left);
  }
  return left;
}

std::string print(const PortRange& range) {
  return range.first == range.last ? fmt::format("{}", range.first) : fmt::format("{}-{}", range.first, range.last);
}

bool List::has(net::Family family) const {
  return !networks.empty() && (networks.front().family() == family || networks.back().family() == family);
}

// A network that holds another begins no later, and among those that begin with it the shortest length comes first.
std::vector<net::Prefix> reduced(std::vector<net::Prefix> networks) {
  std::ranges::sort(networks);
  std::vector<net::Prefix> result;
  for (const net::Prefix& network : networks) {
    if (result.empty() || !result.back().overlaps(network)) result.push_back(network);
  }
  return result;
}

std::vector<PortRange> reduced(std::vector<PortRange> ports) {
  std::ranges::sort(ports);
  std::vector<PortRange> result;
  for (const PortRange& range : ports) {
    if (result.empty() || int{range.first} > result.back().last + 1) {
      result.push_back(range);
    } else {
      result.back().last = std::max(result.back().last, range.last);
    }
  }
  return result;
}

ListRef::ListRef(List list) : list_(std::make_shared<const List>(std::move(list))), digest_(digest_of(*list_)) {}

}  // namespace vtid::model
