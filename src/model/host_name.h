// What the name servers say about the host names of the file.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "net/address.h"

namespace vtid::model {

// One look-up as it ended: all addresses of the name, in any order, or why there are none.
struct NameAnswer {
  std::string name;
  Result<std::vector<net::Address>> addresses;
};

// A name as it is known now. A failure takes nothing back.
struct ResolvedName {
  std::vector<net::Address> addresses;  // of the last good answer, sorted; empty: there was none yet
  WallTime answered{};                  // when that came
  std::string failure;                  // of the latest look-up; empty: it was answered
  bool operator==(const ResolvedName&) const = default;
};
using ResolvedNames = std::map<std::string, ResolvedName, std::less<>>;

// By tunnel, of those whose peer has a host name or several addresses: the one that is called first.
using CalledPeers = std::map<std::string, std::vector<net::Address>, std::less<>>;

}  // namespace vtid::model
