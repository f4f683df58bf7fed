// The filter as the text of pf's anchor "vtid", to be loaded with pfctl -a vtid -f -. Pure.
//
// Rules are quick, so the first that matches decides. Interfaces of ours are in the group "vtid".
#pragma once

#include <string>

#include "model/filter.h"

namespace vtid::platform {

// What pf of this release understands. Its scrub rules work in the main ruleset alone, in no anchor (sys/netpfil/pf/pf_norm.c);
// from FreeBSD 14 on a match rule can clamp the MSS instead.
struct PfDialect {
  bool match_clamps = true;
};

[[nodiscard]] std::string print_pf_anchor(const model::FilterSet& set, PfDialect dialect = {});

// Nothing comes in by any tunnel: what is loaded where the wanted rules were refused and no others stand.
[[nodiscard]] std::string print_closed_pf_anchor();

}  // namespace vtid::platform
