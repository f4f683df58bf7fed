// Where a name after "via" leads now: the next hops of a gateway, of a group's active members, or of the automatic default. The
// one place that turns gateways into devices and addresses. Pure; it chooses nobody, it only looks up who was chosen.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/capabilities.h"
#include "model/config.h"
#include "model/gateway.h"
#include "model/kernel_objects.h"
#include "net/address.h"
#include "net/names.h"
#include "reconcile/numbers.h"
#include "reconcile/vrfs.h"

namespace vtid::reconcile {

struct NextHops {
  std::vector<model::NextHop> hops;                     // in the file's order; empty: nobody, or none of them has a device
  bool usable = true;                                   // false: every gateway behind the name is down
  std::optional<net::TableId> table = net::kMainTable;  // where routes by them stand; none: their VRF is not there
  bool operator==(const NextHops&) const = default;

  // Whether what is sent there goes by them.
  [[nodiscard]] bool carry(model::WhenDown when_down) const {
    return !hops.empty() && (usable || when_down == model::WhenDown::keep);
  }
};

// What carries, where the filter is what sends it there; none while nobody does.
[[nodiscard]] std::vector<model::FilterHop> filter_hops(const NextHops& exit, model::WhenDown when_down);

// What a route over these has on this system; `hops` has at least one.
[[nodiscard]] decltype(model::Route::target) target_of(std::vector<model::NextHop> hops, const model::Capabilities& system);

// Lives no longer than what it is made of.
class NextHopResolver {
 public:
  NextHopResolver(const model::Config& config, const Numbers& numbers, const model::GatewaySelection& selection,
                  const Vrfs& vrfs = {});

  [[nodiscard]] NextHops of(std::string_view gateway_or_group) const;
  // The first usable gateway of that family that is on no tunnel; without a usable one the first of them.
  [[nodiscard]] NextHops automatic(net::Family family) const;

  // Nothing: there is no such gateway or group, or the interface is disabled.
  [[nodiscard]] std::optional<net::Family> family_of(std::string_view gateway_or_group) const;
  [[nodiscard]] std::optional<net::IfName> device_named(std::string_view interface_or_device) const;
  [[nodiscard]] std::optional<net::TableId> table_of(const model::Gateway& gateway) const;  // none: its VRF is not there

 private:
  [[nodiscard]] bool is_up(std::string_view gateway) const { return !selection_.down.contains(gateway); }
  [[nodiscard]] const model::Gateway* any_behind(std::string_view gateway_or_group) const;
  void add(std::string_view gateway, int weight, NextHops& to) const;
  [[nodiscard]] std::optional<net::IfName> device_of(const model::Interface& interface) const;

  const model::Config& config_;
  const Numbers& numbers_;
  const model::GatewaySelection& selection_;
  const Vrfs vrfs_;
  const std::map<std::string_view, const model::Tunnel*> tunnels_ = model::index_by_name(config_.tunnels);
  const std::map<std::string_view, const model::Interface*> interfaces_ = model::index_by_name(config_.interfaces);
  const std::map<std::string_view, const model::Gateway*> gateways_ = model::index_by_name(config_.gateways);
};

}  // namespace vtid::reconcile
