// Whether somebody changed what an operation is about, or what it stands on, between two looks. Pure.
#pragma once

#include "model/observed.h"
#include "model/op.h"

namespace vtid::reconcile {

[[nodiscard]] bool touched(const model::Change& change, const model::Observed& before, const model::Observed& after);

}  // namespace vtid::reconcile
