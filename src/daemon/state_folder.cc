#include "daemon/state_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "daemon/files.h"

namespace vtid::daemon {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLockFile = "lock";
constexpr std::size_t kLongestLock = 64;  // bytes: a pid
constexpr mode_t kOursAlone = S_IRUSR | S_IWUSR;

Result<void> make_folders(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  if (!error && (::mkdir(path.c_str(), S_IRWXU) == 0 || errno == EEXIST)) return {};
  if (!error) return file_failure("make", path);
  return fail(fmt::format("cannot make {}: {}", path.parent_path().string(), error.message()), "", error.value());
}

// A link in the place of the folder is followed when who made it could have put the folder there as well.
Result<void> check_link(const fs::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return file_failure("look at", path);
  if (!S_ISLNK(status.st_mode) || status.st_uid == 0 || status.st_uid == ::geteuid()) return {};
  return fail(fmt::format("{} is a symbolic link of another user (uid {})", path.string(), status.st_uid),
              "name the folder that it leads to, if that is meant");
}

// A name that ends with "/" has no last part.
fs::path without_slash(const fs::path& path) { return path.has_filename() ? path : path.parent_path(); }

}  // namespace

Result<StateFolder> StateFolder::make(const fs::path& path) {
  if (auto made = make_folders(without_slash(path)); !made) return std::unexpected(made.error());
  auto opened = open(path);
  if (!opened) return std::unexpected(opened.error());
  if (!*opened) return fail(fmt::format("{} is gone again", path.string()));
  return std::move(**opened);
}

Result<std::optional<StateFolder>> StateFolder::open(const fs::path& named) {
  const fs::path path = without_slash(named);
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK));
  if (!fd && errno == ENOENT) return std::nullopt;
  if (!fd) return file_failure("open", path);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return file_failure("look at", path);
  if (auto checked = check_writers(status, path); !checked) return std::unexpected(checked.error());
  if (auto checked = check_link(path); !checked) return std::unexpected(checked.error());
  return StateFolder(path, std::move(fd));
}

Result<UniqueFd> StateFolder::lock() const {
  const fs::path path = path_of(kLockFile);
  UniqueFd lock(::openat(fd_.get(), kLockFile, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, kOursAlone));
  if (!lock) return file_failure("open", path);
  struct stat status {};
  if (::fstat(lock.get(), &status) != 0) return file_failure("look at", path);
  if (!S_ISREG(status.st_mode)) return fail(fmt::format("{} is not a regular file", path.string()), "remove it");
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return file_failure("lock", path);
    const std::string holder = read_all(lock, path, kLongestLock).value_or("");
    return fail(fmt::format("another vtid (pid {}) uses {}", holder.substr(0, holder.find('\n')), path_.string()),
                "stop it, or give this one a --state and a --socket of its own");
  }
  // Only a person reads it: a full disk is no reason not to start.
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(lock.get(), 0) == 0) (void)!::pwrite(lock.get(), pid.data(), pid.size(), 0);
  return lock;
}

Result<std::optional<std::string>> StateFolder::read(const char* name, std::size_t limit) const {
  const fs::path path = path_of(name);
  auto file = open_regular_at(fd_.get(), name, Links::refused, path);
  if (!file && file.error().code == ENOENT) return std::nullopt;
  if (!file && file.error().code == 0) return fail(file.error().text, "see who put it there, and remove it");
  if (!file) return std::unexpected(file.error());
  return read_all(file->fd, path, limit);
}

// What a crash left of an earlier try gives way; nothing else can have the name, and O_EXCL sees to it.
Result<void> StateFolder::write_new(const std::string& name, std::string_view text, PowerLoss loss,
                                    const struct stat* like) const {
  const fs::path path = path_of(name);
  if (::unlinkat(fd_.get(), name.c_str(), 0) != 0 && errno != ENOENT) return file_failure("remove", path);
  const UniqueFd fd(::openat(fd_.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kOursAlone));
  if (!fd) return file_failure("write", path);
  if (like != nullptr) {
    if (::fchown(fd.get(), like->st_uid, like->st_gid) != 0) (void)!::fchown(fd.get(), static_cast<uid_t>(-1), like->st_gid);
    if (::fchmod(fd.get(), like->st_mode & 0777U) != 0) return file_failure("set the mode of", path);
  }
  if (auto written = write_all(fd, text, path); !written) return written;
  if (loss == PowerLoss::survived && ::fsync(fd.get()) != 0) return file_failure("write", path);
  return {};
}

Result<void> StateFolder::replace(const char* name, std::string_view text, PowerLoss loss, const struct stat* like) const {
  const std::string fresh = std::string(name) + ".new";
  auto written = write_new(fresh, text, loss, like);
  if (written && ::renameat(fd_.get(), fresh.c_str(), fd_.get(), name) != 0) written = file_failure("replace", path_of(name));
  if (!written) {
    ::unlinkat(fd_.get(), fresh.c_str(), 0);  // half a file only takes room
    return written;
  }
  if (loss == PowerLoss::may_cost_it) return {};
  // The new name outlives a loss of power only when the folder is on the disk too; some file systems have no word for it.
  if (::fsync(fd_.get()) != 0 && errno != EINVAL) return file_failure("write", path_);
  return {};
}

Result<void> StateFolder::set_aside(const char* name) const {
  const std::string aside = std::string(name) + ".damaged";
  if (::renameat(fd_.get(), name, fd_.get(), aside.c_str()) != 0) return file_failure("rename", path_of(name));
  return {};
}

}  // namespace vtid::daemon
