#include "platform/observed_order.h"

#include <algorithm>
#include <tuple>

namespace vtid::platform {

void sort(model::Observed& observed) {
  std::ranges::sort(observed.links, {}, &model::ObservedLink::name);
  std::ranges::sort(observed.addresses, {}, [](const model::ObservedAddress& address) {
    return std::tie(address.device, address.local, address.peer);
  });
  std::ranges::sort(observed.routes, {}, &model::ObservedRoute::route);
  std::ranges::sort(observed.policies);
  std::ranges::sort(observed.sas);
  std::ranges::sort(observed.rules);
  std::ranges::sort(observed.charons_sas);
  std::ranges::sort(observed.charons_policies);
  std::ranges::sort(observed.rivals);
  std::ranges::sort(observed.defaults);
}

}  // namespace vtid::platform
