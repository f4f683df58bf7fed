#include "io/unix_listener.h"

#include <fmt/format.h>
#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/log.h"

namespace vtid::io {
namespace {

std::unexpected<Error> system_error(std::string doing, const std::string& path, std::string remedy = {}) {
  const int code = errno;
  return fail(fmt::format("cannot {} {}: {}", doing, path, std::strerror(code)), std::move(remedy), code);
}

Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return fail(fmt::format("the socket path {} is longer than {} bytes", path, sizeof address.sun_path - 1),
                "choose a shorter one with --socket");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

// The sockets' folder, made when it is missing. One in which anybody may put files is refused: they could take our place.
Result<void> prepare_folder(const std::filesystem::path& folder) {
  if (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST) return system_error("make the folder", folder.string());
  struct stat found {};
  if (::stat(folder.c_str(), &found) != 0) return system_error("look at", folder.string());
  if ((found.st_mode & S_IWOTH) != 0 && (found.st_mode & S_ISVTX) == 0) {
    return fail(fmt::format("anybody may write in {}", folder.string()), "chmod o-w, or choose another folder with --socket");
  }
  return {};
}

// Removes what an earlier daemon left; refuses when a living one answers, or when the file is no socket.
Result<void> clear_path(const std::string& path, const sockaddr_un& address) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) return errno == ENOENT ? Result<void>{} : system_error("look at", path);
  if (!S_ISSOCK(found.st_mode)) return fail(fmt::format("{} is in the way and is no socket", path), "remove it");
  const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    return fail(fmt::format("another daemon answers on {}", path), "stop it, or choose another socket with --socket");
  }
  if (errno != ECONNREFUSED) return system_error("ask who answers on", path);
  return ::unlink(path.c_str()) == 0 ? Result<void>{} : system_error("remove", path);
}

Result<void> give_to_group(const std::string& path, const std::string& group) {
  if (::chmod(path.c_str(), 0600) != 0) return system_error("protect", path);
  const struct group* found = ::getgrnam(group.c_str());
  if (found == nullptr) return {};
  struct stat made {};
  const bool already = ::stat(path.c_str(), &made) == 0 && made.st_gid == found->gr_gid;
  if (!already && ::chown(path.c_str(), static_cast<uid_t>(-1), found->gr_gid) != 0) {
    if (errno != EPERM) return system_error(fmt::format("give the group {}", group), path);
    log::info("socket is its owner's alone", {{"socket", path}, {"reason", "no right to give it to the group " + group}});
    return {};
  }
  return ::chmod(path.c_str(), 0660) == 0 ? Result<void>{} : system_error("protect", path);
}

}  // namespace

// Nobody can connect between bind() and listen(), and by then the file has its owner and mode.
Result<UniqueFd> listen_on(const std::string& path, const std::string& group) {
  std::error_code failure;
  const auto whole = std::filesystem::absolute(path, failure);
  if (failure) return fail(fmt::format("cannot tell where {} is: {}", path, failure.message()), "give --socket a whole path");
  if (const auto folder = prepare_folder(whole.parent_path()); !folder) return std::unexpected(folder.error());
  const auto address = address_of(path);
  if (!address) return std::unexpected(address.error());
  if (auto clear = clear_path(path, *address); !clear) return std::unexpected(clear.error());
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return system_error("make a socket for", path);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0) return system_error("bind", path);
  if (auto given = give_to_group(path, group); !given) {
    ::unlink(path.c_str());
    return std::unexpected(given.error());
  }
  if (::listen(fd.get(), SOMAXCONN) != 0) return system_error("listen on", path);
  return fd;
}

}  // namespace vtid::io
