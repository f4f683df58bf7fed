#include "model/charon_version.h"

#include <array>
#include <charconv>
#include <utility>

namespace vtid::model {

CharonVersion::CharonVersion(std::string text) : text_(std::move(text)) {}

bool CharonVersion::is_before(int major, int minor, int patch) const {
  if (!is_known()) return false;
  std::array<int, 3> parts{};
  const char* at = text_.data();
  const char* const end = at + text_.size();
  for (int& part : parts) {
    at = std::from_chars(at, end, part).ptr;
    if (at != end) ++at;
  }
  return parts < std::array{major, minor, patch};
}

}  // namespace vtid::model
