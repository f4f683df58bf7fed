// Whole files by a descriptor, and the sentence of a call that failed. Opens nothing and judges no file.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/unique_fd.h"

namespace vtid {

// "cannot open /etc/vtid/vtid.json: Permission denied", from errno, right after the call that failed.
[[nodiscard]] std::unexpected<Error> file_failure(std::string_view what, const std::filesystem::path& path);

// All that is left to read of it; more than `limit` bytes are an error. `path` is what errors call it.
[[nodiscard]] Result<std::string> read_all(const UniqueFd& fd, const std::filesystem::path& path, std::size_t limit);
[[nodiscard]] Result<void> write_all(const UniqueFd& fd, std::string_view bytes, const std::filesystem::path& path);

}  // namespace vtid
