// Two ends as texts of configuration files: read, then compared.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "config/parse.h"
#include "peers/compare.h"

namespace vtid::peers {

struct File {
  std::string_view text;
  std::string name;                                                // as errors call it
  std::function<Result<std::string>(std::string_view name)> read;  // the bytes of what lies beside it
};

// What is read of a configuration and of each file beside it, in bytes.
using config::kLongestFile;
using config::kLongestNamedFile;

// The error lists all that is wrong with a file. A pre-shared key that cannot be read is not compared.
[[nodiscard]] Result<std::vector<Pair>> compare_files(const File& local, const File& peer);

}  // namespace vtid::peers
