// PF_KEY: SAs to messages and back, and what the kernel tells of the policies that its tunnel interfaces make. No sockets.
#pragma once

#include "model/kernel_objects.h"
#include "platform/freebsd/wire/sockaddr.h"

namespace vtid::platform::freebsd {

// A message and its parts by type, each in its whole length.
struct KeyMessage {
  abi::KeyHeader header;
  std::array<View, 32> parts;  // SADB_EXT_MAX + 1
};
// Nothing when a length does not fit.
[[nodiscard]] std::optional<KeyMessage> read_key_message(View bytes);

struct KeyStamp {
  std::uint32_t pid = 0;
  std::uint32_t sequence = 0;
};
// Limits of an SA's life in seconds, 0: none. FreeBSD keeps and lists the number of allocations and never looks at it
// (sys/netipsec/key.c), which makes it the place for a mark.
struct Lifetimes {
  std::uint64_t hard = 0;
  std::uint64_t soft = 0;
  std::uint32_t allocations = 0;
};
inline constexpr Lifetimes kOurLifetimes{0, 0, model::kSaMark};

inline constexpr std::uint32_t kPacketsPerWindowByte = 8;  // a replay window counts in bytes of a bitmap

// Nothing when FreeBSD has no such algorithm.
[[nodiscard]] std::optional<Bytes> encode_add_sa(const model::Sa& sa, KeyStamp stamp,
                                                 const std::optional<Lifetimes>& lifetimes = kOurLifetimes);
[[nodiscard]] Bytes encode_delete_sa(const model::Sa& sa, KeyStamp stamp);
[[nodiscard]] Bytes encode_get_sa(const model::Sa& sa, KeyStamp stamp);
[[nodiscard]] Bytes encode_key_dump(abi::KeyType type, KeyStamp stamp);  // SADB_DUMP or SADB_X_SPDDUMP

// An ESP SA in tunnel mode as listed. The if_id is the one that the reqid stands for: FreeBSD has none.
struct ListedSa {
  model::Sa sa;
  bool ours = false;  // it has the mark
  WallTime made{};
  bool operator==(const ListedSa&) const = default;
};
// Nothing for what is no such SA, or one that is not in use yet or any more; `algorithm` stays the default one when it is none
// of ours.
[[nodiscard]] std::optional<ListedSa> decode_sa(const KeyMessage& message);

struct ListedPolicy {
  std::uint8_t direction = 0;  // 1 in, 2 out
  std::uint8_t scope = 0;
  std::uint32_t id = 0;
  std::uint32_t priority = 0;  // an interface's policy: the ifindex
  net::Family family = net::Family::ipv4;
  std::uint32_t reqid = 0;
  std::optional<net::Address> source;
  std::optional<net::Address> destination;
  bool operator==(const ListedPolicy&) const = default;
};
// Of a dump or a notice about policies; an ACQUIRE's too, whose reqid and addresses stand elsewhere.
[[nodiscard]] std::optional<ListedPolicy> decode_policy(const KeyMessage& message);

// Whether a notice may concern us: SAs with our mark that come, any that go (they go without it), and the policies that a
// tunnel interface changes when its reqid or its outer addresses change.
[[nodiscard]] bool key_notice_concerns_us(View bytes);

}  // namespace vtid::platform::freebsd
