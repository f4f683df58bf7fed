// The floor: the fewest netlink messages for one tunnel, one request and one acknowledgement at a time, without reading
// anything back and without a plan. What a hand-written C loop would do.
#pragma once

#include <cstdint>

namespace vtid::bench {

// Link with if_id 1..count, IPv4 and IPv6 address, IPv4 route. Aborts when the kernel refuses.
void raw_loop(std::uint32_t count);

}  // namespace vtid::bench
