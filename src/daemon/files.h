// Files by their names: opened without waiting for anybody, regular, of a bounded length, and written and read by nobody whom
// root and we do not let. Never follows what a client wants followed.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/file_io.h"
#include "base/unique_fd.h"

namespace vtid::daemon {

// A file, and what is true of the one that was opened.
struct OpenFile {
  UniqueFd fd;
  struct stat status {};
};

enum class Links : std::uint8_t { followed, refused };

// To be read. A FIFO, a terminal, a device, a socket or a folder is an error, and opening one neither waits nor changes it.
[[nodiscard]] Result<OpenFile> open_regular(const std::filesystem::path& path);
// The same, of `name` in an open folder; `path` is what errors call it. A symbolic link is an error when links are refused.
[[nodiscard]] Result<OpenFile> open_regular_at(int folder, const char* name, Links links, const std::filesystem::path& path);

// Whether nobody but root, root's group and the user that we run as may write it. A folder that everybody may write is fine
// for a file that exists when only owners may rename what is in it (mode 1777, as of /tmp) and `shared` says so.
enum class Folder : std::uint8_t { ours, shared };
[[nodiscard]] Result<void> check_writers(const struct stat& status, const std::filesystem::path& path,
                                         Folder folder = Folder::ours);
// Whether nobody but root, root's group and we may read it. It says what is wrong without the path.
[[nodiscard]] Result<void> check_readers(const struct stat& status, const std::filesystem::path& path);

}  // namespace vtid::daemon
