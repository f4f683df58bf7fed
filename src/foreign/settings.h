// swanctl.conf's language: text to sections within sections, with lines. Sections of one name merge, later values win, and
// `name : other { }` takes what it lacks from the other section. Opens no file: the caller gives what is included. What was
// asked for is marked, so that a reader can list what it has passed over. For one thread at a time.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace vtid::foreign {

struct Setting {
  std::string key, value;
  int line = 0;
  std::string file;           // that it was included from, as the pattern names it; empty: the text itself
  mutable bool read = false;  // asked for by its section's setting() or value()
  std::string path{};         // where it stands in a file of another format; empty: under its section's path
};

struct Section {
  std::string name;
  std::string path;  // "connections.hq"
  int line = 0;
  std::string file;  // as of a setting
  std::vector<Setting> settings;
  std::vector<Section> sections;
  std::vector<std::string> references;  // to be taken over: "connections.base"
  mutable bool read = false;            // asked for by its parent's find() or at(), or taken over from
  std::string description{};            // that a file of another format has
  bool off = false;                     // switched off there

  [[nodiscard]] const Section* find(std::string_view name) const;
  [[nodiscard]] const Section& at(std::string_view name) const;  // an empty one when there is none
  [[nodiscard]] const Setting* setting(std::string_view key) const;
  [[nodiscard]] const std::string& value(std::string_view key) const;
  void mark() const { read = true; }
};

// What lies in a section and nobody has read; not what lies in such a section again.
struct Unread {
  const Section* section = nullptr;  // a whole one
  const Section* within = nullptr;   // or a setting, and where
  const Setting* setting = nullptr;
};
[[nodiscard]] std::vector<Unread> unread(const Section& section);

struct Settings {
  Section root;
  std::vector<Setting> includes;  // patterns that gave no file, with their lines
};

struct IncludedFile {
  std::string name, text;
};
// The files of a pattern, relative to the file that includes them ("" for the text itself), in the order of their names.
using Includer = std::function<std::vector<IncludedFile>(std::string_view pattern, std::string_view from)>;

// The error begins with the line: "line 12: …", and with the file when it is an included one. Without an includer nothing is
// followed.
[[nodiscard]] Result<Settings> parse_settings(std::string_view text, const Includer& includer = {});

inline constexpr std::size_t kDeepestSection = 16;
inline constexpr std::size_t kMostSettings = 500'000;  // with sections
inline constexpr std::size_t kMostInSection = 1'000;   // settings, not sections
inline constexpr std::size_t kDeepestInclude = 8;
inline constexpr std::size_t kMostIncluded = 1'000;  // files
inline constexpr std::size_t kMostTaken = 50'000;    // of them by references

}  // namespace vtid::foreign
