#include "base/file_io.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace vtid {
namespace {

constexpr std::size_t kReadSize = 64 * 1024;

}  // namespace

std::unexpected<Error> file_failure(std::string_view what, const std::filesystem::path& path) {
  const int code = errno;
  const char* remedy = code == ENOENT                    ? "put it there, or mend its name"
                       : code == EACCES || code == EPERM ? "run this as a user who may, such as root"
                       : code == ENOSPC                  ? "make room on the disk"
                                                         : "";
  return fail(fmt::format("cannot {} {}: {}", what, path.string(), std::strerror(code)), remedy, code);
}

Result<std::string> read_all(const UniqueFd& fd, const std::filesystem::path& path, std::size_t limit) {
  std::string text;
  std::array<char, kReadSize> chunk{};
  for (;;) {
    const ssize_t count = ::read(fd.get(), chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return file_failure("read", path);
    if (count == 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(count));
    if (text.size() > limit) return fail(fmt::format("{} is longer than {} bytes", path.string(), limit));
  }
}

Result<void> write_all(const UniqueFd& fd, std::string_view bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return file_failure("write", path);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

}  // namespace vtid
