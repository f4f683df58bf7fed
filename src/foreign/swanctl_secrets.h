// Which pre-shared key charon takes for a connection, of those that swanctl.conf holds.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "foreign/settings.h"

namespace vtid::foreign {

// How well an identity fits what a secret is for, in charon's order: libstrongswan's id_match_t.
enum class IdMatch { none = 0, any = 1, range = 2, wildcards = 10, perfect = 20 };
[[nodiscard]] IdMatch match_identity(std::string_view identity, std::string_view pattern);

// Identities that an end may show; none: nobody knows.
struct Ends {
  std::vector<std::string> ours, theirs;
};

// The best for the peer, then the best for us, then the last in the file; null: none fits either end.
[[nodiscard]] const Section* secret_of(const Section& secrets, const Ends& ends);

}  // namespace vtid::foreign
