// The orders that model/observed.h promises, for backends that read in the kernel's order.
#pragma once

#include "model/observed.h"

namespace vtid::platform {

void sort(model::Observed& observed);

}  // namespace vtid::platform
