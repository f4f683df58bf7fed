// Which charon it is: the "version" of vici's command of that name. Everything that depends on it asks here.
#pragma once

#include <string>

namespace vtid::model {

class CharonVersion {
 public:
  CharonVersion() = default;        // not known
  CharonVersion(std::string text);  // "5.9.8", "6.0.3rc1"; a part that is no number counts as 0
  CharonVersion(const char* text) : CharonVersion(std::string(text)) {}

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] bool is_known() const { return !text_.empty(); }

  // Its control socket stops for good when a client that waits for --initiate, --terminate or --log is interrupted
  // (strongSwan issue 566, commit 2cb6d144, in 5.9.11).
  [[nodiscard]] bool can_deadlock() const { return is_before(5, 9, 11); }

  [[nodiscard]] bool operator==(const CharonVersion&) const = default;

 private:
  [[nodiscard]] bool is_before(int major, int minor, int patch) const;  // false when not known

  std::string text_;
};

}  // namespace vtid::model
