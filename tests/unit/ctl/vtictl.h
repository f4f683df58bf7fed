// vtictl as a shell sees it.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "ctl/commands.h"

namespace vtid::ctl::test {

struct Outcome {
  int exit = -1;
  std::string out;
  std::string err;
};

inline Outcome vtictl(const std::vector<std::string>& words) {
  std::ostringstream out;
  std::ostringstream err;
  const int exit = run("vtictl", words, out, err);
  return {exit, out.str(), err.str()};
}

}  // namespace vtid::ctl::test
