// swanctl.conf's language: text to sections within sections, with lines. Sections of one name merge, later values win, and
// `name : other { }` takes what it lacks from the other section. Opens no file: includes are listed and not followed.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace vtid::foreign {

struct Setting {
  std::string key, value;
  int line = 0;
};

struct Section {
  std::string name;
  std::string path;  // "connections.hq"
  int line = 0;
  std::vector<Setting> settings;
  std::vector<Section> sections;
  std::vector<std::string> references;  // to be taken over: "connections.base"

  [[nodiscard]] const Section* find(std::string_view name) const;
  [[nodiscard]] const Section& at(std::string_view name) const;  // an empty one when there is none
  [[nodiscard]] const Setting* setting(std::string_view key) const;
  [[nodiscard]] const std::string& value(std::string_view key) const;
};

struct Settings {
  Section root;
  std::vector<Setting> includes;  // patterns, with their lines
};

// The error begins with the line: "line 12: …".
[[nodiscard]] Result<Settings> parse_settings(std::string_view text);

inline constexpr std::size_t kDeepestSection = 16;
inline constexpr std::size_t kMostSettings = 500'000;  // with sections
inline constexpr std::size_t kMostInSection = 1'000;   // settings, not sections
inline constexpr std::size_t kMostTaken = 50'000;      // of them by references

}  // namespace vtid::foreign
