#include <algorithm>
#include <iterator>

#include "contract/stage.h"

namespace vtid::contract {

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const auto& part : {link_cases(), address_cases(), route_cases(), rule_cases(), policy_cases(), sa_cases(),
                           filter_cases(), notice_cases(), freebsd_cases(), vrf_cases()}) {
    std::ranges::copy(part, std::back_inserter(cases));
  }
  return cases;
}

std::vector<Case> cases_of(const model::Capabilities& system) {
  std::vector<Case> cases = all_cases();
  std::erase_if(cases, [&](const Case& item) { return !item.fits(system); });
  return cases;
}

}  // namespace vtid::contract
