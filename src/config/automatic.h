// The gateways that exist by themselves: one of each family for an assigned, enabled interface of an enabled tunnel with
// an enabled VTI child of that family. Also says why one that a file names does not exist.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/config.h"

namespace vtid::config {

// What keeps an automatic gateway from existing. `at` is the part of the file to change.
struct Absence {
  std::string at;    // "/tunnels/hq/enabled"
  std::string text;  // "tunnels/hq is disabled"
  std::string remedy;
};

class Automatic {
 public:
  explicit Automatic(const model::Config& config);  // of which tunnels and interfaces are read

  // "VTI_HQ_VTIV4"
  [[nodiscard]] static std::string name(std::string_view interface, net::Family family);

  // In the order of their interfaces, IPv4 first.
  [[nodiscard]] std::vector<model::Gateway> gateways() const;

  // For "<INTERFACE>_VTIV4" or "_VTIV6" of an interface in the file: why there is no such gateway. Nothing for other names
  // and for gateways that exist.
  [[nodiscard]] std::optional<Absence> why_absent(std::string_view name) const;

  // The tunnel that an interface is assigned to, if there is one.
  [[nodiscard]] const model::Tunnel* tunnel_of(const model::Interface& interface) const;
  [[nodiscard]] const model::Tunnel* tunnel_of(const model::Gateway& gateway) const;

  // What disables the interface itself, or the tunnel that it is assigned to.
  [[nodiscard]] std::optional<Absence> why_disabled(const model::Interface& interface) const;

 private:
  [[nodiscard]] std::optional<Absence> why_absent(const model::Interface& interface, net::Family family) const;

  std::map<std::string_view, const model::Tunnel*> tunnels_;
  std::map<std::string_view, const model::Interface*> interfaces_;
  std::vector<const model::Interface*> in_order_;
};

}  // namespace vtid::config
