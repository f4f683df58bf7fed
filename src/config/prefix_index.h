// Prefixes with a value each, asked by what covers an address or a prefix. Costs one look-up per length in use, so that
// tens of thousands of transits are compared without comparing each with each.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "net/address.h"

namespace vtid::config {

template <class Value>
class PrefixIndex {
 public:
  void add(const net::Prefix& prefix, Value value) {
    const net::Prefix network = prefix.network();
    values_[network].push_back(std::move(value));
    lengths_.insert({network.family(), network.length});
  }

  // Values of all prefixes that hold the whole of `prefix`, itself included; narrow ones first.
  [[nodiscard]] std::vector<Value> covering(const net::Prefix& prefix) const {
    std::vector<Value> result;
    for (auto length = lengths_.rbegin(); length != lengths_.rend(); ++length) {
      if (length->first != prefix.family() || length->second > prefix.length) continue;
      const auto found = values_.find(net::Prefix{prefix.address, length->second}.network());
      if (found != values_.end()) result.insert(result.end(), found->second.begin(), found->second.end());
    }
    return result;
  }
  [[nodiscard]] std::vector<Value> covering(const net::Address& address) const {
    return covering(net::Prefix{address, static_cast<std::uint8_t>(address.bits())});
  }

 private:
  std::map<net::Prefix, std::vector<Value>> values_;
  std::set<std::pair<net::Family, std::uint8_t>> lengths_;
};

}  // namespace vtid::config
