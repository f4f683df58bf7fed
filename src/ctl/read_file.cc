#include "ctl/read_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/unique_fd.h"

namespace vtid::ctl {
namespace {

std::unexpected<Error> failure(std::string_view what, const std::string& path) {
  const int code = errno;
  return fail(fmt::format("cannot {} {}: {}", what, path, std::strerror(code)), "", code);
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  const UniqueFd fd(path == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0) return failure("open", path);
  if (S_ISDIR(status.st_mode)) return fail(fmt::format("{} is a folder", path), "give the file");
  std::string text;
  std::array<char, 65'536> chunk{};
  for (;;) {
    const ssize_t count = ::read(fd.get(), chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failure("read", path);
    if (count == 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(count));
    if (text.size() > limit) return fail(fmt::format("{} is longer than {} bytes", path, limit));
  }
}

}  // namespace vtid::ctl
