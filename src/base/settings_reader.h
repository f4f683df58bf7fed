// The language of strongSwan's files, strongswan.conf(5) and swanctl.conf(5), read as its own scanner reads it
// (libstrongswan, settings_lexer.l and settings_parser.y since 5.7): one statement after the other. What a section or an
// include is for, who reads says: this opens no file and knows no depth.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace vtid {

struct SettingsItem {
  enum class Kind { setting, section, end_of_section, include, end_of_text };
  Kind kind = Kind::end_of_text;
  int line = 0;
  std::string name;                     // of a setting or section
  std::string value;                    // of a setting, empty when it unsets; of an include, its pattern
  std::vector<std::string> references;  // of a section: others that it takes what it lacks from: "charon.plugins"
};

class SettingsReader {
 public:
  explicit SettingsReader(std::string_view text) : text_(text) {}

  // An error says what is wrong at line(). Nothing follows it.
  [[nodiscard]] Result<SettingsItem> next();
  [[nodiscard]] int line() const { return line_; }  // where it reads, from 1
  [[nodiscard]] bool at_end() const { return at_ >= text_.size(); }

 private:
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void advance(std::size_t count = 1);
  void skip(std::string_view set);
  std::string_view take_until(std::string_view set);
  void skip_space();
  [[nodiscard]] bool begins_include() const;
  Result<SettingsItem> include(SettingsItem item);
  Result<std::vector<std::string>> take_references();
  Result<std::string> take_value();
  Result<std::string> take_quoted();

  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
};

}  // namespace vtid
