#include "config/der.h"

namespace vtid::config {
namespace {

constexpr std::size_t kLongestLength = 4;  // bytes: no file that we read is larger

unsigned char byte_at(std::string_view bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }

// X.690, 8.1.2 and 8.1.3, with tags of one byte.
std::optional<Der> take(std::string_view& bytes) {
  if (bytes.size() < 2 || (byte_at(bytes, 0) & 0x1f) == 0x1f) return std::nullopt;
  std::size_t length = byte_at(bytes, 1);
  std::size_t header = 2;
  if (length >= 0x80) {
    const std::size_t more = length & 0x7f;
    if (more == 0 || more > kLongestLength || bytes.size() < header + more) return std::nullopt;
    length = 0;
    for (; header < 2 + more; ++header) length = length << 8 | byte_at(bytes, header);
  }
  if (length > bytes.size() - header) return std::nullopt;
  const Der element{byte_at(bytes, 0), bytes.substr(header, length), bytes.substr(0, header + length)};
  bytes.remove_prefix(element.whole.size());
  return element;
}

}  // namespace

std::optional<std::vector<Der>> elements(std::string_view bytes) {
  std::vector<Der> result;
  while (!bytes.empty()) {
    const auto element = take(bytes);
    if (!element || result.size() == kMostDerElements) return std::nullopt;
    result.push_back(*element);
  }
  return result;
}

std::optional<std::vector<Der>> elements_in(std::string_view bytes, unsigned char tag) {
  const auto all = elements(bytes);
  if (!all || all->size() != 1 || all->front().tag != tag) return std::nullopt;
  return elements(all->front().content);
}

std::optional<std::string_view> whole_bits(const Der& bits) {
  if (bits.content.empty() || bits.content.front() != '\0') return std::nullopt;
  return bits.content.substr(1);
}

std::string der_sequence(std::string_view content) {
  std::string length;
  for (std::size_t rest = content.size(); rest > 0; rest >>= 8) length.insert(length.begin(), static_cast<char>(rest & 0xff));
  std::string result(1, static_cast<char>(kDerSequence));
  if (content.size() < 0x80) {
    result += static_cast<char>(content.size());
  } else {
    result += static_cast<char>(0x80 | length.size());
    result += length;
  }
  return result.append(content);
}

}  // namespace vtid::config
