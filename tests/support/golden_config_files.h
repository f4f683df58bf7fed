// The files that golden configurations name. Certificates and keys, made with openssl for these tests and nothing else, lie
// in tests/golden/config/files; every NAME.psk holds its own name.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

#include "config/parse.h"

namespace vtid::test {

inline Result<std::string> read_golden_config_file(std::string_view name) {
  if (name == "empty.psk" || name == "empty.pem") return "";
  if (name.starts_with("open."))
    return fail('"' + std::string(name) + "\" can be read by others", "chmod 600 " + std::string(name));
  if (name.ends_with(".psk")) return std::string(name);
  const auto path = std::filesystem::path(VTID_SOURCE_DIR) / "tests/golden/config/files" / name;
  std::error_code none;
  if (!std::filesystem::is_regular_file(path, none)) return std::string(name);
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator(file), {});
}

}  // namespace vtid::test
