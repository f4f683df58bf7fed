#include "model/observed.h"

#include <algorithm>

namespace vtid::model {

const ObservedLink* Observed::link(const net::IfName& name) const {
  const auto found = std::ranges::lower_bound(links, name, {}, &ObservedLink::name);
  return found != links.end() && found->name == name ? &*found : nullptr;
}

}  // namespace vtid::model
