// What the file, charon's view and the gateways together ask of the kernel: complete, sorted by identity, without choices.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/filter.h"
#include "model/kernel_objects.h"

namespace vtid::model {

// A wanted thing and the part of the file that wants it ("tunnels/hq", "routes/0"), which is where problems are shown.
template <class T>
struct Wanted {
  T value;
  std::string because;
  bool operator==(const Wanted&) const = default;
};

struct Desired {
  std::vector<Wanted<Link>> links;
  std::vector<Wanted<InterfaceAddress>> addresses;
  std::vector<Wanted<Route>> routes;
  std::vector<Wanted<Policy>> policies;
  std::vector<Wanted<Sa>> sas;
  std::optional<Wanted<FilterSet>> filter;
  bool operator==(const Desired&) const = default;
};

}  // namespace vtid::model
