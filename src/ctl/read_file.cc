#include "ctl/read_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file_io.h"

namespace vtid::ctl {

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  const UniqueFd fd(path == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0) return file_failure("open", path);
  if (S_ISDIR(status.st_mode)) return fail(fmt::format("{} is a folder", path), "give the file");
  return read_all(fd, path, limit);
}

}  // namespace vtid::ctl
