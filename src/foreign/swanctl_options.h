// Settings of connections and children of swanctl.conf that vtid.json has under names of its own and may leave out.
#pragma once

#include "foreign/draft.h"
#include "foreign/settings.h"

namespace vtid::foreign {

// `ike` and `child` have "rekey" already, and `ike` has "remote".
void carry_ike_options(const Section& connection, Json& ike, Draft& draft);
void carry_child_options(const Section& section, Json& child, Draft& draft);

}  // namespace vtid::foreign
