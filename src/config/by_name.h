// Finds items of the configuration by name, as often as needed, and the name that a mistyped one was meant to be.
#pragma once

#include <fmt/format.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/object.h"

namespace vtid::config {

template <class T>
class ByName {
 public:
  explicit ByName(const std::vector<T>& items) {
    for (const T& item : items) items_.emplace(item.name, &item);
  }

  [[nodiscard]] const T* find(std::string_view name) const {
    const auto found = items_.find(name);
    return found == items_.end() ? nullptr : found->second;
  }

  // A remedy for a name that is not there: the nearest one, or `otherwise`.
  [[nodiscard]] std::string suggest(std::string_view name, std::string_view otherwise) const {
    std::vector<std::string_view> names;
    for (const auto& [known, item] : items_) names.push_back(known);
    const auto meant = nearest(name, names);
    return meant ? fmt::format("did you mean \"{}\"?", *meant) : std::string(otherwise);
  }

 private:
  std::map<std::string_view, const T*> items_;
};

}  // namespace vtid::config
