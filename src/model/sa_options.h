// What the file may say about SAs beyond what a tunnel needs. What it does not say is left to charon and not sent: charon
// refuses a whole connection for one key that it does not know.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "net/address.h"

namespace vtid::model {

enum class Childless : std::uint8_t { allow, prefer, force, never };
enum class Unique : std::uint8_t { never, replace, keep };
enum class Fragmentation : std::uint8_t { yes, accept, no, force };

// Of an IKE_SA.
struct IkeOptions {
  std::optional<Duration> spread{};       // renewed so much earlier, by chance
  std::optional<Duration> grace{};        // after a renewal that did not come about
  std::optional<Duration> reauth{};       // 0: never
  std::optional<Duration> dpd_timeout{};  // IKEv1
  std::optional<Childless> childless{};
  std::optional<Unique> unique{};
  std::optional<Fragmentation> fragmentation{};
  std::optional<std::uint8_t> dscp{};  // of its own packets, 0 to 63
  bool operator==(const IkeOptions&) const = default;
};

enum class CopyDscp : std::uint8_t { out, in, both, none };
enum class CopyDf : std::uint8_t { copy, clear };
enum class Offload : std::uint8_t { none, automatic, crypto, packet };

// The bits that are set on a packet. The others stay: the upper half is vtid's own.
struct SetMark {
  std::uint32_t value = 0;
  std::uint32_t mask = 0;
  bool operator==(const SetMark&) const = default;
};
inline constexpr std::uint32_t kMarksOfOthers = 0xffff;
[[nodiscard]] std::string print(const SetMark& mark);  // "0x10/0xff"

// What a VTI child asks the peer for instead of everything.
struct Selectors {
  std::vector<net::Prefix> local;  // never empty, and neither is the other
  std::vector<net::Prefix> remote;
  auto operator<=>(const Selectors&) const = default;
};

// Of a CHILD_SA.
struct ChildOptions {
  std::optional<Duration> spread{};
  std::optional<Duration> grace{};
  std::optional<std::uint64_t> rekey_bytes{};
  std::optional<std::uint64_t> rekey_packets{};
  std::optional<std::uint32_t> replay_window{};  // packets
  std::optional<CopyDscp> dscp{};                // between the inner and the outer header
  std::optional<bool> ecn{};
  std::optional<CopyDf> df{};
  std::optional<SetMark> mark_in{};
  std::optional<SetMark> mark_out{};
  std::optional<Offload> offload{};
  std::optional<Selectors> selectors{};
  bool operator==(const ChildOptions&) const = default;
};

// Calls visit(key of the file, member) for each of them.
template <class Visit>
void visit_ike_options(Visit visit) {
  visit("spread", &IkeOptions::spread);
  visit("grace", &IkeOptions::grace);
  visit("reauth", &IkeOptions::reauth);
  visit("dpd_timeout", &IkeOptions::dpd_timeout);
  visit("childless", &IkeOptions::childless);
  visit("unique", &IkeOptions::unique);
  visit("fragmentation", &IkeOptions::fragmentation);
  visit("dscp", &IkeOptions::dscp);
}

template <class Visit>
void visit_child_options(Visit visit) {
  visit("spread", &ChildOptions::spread);
  visit("grace", &ChildOptions::grace);
  visit("rekey_bytes", &ChildOptions::rekey_bytes);
  visit("rekey_packets", &ChildOptions::rekey_packets);
  visit("replay_window", &ChildOptions::replay_window);
  visit("dscp", &ChildOptions::dscp);
  visit("ecn", &ChildOptions::ecn);
  visit("df", &ChildOptions::df);
  visit("mark_in", &ChildOptions::mark_in);
  visit("mark_out", &ChildOptions::mark_out);
  visit("offload", &ChildOptions::offload);
  visit("selectors", &ChildOptions::selectors);
}

// What `other` says, over what `options` says.
void take_over(ChildOptions& options, const ChildOptions& other);

// For people, what is said: "replay_window 256, df clear"; empty when nothing is.
[[nodiscard]] std::string print(const IkeOptions& options);
[[nodiscard]] std::string print(const ChildOptions& options);

[[nodiscard]] std::string_view print(Childless childless);
[[nodiscard]] std::string_view print(Unique unique);
[[nodiscard]] std::string_view print(Fragmentation fragmentation);
[[nodiscard]] std::string_view print(CopyDscp copy);
[[nodiscard]] std::string_view print(CopyDf copy);
[[nodiscard]] std::string_view print(Offload offload);

}  // namespace vtid::model
