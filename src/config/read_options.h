// The keys of "ike" and of a child that become model::IkeOptions and model::ChildOptions: those that may be absent, and are
// charon's to decide then.
#pragma once

#include "config/object.h"
#include "model/sa_options.h"

namespace vtid::config {

void read_ike_options(Object& ike, model::IkeOptions& options);
void read_child_options(Object& child, model::ChildOptions& options);

}  // namespace vtid::config
