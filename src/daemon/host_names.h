// The host names of the file: which are to be looked up and when, what they stand for now, and where that puts each peer; of
// several addresses, whose turn it is. A failure takes nothing back. Asks nobody itself and reads no clock.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/backoff.h"
#include "base/clock.h"
#include "daemon/supervisor.h"
#include "model/config.h"
#include "model/host_name.h"

namespace vtid::daemon {

class HostNames {
 public:
  explicit HostNames(std::function<std::uint32_t()> random) : random_(std::move(random)) {}

  // The names of the file's enabled tunnels. What is known of one that stays is kept; a new one is due at once.
  void follow(const model::Config& config, Now now);

  // The names to look up now. None is given twice before its answer has come.
  [[nodiscard]] std::vector<std::string> take_due(Now now);
  // Whether the name stands for other addresses than before; their order does not count.
  [[nodiscard]] bool on_answer(const model::NameAnswer& answer, Now now);

  // Somebody waits for the tunnel: its name is due now, and no failure counts until the answer.
  void resolve_now(const model::Tunnel& tunnel, Now now);
  // Nobody answers at the address that is called: the next one's turn, until nobody answers there. False: there is no other.
  bool take_turn(const model::Tunnel& tunnel);

  // None: the file gives the peer's one address, or none.
  [[nodiscard]] std::optional<ResolvedPeer> resolved(const model::Tunnel& tunnel) const;
  [[nodiscard]] const std::vector<std::string>& tunnels_of(const std::string& name) const;
  [[nodiscard]] model::ResolvedNames known() const;
  [[nodiscard]] model::CalledPeers called(const std::vector<const model::Tunnel*>& tunnels) const;
  [[nodiscard]] std::optional<TimePoint> next_deadline() const;

 private:
  struct Entry {
    model::ResolvedName known;
    Duration every{};  // the shortest that one of its tunnels asks for
    std::vector<std::string> tunnels;
    Backoff backoff;
    TimePoint due;
    bool asked = false;  // the answer is still to come
  };

  void fail(Entry& entry, std::string why, Now now);
  static void add(ResolvedPeer& peer, const net::Address& address);
  void add_name(ResolvedPeer& peer, const std::string& name, std::optional<net::Family> family) const;

  std::function<std::uint32_t()> random_;
  std::map<std::string, Entry> entries_;
  std::map<std::string, net::Family> families_;  // by tunnel: of our end, else of the addresses that the file gives
  std::map<std::string, net::Address> turns_;    // by tunnel: which of its addresses is called; none: the first
};

inline constexpr std::size_t kMostAddressesOfName = 16;  // the lowest ones count

}  // namespace vtid::daemon
