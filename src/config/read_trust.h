// Parts of "auth" beyond the credentials themselves: several CAs, who is revoked, what else the peer's certificate needs, how
// the ends sign, and a post-quantum pre-shared key.
#pragma once

#include "config/object.h"
#include "config/parse.h"
#include "model/config.h"

namespace vtid::config {

inline constexpr std::size_t kMostAuthorityFiles = 16;  // of one key
inline constexpr std::size_t kMostUris = 8;
inline constexpr std::size_t kMostPolicies = 16;
inline constexpr std::size_t kLongestUri = 255;
inline constexpr std::size_t kLongestSignatureWord = 63;  // of charon's, for all schemes of one end

void read_authorities(Object& auth, const Readers& readers, model::CertificateAuth& result);
// What is CAs' to tell, when the peer is trusted by its certificate alone, is an error.
void read_revocation(Object& auth, const Readers& readers, model::CertificateAuth& result);
void read_signatures(Object& auth, model::Ike& ike);
void read_ppk(Object& auth, const Readers& readers, Findings& findings, model::Ike& ike);

}  // namespace vtid::config
