// The world as text, one line for each fact, without what differs from run to run by right: indices, SPIs, moments. Two runs
// are compared by it, byte for byte.
#pragma once

#include <string>

namespace vtid::test::matrix {

class Rig;

// Ours: in the kernel, in charon, in the state directory and in what the daemon says.
[[nodiscard]] std::string paint(Rig& rig);
// Everybody else's links, addresses, connections, secrets and SAs.
[[nodiscard]] std::string paint_others(Rig& rig);

}  // namespace vtid::test::matrix
