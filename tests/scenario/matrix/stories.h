// What happens to a daemon in the course of time, as short stories: each step does one thing and lets it take effect. A story
// can be told to a daemon for which something else goes wrong meanwhile; it must then end in the same world.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "scenario/matrix/rig.h"

namespace vtid::test::matrix {

struct Step {
  std::string what;
  std::function<void(Rig&)> act;
  Duration takes{3'000};
};

struct Story {
  std::string name;
  std::string file;  // the configuration at first
  std::vector<Step> steps;
  bool linux_only = false;
};

[[nodiscard]] const std::vector<Story>& stories();
[[nodiscard]] const Story& story_named(const std::string& name);

}  // namespace vtid::test::matrix
