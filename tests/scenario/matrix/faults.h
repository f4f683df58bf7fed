// What can go wrong, each at many points of a story: at each operation, look, request, write or effect in turn, or around each
// of its steps. A run of the story without any fault tells how many points there are.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "scenario/matrix/rig.h"

namespace vtid::test::matrix {

struct Counts {
  std::size_t operations = 0, looks = 0, requests = 0, writes = 0, effects = 0, steps = 0;
};

// Around a step: as soon as it was done, a moment later, when it has taken effect.
inline constexpr std::size_t kMomentsOfStep = 3;
inline constexpr Duration kAMoment{30};

struct Fault {
  std::string name;
  std::size_t Counts::*points = nullptr;  // how many there are
  // Either prepares the rig before the story, or happens at that moment of it (points count steps then).
  std::function<void(Rig&, std::size_t point)> prepare{};
  std::function<void(Rig&)> happen{};
  bool remakes_links = false;  // it takes one away
};

[[nodiscard]] std::vector<Fault> faults();

// A fault after which a story may by right end like another one.
struct OtherEnd {
  std::string story, fault;  // the fault's name begins so
  std::string ends_like;
  std::string because;
};
[[nodiscard]] const std::vector<OtherEnd>& other_ends();

}  // namespace vtid::test::matrix
