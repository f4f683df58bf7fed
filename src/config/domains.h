// In whose routing tables things of the file are: the main ones, or those of a VRF. Names that do not exist are in the main
// ones.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "config/by_name.h"
#include "model/config.h"

namespace vtid::config {

// Lives no longer than the configuration.
class Domains {
 public:
  explicit Domains(const model::Config& config)
      : assignments_(model::assignments_by_holder(config)),
        interfaces_(config.interfaces),
        gateways_(config.gateways),
        groups_(config.groups) {}

  [[nodiscard]] model::RoutingDomain of_interface(std::string_view name) const;
  [[nodiscard]] model::RoutingDomain of_gateway(
      std::string_view gateway_or_group) const;  // of a group, that of its first member
  [[nodiscard]] model::RoutingDomain of_child(const model::Tunnel& tunnel, const model::Child& child) const;

 private:
  std::map<std::string, const model::Interface*, std::less<>> assignments_;
  ByName<model::Interface> interfaces_;
  ByName<model::Gateway> gateways_;
  ByName<model::GatewayGroup> groups_;
};

}  // namespace vtid::config
