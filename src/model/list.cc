#include "model/list.h"

#include <fmt/format.h>

#include "model/filter.h"

namespace vtid::model {
namespace {

std::string digest_of(const List& list) {
  std::string text;
  for (const net::Prefix& network : list.networks) text += net::print(network) + ',';
  for (const PortRange& range : list.ports) text += print(range) + ',';
  return digest(std::string_view(text));
}

}  // namespace

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
