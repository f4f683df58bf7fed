#include "platform/program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace vtid::platform {
namespace {

std::vector<char*> pointers_to(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// What the new process is to have: a group of its own, signals as they come, and three descriptors.
class Setting {
 public:
  explicit Setting(int output) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, output, STDERR_FILENO);
    leave_out_others();
    posix_spawnattr_init(&attributes_);
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  }
  ~Setting() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  Setting(const Setting&) = delete;
  Setting& operator=(const Setting&) = delete;

  [[nodiscard]] int spawn(pid_t& pid, const std::vector<std::string>& command,
                          const std::vector<std::string>& environment) const {
    auto arguments = pointers_to(command);
    auto variables = pointers_to(environment);
    return ::posix_spawn(&pid, command.front().c_str(), &actions_, &attributes_, arguments.data(), variables.data());
  }

 private:
  // Ours close by themselves; whoever started us may have left others open. FreeBSD has this call only since 13.1, and there
  // drop_privileges() makes those close too.
  void leave_out_others() {
#ifndef __FreeBSD__
    posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
#endif
  }

  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

}  // namespace

Result<Program> start_program(const std::vector<std::string>& command, const std::vector<std::string>& environment) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  const UniqueFd written(ends[1]);
  Program program{0, UniqueFd(ends[0])};
  ::fcntl(program.output.get(), F_SETFL, O_NONBLOCK);
  pid_t pid = 0;
  const int error = Setting(written.get()).spawn(pid, command, environment);
  if (error != 0) return fail(fmt::format("cannot run {}: {}", command.front(), std::strerror(error)), "", error);
  program.pid = pid;
  return program;
}

std::optional<std::string> ended(const Program& program) {
  int status = 0;
  if (::waitpid(program.pid, &status, WNOHANG) != program.pid) return std::nullopt;
  if (WIFSIGNALED(status)) return fmt::format("signal {}", WTERMSIG(status));
  return WEXITSTATUS(status) == 0 ? "" : fmt::format("exit status {}", WEXITSTATUS(status));
}

std::string read_output(const Program& program, std::size_t most) {
  std::string text;
  std::array<char, 4'096> portion{};
  for (int reads = 0; reads < 32; ++reads) {  // twice what a pipe holds: a program that never stops writing waits its turn
    const ssize_t count = ::read(program.output.get(), portion.data(), portion.size());
    if (count <= 0) break;
    text.append(portion.data(), std::min(static_cast<std::size_t>(count), most - text.size()));
  }
  return text;
}

void kill_program(const Program& program) { ::kill(-program.pid, SIGKILL); }

}  // namespace vtid::platform
