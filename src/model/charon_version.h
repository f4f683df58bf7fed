// Which charon it is: the "version" of vici's command of that name. Everything that depends on it asks here.
#pragma once

#include <string>

namespace vtid::model {

struct CharonRelease {
  int major = 0, minor = 0, patch = 0;
  bool operator==(const CharonRelease&) const = default;
};
[[nodiscard]] std::string print(const CharonRelease& release);  // "5.9.10"

class CharonVersion {
 public:
  CharonVersion() = default;        // not known
  CharonVersion(std::string text);  // "5.9.8", "6.0.3rc1"; a part that is no number counts as 0
  CharonVersion(const char* text) : CharonVersion(std::string(text)) {}

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] bool is_known() const { return !text_.empty(); }

  // Whether it lacks what came with `release`; not when it is not known which one it is.
  [[nodiscard]] bool is_before(const CharonRelease& release) const;

  // Its control socket stops for good when a client that waits for --initiate, --terminate or --log is interrupted
  // (strongSwan issue 566, commit 2cb6d144, in 5.9.11).
  [[nodiscard]] bool can_deadlock() const { return is_before({5, 9, 11}); }

  [[nodiscard]] bool operator==(const CharonVersion&) const = default;

 private:
  std::string text_;
};

}  // namespace vtid::model
