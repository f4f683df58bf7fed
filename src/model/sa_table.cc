#include "model/sa_table.h"

#include <array>
#include <cstddef>

namespace vtid::model {

std::string_view print(IkeState state) {
  static constexpr std::array<std::string_view, 9> kNames{"CREATED", "CONNECTING", "ESTABLISHED", "PASSIVE", "REKEYING",
                                                          "REKEYED", "DELETING",   "DESTROYING",  "UNKNOWN"};
  return kNames.at(static_cast<std::size_t>(state));
}

std::string_view print(ChildState state) {
  static constexpr std::array<std::string_view, 12> kNames{"CREATED",  "ROUTED",   "INSTALLING", "INSTALLED",
                                                           "UPDATING", "REKEYING", "REKEYED",    "RETRYING",
                                                           "DELETING", "DELETED",  "DESTROYING", "UNKNOWN"};
  return kNames.at(static_cast<std::size_t>(state));
}

bool ChildSa::carries() const {
  return state == ChildState::installed || state == ChildState::rekeying || state == ChildState::rekeyed ||
         state == ChildState::updating;
}

}  // namespace vtid::model
