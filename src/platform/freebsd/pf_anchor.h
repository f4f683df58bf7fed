// The filter as the text of pf's anchor "vtid", for FreeBSD 14's pf.conf(5), to be loaded with pfctl -a vtid -f -. Pure.
//
// The main ruleset has to name the anchor where each kind of rule stands: scrub-anchor, nat-anchor, rdr-anchor, binat-anchor
// and anchor "vtid". Rules are quick, so the first that matches decides. Interfaces of ours are in the group "vtid".
#pragma once

#include <string>

#include "model/filter.h"

namespace vtid::platform {

[[nodiscard]] std::string print_pf_anchor(const model::FilterSet& set);

}  // namespace vtid::platform
