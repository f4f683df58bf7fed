#include "ctl/check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <sstream>

extern char** environ;  // POSIX has no header for it

namespace vtid::ctl {
namespace {

std::vector<std::string> split_path(const std::string& search_path) {
  std::vector<std::string> folders;
  std::istringstream stream(search_path);
  for (std::string folder; std::getline(stream, folder, ':');) folders.push_back(folder.empty() ? "." : folder);
  return folders;
}

bool is_executable(const std::string& file) { return ::access(file.c_str(), X_OK) == 0; }

}  // namespace

std::vector<std::string> places_of_vtid(const std::string& program, const std::string& search_path) {
  std::vector<std::string> folders = split_path(search_path);
  std::filesystem::path own = std::filesystem::path(program).parent_path();
  if (!program.contains('/')) {
    const auto found =
        std::ranges::find_if(folders, [&](const std::string& folder) { return is_executable(folder + '/' + program); });
    if (found != folders.end()) own = *found;
  }
  if (!own.empty()) folders.insert(folders.begin(), {own.string(), (own / ".." / "sbin").string()});
  folders.insert(folders.end(), {"/usr/local/sbin", "/usr/sbin"});
  std::vector<std::string> places;
  for (const std::string& folder : folders) {
    std::string place = folder + "/vtid";
    if (std::ranges::find(places, place) == places.end()) places.push_back(std::move(place));
  }
  return places;
}

Result<int> run_check(const std::vector<std::string>& places, const std::string& file) {
  const auto vtid = std::ranges::find_if(places, is_executable);
  if (vtid == places.end()) {
    return fail(fmt::format("there is no vtid, which checks files, at {}", fmt::join(places, ", ")),
                "install it, or add its folder to PATH");
  }
  std::array<std::string, 4> words{*vtid, "--check", "--config", file == "-" ? "/dev/stdin" : file};
  std::array<char*, 5> arguments{words[0].data(), words[1].data(), words[2].data(), words[3].data(), nullptr};
  pid_t child = 0;
  const int code = ::posix_spawn(&child, vtid->c_str(), nullptr, nullptr, arguments.data(), environ);
  if (code != 0) return fail(fmt::format("cannot run {}: {}", *vtid, std::strerror(code)), {}, code);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return fail(fmt::format("cannot wait for {}: {}", *vtid, std::strerror(errno)), {}, errno);
  }
  if (!WIFEXITED(status)) return fail(fmt::format("{} died of signal {}", *vtid, WTERMSIG(status)));
  return WEXITSTATUS(status);
}

}  // namespace vtid::ctl
