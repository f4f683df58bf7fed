#include "reconcile/vrfs.h"

namespace vtid::reconcile {

Vrfs vrfs_of(const model::Observed& observed) {
  Vrfs vrfs;
  for (const model::ObservedLink& link : observed.links) {
    if (link.vrf_table) vrfs.emplace(link.name, Vrf{*link.vrf_table, link.up});
  }
  return vrfs;
}

std::optional<net::TableId> table_of(const model::Interface& interface, const Vrfs& vrfs) {
  if (!interface.vrf) return net::table_of_fib(interface.fib.value_or(0));
  const auto found = vrfs.find(*interface.vrf);
  return found == vrfs.end() ? std::nullopt : std::optional(found->second.table);
}

}  // namespace vtid::reconcile
