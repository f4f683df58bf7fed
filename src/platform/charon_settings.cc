// The same on every system that has POSIX.
#include <fcntl.h>
#include <fmt/format.h>
#include <glob.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/unique_fd.h"
#include "model/words.h"
#include "platform/host.h"
#include "platform/peer.h"
#include "platform/strongswan_conf.h"

namespace vtid::platform {
namespace {

std::unexpected<Error> cannot_read(const std::string& path) {
  const int code = errno;
  return fail(fmt::format("cannot read {}: {}", path, std::strerror(code)), "", code);
}

Result<std::string> read_file(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0) return cannot_read(path);
  if (!S_ISREG(status.st_mode)) return fail(fmt::format("{} is not a regular file", path));
  std::string text;
  std::array<char, 16'384> chunk{};
  while (text.size() <= kLongestConf) {
    const ssize_t count = ::read(fd.get(), chunk.data(), chunk.size());
    if (count < 0) return cannot_read(path);
    if (count == 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(count));
  }
  return fail(fmt::format("{} is longer than {} bytes", path, kLongestConf));
}

Result<std::vector<ConfFile>> read_matches(const std::string& pattern) {
  glob_t matches{};
  std::vector<ConfFile> files;
  const int code = ::glob(pattern.c_str(), 0, nullptr, &matches);
  std::optional<Error> error;
  if (code != 0 && code != GLOB_NOMATCH) error = Error{fmt::format("cannot list {}", pattern), "", 0};
  for (std::size_t i = 0; code == 0 && i < matches.gl_pathc && !error; ++i) {
    const std::string path = matches.gl_pathv[i];
    auto text = files.size() < kMostConfFiles ? read_file(path) : fail(fmt::format("{} matches too many files", pattern));
    if (text)
      files.push_back({path, std::move(*text)});
    else
      error = text.error();
  }
  ::globfree(&matches);
  if (error) return std::unexpected(*error);
  return files;
}

// Without waiting: a charon that is too busy to take a connection goes unnamed.
std::string program_at(std::string_view vici) {
  constexpr std::string_view kScheme = "unix://";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (!vici.starts_with(kScheme) || vici.size() - kScheme.size() >= sizeof address.sun_path) return {};
  vici.remove_prefix(kScheme.size());
  std::memcpy(address.sun_path, vici.data(), vici.size());
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return {};
  const auto peer = peer_of(fd.get());
  return peer && peer->pid > 0 ? name_of_process(peer->pid) : std::string{};
}

}  // namespace

void read_charon_settings(model::HostFacts& facts, const model::HostQuestion& question, const std::string& usual) {
  const char* named = std::getenv("STRONGSWAN_CONF");
  facts.charon_file = named != nullptr && *named != '\0' ? named : usual;
  facts.charon_program = program_at(question.vici);
  const auto text = read_file(facts.charon_file);
  if (text) {
    facts.charon = parse_strongswan_conf({facts.charon_file, *text}, read_matches);
  } else {
    facts.charon = std::unexpected(text.error());
  }
  const std::string remedy =
      "start vtid with STRONGSWAN_CONF naming charon's settings file (" + model::set_variable(facts.system) + ")";
  if (facts.charon && !names_socket(facts, *facts.charon, question.vici)) {
    facts.charon =
        fail(fmt::format("{} is not of the charon at {}: it names another socket", facts.charon_file, question.vici), remedy);
  } else if (!facts.charon && facts.charon.error().remedy.empty()) {
    facts.charon = fail(facts.charon.error().text, remedy, facts.charon.error().code);
  }
}

}  // namespace vtid::platform
