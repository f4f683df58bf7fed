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

// charon: the best for the peer, then the best for us, then the last in the file. libreswan: it has to be for us, and for the
// peer unless we are all that it is for; the best for us, then the best for the peer, then the first in the file.
enum class SecretRule { charon, libreswan };
// null: none fits.
[[nodiscard]] const Section* secret_of(const Section& secrets, const Ends& ends, SecretRule rule = SecretRule::charon);

}  // namespace vtid::foreign
