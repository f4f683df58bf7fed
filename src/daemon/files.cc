#include "daemon/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace vtid::daemon {
namespace {

constexpr uid_t kRoot = 0;
constexpr gid_t kRootsGroup = 0;  // "root" on Linux, "wheel" on FreeBSD

std::unexpected<Error> not_regular(const std::filesystem::path& path) {
  return fail(fmt::format("{} is not a regular file", path.string()));
}

bool everybody_but_root(const struct stat& status, mode_t group, mode_t others) {
  return (status.st_mode & others) != 0 || ((status.st_mode & group) != 0 && status.st_gid != kRootsGroup);
}

}  // namespace

Result<OpenFile> open_regular(const std::filesystem::path& path) {
  return open_regular_at(AT_FDCWD, path.c_str(), Links::followed, path);
}

// Looked at before it is opened, because opening a device may change it, and after, because the name may lead elsewhere then.
Result<OpenFile> open_regular_at(int folder, const char* name, Links links, const std::filesystem::path& path) {
  OpenFile file;
  if (::fstatat(folder, name, &file.status, links == Links::refused ? AT_SYMLINK_NOFOLLOW : 0) != 0)
    return file_failure("open", path);
  if (S_ISLNK(file.status.st_mode)) return fail(fmt::format("{} is a symbolic link", path.string()));
  if (!S_ISREG(file.status.st_mode)) return not_regular(path);
  const int follow = links == Links::refused ? O_NOFOLLOW : 0;
  file.fd = UniqueFd(::openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | follow));
  if (!file.fd) return file_failure("open", path);
  if (::fstat(file.fd.get(), &file.status) != 0) return file_failure("look at", path);
  if (!S_ISREG(file.status.st_mode)) return not_regular(path);
  return file;
}

Result<void> check_writers(const struct stat& status, const std::filesystem::path& path, Folder folder) {
  if (status.st_uid != kRoot && status.st_uid != ::geteuid()) {
    return fail(fmt::format("{} belongs to another user (uid {}), who may write it", path.string(), status.st_uid),
                fmt::format("chown root {}", path.string()));
  }
  if (folder == Folder::shared && (status.st_mode & S_ISVTX) != 0) return {};
  if (!everybody_but_root(status, S_IWGRP, S_IWOTH)) return {};
  return fail(fmt::format("{} can be written by others (mode {:04o})", path.string(), status.st_mode & 07777U),
              fmt::format("chmod go-w {}", path.string()));
}

Result<void> check_readers(const struct stat& status, const std::filesystem::path& path) {
  if (!everybody_but_root(status, S_IRGRP, S_IROTH)) return {};
  return fail(fmt::format("can be read by others: the file has mode {:04o}", status.st_mode & 07777U),
              fmt::format("chmod go-r {}, or name a file of its own: {{\"file\": \"hq.psk\"}}", path.string()));
}

}  // namespace vtid::daemon
