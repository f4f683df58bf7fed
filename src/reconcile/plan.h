// Desired and observed in, an ordered list of operations out, each with its reason. Pure: the same inputs give the same
// bytes. Touches only what is ours; what stands in the way and is not ours becomes a problem with its remedy.
#pragma once

#include "model/desired.h"
#include "model/observed.h"
#include "model/op.h"
#include "reconcile/derive.h"

namespace vtid::reconcile {

enum class Removal : std::uint8_t {
  allowed,
  withheld,  // charon has not been seen whole once: unknown is not empty. Static SAs and their links go all the same; a
             // problem says what waits
};

[[nodiscard]] model::Plan make_plan(const model::Desired& desired, const model::Observed& observed,
                                    const model::Capabilities& system, Removal removal);

// Whether a replaced SA is still there: its end is what the next hold waits for, and nobody tells of it.
[[nodiscard]] bool awaits_end(const model::Desired& desired, const model::Observed& observed);

// Says of what a plan for another file takes away which part of the running configuration it was for.
void name_former_holders(model::Plan& plan, const model::Desired& running);

}  // namespace vtid::reconcile
