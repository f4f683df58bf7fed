#include "model/charon_version.h"

#include <array>
#include <charconv>
#include <utility>

namespace vtid::model {

std::string print(const CharonRelease& release) {
  return std::to_string(release.major) + '.' + std::to_string(release.minor) + '.' + std::to_string(release.patch);
}

CharonVersion::CharonVersion(std::string text) : text_(std::move(text)) {}

bool CharonVersion::is_before(const CharonRelease& release) const {
  if (!is_known()) return false;
  std::array<int, 3> parts{};
  const char* at = text_.data();
  const char* const end = at + text_.size();
  for (int& part : parts) {
    at = std::from_chars(at, end, part).ptr;
    if (at != end) ++at;
  }
  return parts < std::array{release.major, release.minor, release.patch};
}

}  // namespace vtid::model
