// An IKE identity as the file writes it: strongSwan's notation, checked, because charon turns what it does not understand
// into an identity of another kind without a word. Nothing is converted here.
#pragma once

#include <string>

#include "base/error.h"
#include "config/tree.h"

namespace vtid::config {

inline constexpr std::size_t kLongestIdentity = 255;  // bytes that charon takes for the owner of a secret
inline constexpr std::size_t kMostNameParts = 20;     // of a distinguished name, strongSwan's RDN_MAX

// An address, a network or range of them, "branch.example.org", "@fqdn", "user@fqdn", "@#hex", "C=CH, CN=x", or one of
// these behind a prefix that says the kind ("keyid:").
[[nodiscard]] Result<std::string> own_identity(const Node& node);
// Also "%any" and patterns ("*.example.org", "C=CH, CN=*"): who the peer may be.
[[nodiscard]] Result<std::string> peer_identity(const Node& node);

}  // namespace vtid::config
