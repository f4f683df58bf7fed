// How much of charon's text is taken: whatever comes out of a message as text is made valid UTF-8 and cut to these bounds where
// it is decoded. Names by which we look something up are ours, shorter and printable, so neither changes what they equal.
#pragma once

#include <cstddef>

namespace vtid::vici {

inline constexpr std::size_t kLongestWord = 255;           // names, versions, algorithms: as long as vici lets names be
inline constexpr std::size_t kLongestIdentity = 512;       // bytes of an IKE identity: a distinguished name may be long
inline constexpr std::size_t kLongestReason = 512;         // why charon refused
inline constexpr std::size_t kLongestSelector = 128;       // two IPv6 addresses, protocol and ports
inline constexpr std::size_t kMostSelectors = 256;         // of one side of a CHILD_SA: IKE cannot carry more (RFC 7296, 3.13)
inline constexpr std::size_t kMostChildrenAtOnce = 4'096;  // CHILD_SAs of one IKE_SA in one message

}  // namespace vtid::vici
