// What is tried, in order. Each step is done at one site; its name is the line that people read.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "selftest/site.h"

namespace vtid::selftest {

struct Step {
  std::string name;
  std::size_t site = 0;
  bool essential = false;  // what comes after it means nothing without it
  std::function<Result<void>(Site&, const net::IfName& wan)> run;
};
[[nodiscard]] std::vector<Step> all_steps();

}  // namespace vtid::selftest
