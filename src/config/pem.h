// PEM (RFC 7468) to the bytes in it. Text around the blocks is skipped, as openssl writes it. Decides nothing about what
// the bytes are.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace vtid::config {

struct PemBlock {
  std::string label;       // "EC PRIVATE KEY"
  bool encrypted = false;  // RFC 1421: "Proc-Type: 4,ENCRYPTED"; `bytes` is empty then
  std::string bytes;
};

[[nodiscard]] bool is_pem(std::string_view text);
// The blocks of a text that is_pem(). The error quotes nothing.
[[nodiscard]] Result<std::vector<PemBlock>> pem_blocks(std::string_view text);

}  // namespace vtid::config
