// derive(), at the cost of what changed: what a tunnel contributes is kept while all that it is made of is equal, and the whole
// is put together again only when a part, or something that its rest reads, is another. Says what derive() says of the same, as
// long as it is told what changed.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reconcile/derive.h"

namespace vtid::reconcile {

class Deriver {
 public:
  // The file, its numbers or the system are others: nothing of before counts. In between they stay as and where they are.
  void forget();

  // What is another since the last update(): a unit's facts, the gateways' and groups' selection, where tunnels begin, or
  // anything beside that.
  void mark(net::Unit unit) { marked_.insert(unit); }
  void mark_selection() { rest_marked_ = true; }
  void mark_local_ends() { all_marked_ = rest_marked_ = true; }
  void mark_all() { all_marked_ = true; }

  // Whether derived() is another than before.
  bool update(const model::Config& config, const Numbers& numbers, const SaFacts& sas, const model::GatewaySelection& selection,
              const Host& host, const model::Capabilities& system, const Restraints& restraints,
              const model::LocalEnds& local_ends = {});
  [[nodiscard]] const Derived& derived() const { return derived_; }

  // Whether anything follows from this gateway by itself being up or down; groups apart.
  [[nodiscard]] bool reads(const std::string& gateway) const { return !known_ || read_.contains(gateway); }

  // Of tunnels, in all updates: those whose inputs were held against those of before, and of them those that were made.
  [[nodiscard]] std::size_t compared() const { return compared_; }
  [[nodiscard]] std::size_t parts() const { return parts_made_; }

 private:
  // Of an interface: all that its tunnel's part reads of it.
  struct Child {
    std::string holder;
    std::optional<net::Unit> unit;  // none: it has no interface
    UnitFacts facts{};
    std::optional<std::uint32_t> own_mtu{};
    bool ended = false;
    std::optional<Vrf> vrf{};  // that it is put into, as it is
  };
  struct OuterAddress {
    net::Address address;
    std::optional<std::uint32_t> mtu;
    bool present = false;
    bool operator==(const OuterAddress&) const = default;
  };
  struct Kept {
    const model::Tunnel* tunnel = nullptr;
    std::vector<Child> children;
    std::vector<OuterAddress> outer;
    std::optional<net::Address> local;  // where the file does not give it
    bool early = false;
    bool looked = false;  // anybody at the host's addresses
  };

  void follow(const model::Config& config, const Numbers& numbers);
  void take(Kept& kept, const TunnelInputs& inputs) const;
  [[nodiscard]] static bool is_current(const Kept& kept, const TunnelInputs& inputs);
  [[nodiscard]] bool update_parts(const TunnelInputs& inputs);
  [[nodiscard]] bool update_part(std::size_t place, const TunnelInputs& inputs);

  bool known_ = false;  // the file
  Vrfs vrfs_;
  Assignments assignments_;
  std::vector<Kept> kept_;                   // of the enabled tunnels
  TunnelParts parts_;                        // of the same
  std::set<std::string> read_;               // gateways
  std::map<net::Unit, std::size_t> places_;  // in both, of the tunnels with that interface
  std::set<net::Unit> marked_;
  bool rest_marked_ = false;
  bool all_marked_ = true;  // as long as nothing is known
  std::size_t compared_ = 0;
  std::size_t parts_made_ = 0;
  Derived derived_;
};

}  // namespace vtid::reconcile
