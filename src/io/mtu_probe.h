// Finds the longest packets that cross tunnels and come back, by echo requests that are not to be fragmented. One path after
// the other, each within some fifteen seconds.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "base/clock.h"
#include "model/mtu.h"

namespace boost::asio {
class io_context;
}

namespace vtid::io {

using MtusFound = std::function<void(std::vector<model::MtuFinding> findings)>;  // in the order of the paths

// `found` is called once, from the context, never from inside this call; not at all when the context ends before. Ends early,
// with the findings of the paths so far, once `is_wanted` says no.
void find_mtus(
    boost::asio::io_context& context, std::vector<model::MtuPath> paths, MtusFound found,
    std::function<bool()> is_wanted = [] { return true; });

inline constexpr std::size_t kMostMtuSearches = 8;  // at a time: each has a socket and a buffer of its own

inline constexpr int kMtuTries = 3;  // a size that so many requests in turn have not brought back does not cross
inline constexpr Duration kMtuPatience{400};

}  // namespace vtid::io
