// charon's SAs as it last told us, keyed by (run of charon, uniqueid). Duplicates of one name are normal (both ends initiated,
// make before break): a tunnel is up while at least one CHILD_SA of it counts as carrying.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "model/charon_version.h"
#include "net/address.h"
#include "net/names.h"

namespace vtid::model {

enum class IkeState : std::uint8_t {
  created,
  connecting,
  established,
  passive,
  rekeying,
  rekeyed,
  deleting,
  destroying,
  unknown
};
enum class ChildState : std::uint8_t {
  created,
  routed,
  installing,
  installed,
  updating,
  rekeying,
  rekeyed,
  retrying,
  deleting,
  deleted,
  destroying,
  unknown
};
[[nodiscard]] std::string_view print(IkeState state);    // charon's words: "ESTABLISHED"
[[nodiscard]] std::string_view print(ChildState state);  // "INSTALLED"

struct Algorithms {
  std::string encryption;  // charon's words: "AES_GCM_16", "AES_CBC"
  int encryption_bits = 0;
  std::string integrity;  // "HMAC_SHA2_256_128"; empty with AEAD
  std::string dh_group;
  bool operator==(const Algorithms&) const = default;
};

struct ChildSa {
  std::uint32_t id = 0;      // uniqueid
  std::uint32_t ike_id = 0;  // the IKE_SA it belongs to now
  std::string name;
  net::ReqId reqid;
  net::IfId if_id_in;
  net::IfId if_id_out;
  ChildState state = ChildState::unknown;
  std::string protocol;  // "ESP"
  bool udp_encapsulation = false;
  bool for_one_cpu = false;  // one of several with the same selectors, one for each processor: RFC 9611, strongSwan 6.0.2
  std::uint32_t spi_in = 0;
  std::uint32_t spi_out = 0;
  Algorithms algorithms;
  std::vector<std::string> local_ts;
  std::vector<std::string> remote_ts;
  WallTime installed{};  // epoch when unknown

  // INSTALLED, REKEYING, REKEYED or UPDATING: its SAs are in the kernel and in use.
  [[nodiscard]] bool carries() const;
  bool operator==(const ChildSa&) const = default;
};

struct IkeSa {
  std::uint32_t id = 0;  // uniqueid
  std::string name;      // the connection
  int version = 2;
  IkeState state = IkeState::unknown;
  bool initiator = false;
  bool peer_answered = false;  // the responder's SPI is known
  net::Address local;
  net::Address remote;
  std::uint16_t local_port = 0;
  std::uint16_t remote_port = 0;
  std::string local_id;
  std::string remote_id;
  bool operator==(const IkeSa&) const = default;
};

// The outbound SAs of CHILD_SAs that were replaced, destination and SPI, the oldest first. charon tells of that before the peer
// can read the new one (as responder), and of the old one's end not at all.
using ReplacedSas = std::vector<std::pair<net::Address, std::uint32_t>>;
inline constexpr std::size_t kMostReplaced = 4;  // of one reqid; the latest

struct SaTable {
  bool connected = false;  // charon's socket answers and the first whole list was read
  bool known = false;      // that was so at least once; the rest below is then the last view
  CharonVersion version;
  std::string charon;     // which run of it; empty: not known
  WallTime since{};       // of `connected`'s last change
  WallTime oldest_own{};  // no SA made since we are connected bears an older stamp, however the clock was set
  std::map<std::uint32_t, IkeSa> ikes;
  std::map<std::uint32_t, ChildSa> children;
  std::map<net::ReqId, ReplacedSas> replaced;  // since this charon's start
  bool operator==(const SaTable&) const = default;
};

}  // namespace vtid::model
