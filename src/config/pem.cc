#include "config/pem.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>

#include "base/base64.h"

namespace vtid::config {
namespace {

constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kDashes = "-----";

// Headers (RFC 1421, 4.6) end with an empty line.
std::string_view without_headers(std::string_view body) {
  if (!body.contains(':')) return body;
  for (const std::string_view empty_line : {"\n\n", "\n\r\n"}) {
    if (const auto end = body.find(empty_line); end != std::string_view::npos) return body.substr(end);
  }
  return body;
}

}  // namespace

bool is_pem(std::string_view text) { return text.contains(kBegin); }

Result<std::vector<PemBlock>> pem_blocks(std::string_view text) {
  std::vector<PemBlock> blocks;
  for (auto begin = text.find(kBegin); begin != std::string_view::npos; begin = text.find(kBegin)) {
    text.remove_prefix(begin + kBegin.size());
    PemBlock block{std::string(text.substr(0, text.find(kDashes))), false, {}};
    const std::string last = fmt::format("-----END {}-----", block.label);
    const auto end = text.find(last);
    if (end == std::string_view::npos || block.label.contains('\n')) return fail("is cut off: a PEM block does not end");
    const std::string_view body = text.substr(block.label.size() + kDashes.size(), end - block.label.size() - kDashes.size());
    text.remove_prefix(end + last.size());
    block.encrypted = body.contains("Proc-Type: 4,ENCRYPTED");
    if (!block.encrypted) {
      auto bytes = decode_base64(without_headers(body));
      if (!bytes || bytes->empty()) return fail("is damaged: a PEM block is not base64");
      block.bytes = std::move(*bytes);
    }
    blocks.push_back(std::move(block));
  }
  return blocks;
}

}  // namespace vtid::config
