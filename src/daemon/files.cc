#include "daemon/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/unique_fd.h"

namespace vtid::daemon {
namespace {

constexpr std::size_t kLongestNamedFile = 65'535;  // one value of vici holds no more
constexpr std::size_t kReadSize = 64 * 1024;

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

Result<void> check_regular(const struct stat& status, const std::filesystem::path& path) {
  if (S_ISREG(status.st_mode)) return {};
  return fail(fmt::format("{} is not a regular file", path.string()));
}

Result<void> check_secret(const struct stat& status, const std::filesystem::path& path) {
  if (auto regular = check_regular(status, path); !regular) return regular;
  if (status.st_uid != 0 && status.st_uid != ::geteuid()) {
    return fail(fmt::format("{} belongs to another user", path.string()), fmt::format("chown root {}", path.string()));
  }
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return fail(fmt::format("{} can be read by others (mode {:04o})", path.string(), status.st_mode & 07777U),
                fmt::format("chmod 600 {}", path.string()));
  }
  return {};
}

// A file that the configuration names.
template <class Check>
Result<std::string> read_beside(const std::filesystem::path& path, Check check) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return file_failure("open", path);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return file_failure("look at", path);
  if (auto checked = check(status, path); !checked) return std::unexpected(checked.error());
  return read_all(fd, path, kLongestNamedFile);
}

}  // namespace

std::unexpected<Error> file_failure(std::string_view what, const std::filesystem::path& path) {
  const int code = errno;
  return fail(fmt::format("cannot {} {}: {}", what, path.string(), std::strerror(code)), "", code);
}

Result<std::string> read_text(const std::filesystem::path& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return file_failure("open", path);
  return read_all(fd, path, config::kLongestFile);
}

config::Readers file_readers(const std::filesystem::path& folder) {
  return {.secret = secret_reader(folder),
          .key = [folder](std::string_view name) { return read_beside(folder / name, check_secret); },
          .open = [folder](std::string_view name) { return read_beside(folder / name, check_regular); }};
}

config::SecretReader secret_reader(std::filesystem::path folder) {
  return [folder = std::move(folder)](std::string_view name) {
    auto text = read_beside(folder / name, check_secret);
    if (text && text->ends_with('\n')) text->pop_back();
    return text;
  };
}

config::Parsed read_config(const std::filesystem::path& path) {
  const auto text = read_text(path);
  if (!text) return {std::nullopt, {{path.string(), 0, "", text.error().text, text.error().remedy}}, {}};
  return config::parse(*text, path.string(), file_readers(path.parent_path()));
}

Result<void> write_text(const std::filesystem::path& path, std::string_view text) {
  const std::filesystem::path fresh = path.string() + ".new";
  const UniqueFd fd(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!fd) return file_failure("write", fresh);
  while (!text.empty()) {
    const ssize_t count = ::write(fd.get(), text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return file_failure("write", fresh);
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  if (::fsync(fd.get()) != 0) return file_failure("write", fresh);
  if (::rename(fresh.c_str(), path.c_str()) != 0) return file_failure("replace", path);
  return {};
}

}  // namespace vtid::daemon
