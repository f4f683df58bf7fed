#include "model/endpoint.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace vtid::model {
namespace {

std::string word_of(const CalledAddress& called) {
  const auto* address = std::get_if<net::Address>(&called);
  return address == nullptr ? std::get<HostName>(called).name : net::print(*address);
}

}  // namespace

std::string print(const Endpoint& endpoint) { return fmt::format("{}", fmt::join(words_of(endpoint), ", ")); }

std::string whence(const Endpoint& endpoint) {
  return std::holds_alternative<AnyAddress>(endpoint) ? "\"any\" address" : print(endpoint);
}

std::vector<std::string> words_of(const Endpoint& endpoint) {
  if (std::holds_alternative<AnyAddress>(endpoint)) return {"any"};
  if (const auto* network = std::get_if<net::Prefix>(&endpoint)) return {net::print(*network)};
  if (const auto* range = std::get_if<AddressRange>(&endpoint))
    return {fmt::format("{}-{}", net::print(range->first), net::print(range->last))};
  std::vector<std::string> words;
  for (const CalledAddress& called : called_addresses(endpoint)) words.push_back(word_of(called));
  return words;
}

std::vector<CalledAddress> called_addresses(const Endpoint& endpoint) {
  if (const auto* address = std::get_if<net::Address>(&endpoint)) return {*address};
  if (const auto* host = std::get_if<HostName>(&endpoint)) return {*host};
  const auto* several = std::get_if<SeveralAddresses>(&endpoint);
  return several == nullptr ? std::vector<CalledAddress>{} : several->list;
}

std::vector<net::Address> addresses_of(const Endpoint& endpoint) {
  std::vector<net::Address> addresses;
  for (const CalledAddress& called : called_addresses(endpoint)) {
    if (const auto* address = std::get_if<net::Address>(&called)) addresses.push_back(*address);
  }
  return addresses;
}

std::vector<std::string> host_names_of(const Endpoint& endpoint) {
  std::vector<std::string> names;
  for (const CalledAddress& called : called_addresses(endpoint)) {
    if (const auto* host = std::get_if<HostName>(&called)) names.push_back(host->name);
  }
  return names;
}

std::optional<net::Family> family_of(const Endpoint& endpoint) {
  if (const auto* network = std::get_if<net::Prefix>(&endpoint)) return network->family();
  if (const auto* range = std::get_if<AddressRange>(&endpoint)) return range->first.family();
  const auto addresses = addresses_of(endpoint);
  return addresses.empty() ? std::nullopt : std::optional(addresses.front().family());
}

bool is_callable(const Endpoint& endpoint) { return !called_addresses(endpoint).empty(); }

bool may_be_at(const Endpoint& endpoint, const net::Address& address) {
  if (std::holds_alternative<AnyAddress>(endpoint)) return true;
  if (const auto* network = std::get_if<net::Prefix>(&endpoint)) return network->contains(address);
  if (const auto* range = std::get_if<AddressRange>(&endpoint))
    return address.family() == range->first.family() && range->first <= address && address <= range->last;
  const auto addresses = addresses_of(endpoint);
  return std::ranges::find(addresses, address) != addresses.end();
}

bool varies(const Endpoint& endpoint) {
  return std::holds_alternative<HostName>(endpoint) || std::holds_alternative<SeveralAddresses>(endpoint);
}

}  // namespace vtid::model
