// Names of gateways and groups where something goes through one of them: routes, default gateways, members of groups. Says
// what is wrong with such a name once, whoever writes it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/automatic.h"
#include "config/by_name.h"
#include "config/findings.h"
#include "model/config.h"

namespace vtid::config {

// Lives no longer than the configuration and the findings.
class GatewayRefChecker {
 public:
  GatewayRefChecker(const model::Config& config, Findings& findings);

  struct Use {
    std::string at;                     // of the name: "/routes/0/via"
    std::string title;                  // "routes/0 (10.20.0.0/16)"
    std::string_view what;              // "route"
    std::optional<net::Family> family;  // that it has to have
  };
  // A gateway or a group, and a gateway only.
  void check(const std::string& name, const Use& use);
  void check_gateway(const std::string& name, const Use& use);
  // Errors about what is disabled and needed; written gateways need their interfaces. Once, at the end.
  void report();

  // As far as it is known: nothing is wrong with the gateways that decide it.
  [[nodiscard]] std::optional<net::Family> family_of(const model::Gateway& gateway) const;
  [[nodiscard]] std::optional<net::Family> family_of(const model::GatewayGroup& group) const;

  [[nodiscard]] std::optional<net::Family> family_of(std::string_view gateway_or_group) const;

  [[nodiscard]] const model::Gateway* gateway(std::string_view name) const { return gateways_.find(name); }
  [[nodiscard]] const Automatic& automatic() const { return automatic_; }

 private:
  void check_family(std::optional<net::Family> family, std::string_view kind, const Use& use);
  void report_missing(const std::string& name, const Use& use, bool groups_too);

  const model::Config& config_;
  Findings& findings_;
  Automatic automatic_;
  ByName<model::Gateway> gateways_;
  ByName<model::GatewayGroup> groups_;
  ByName<model::Interface> interfaces_;
  std::map<std::string, std::vector<std::string>> dependants_;  // by what is disabled
};

}  // namespace vtid::config
