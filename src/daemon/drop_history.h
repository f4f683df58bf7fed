// Counters only grow: this remembers where they stood when vtid started and when somebody last looked, so that an old number
// does not alarm for ever.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "model/host_facts.h"

namespace vtid::daemon {

class DropHistory {
 public:
  explicit DropHistory(const std::vector<model::DropCounter>& at_start);

  // Fills in since_start and since_last; what is given now is the last look of the next call.
  void compare(std::vector<model::DropCounter>& counters);

 private:
  using Values = std::map<std::string, std::uint64_t>;
  Values start_;
  Values last_;
};

}  // namespace vtid::daemon
