#include "platform/freebsd/run.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>
#include <utility>

#include "base/signals.h"
#include "base/unique_fd.h"

namespace vtid::platform {
namespace {

constexpr int kStandard = 3;  // descriptors: input, output, errors

struct Pair {
  UniqueFd ours, its;
};

// Sockets, because writing to one whose reader is gone can be told to be no signal.
Result<Pair> make_pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return fail(fmt::format("cannot make a pair of sockets: {}", std::strerror(errno)));
  }
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return Pair{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

int spawn(pid_t& pid, const std::vector<std::string>& command, const std::array<Pair, 3>& pairs) {
  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  for (int i = 0; i < kStandard; ++i) {
    posix_spawn_file_actions_adddup2(&actions, pairs[static_cast<std::size_t>(i)].its.get(), i);
  }
  sigset_t all, none;
  sigfillset(&all);
  sigemptyset(&none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  char* variables[] = {nullptr};
  const int code = ::posix_spawn(&pid, words.front(), &actions, &attributes, words.data(), variables);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return code;
}

// The rest of what is to be written; -1 is put into `fd` when there is none.
void feed(UniqueFd& to, std::string_view& input) {
  const ssize_t sent = ::send(to.get(), input.data(), input.size(), MSG_NOSIGNAL);
  if (sent >= 0) input.remove_prefix(static_cast<std::size_t>(sent));
  if (input.empty() || (sent < 0 && errno != EAGAIN && errno != EINTR)) to.reset();
}

void drink(UniqueFd& from, std::string& output) {
  std::array<char, 65'536> portion{};
  const ssize_t count = ::read(from.get(), portion.data(), portion.size());
  if (count > 0) output.append(portion.data(), std::min(static_cast<std::size_t>(count), kMostOutput - output.size()));
  if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) from.reset();
}

using Clock = std::chrono::steady_clock;

int milliseconds_until(Clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::max<std::int64_t>(left, 0));
}

// Until it has closed its ends. False: time was up.
bool exchange(std::array<Pair, 3>& pairs, std::string_view input, Ran& ran, Clock::time_point deadline) {
  if (input.empty()) pairs[0].ours.reset();
  while (pairs[0].ours || pairs[1].ours || pairs[2].ours) {
    std::array<pollfd, 3> waits{
        {{pairs[0].ours.get(), POLLOUT, 0}, {pairs[1].ours.get(), POLLIN, 0}, {pairs[2].ours.get(), POLLIN, 0}}};
    const int left = milliseconds_until(deadline);
    if (left == 0) return false;
    if (::poll(waits.data(), waits.size(), left) < 0 && errno != EINTR) return false;
    if (waits[0].revents != 0) feed(pairs[0].ours, input);
    if (waits[1].revents != 0) drink(pairs[1].ours, ran.output);
    if (waits[2].revents != 0) drink(pairs[2].ours, ran.errors);
  }
  return true;
}

constexpr std::chrono::milliseconds kEndPatience{1'000};  // from its last word to its end

// What closed its ends ends at once, or is made to.
int wait_for_end(pid_t pid, bool at_once) {
  const auto deadline = Clock::now() + kEndPatience;
  int status = 0;
  if (at_once) ::kill(pid, SIGKILL);
  while (::waitpid(pid, &status, at_once ? 0 : WNOHANG) != pid) {
    if (!at_once && Clock::now() > deadline) {
      ::kill(pid, SIGKILL);
      at_once = true;
    }
    if (!at_once) ::poll(nullptr, 0, 1);
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

Result<Ran> run(const std::vector<std::string>& command, std::string_view input, std::chrono::milliseconds patience) {
  std::array<Pair, 3> pairs;
  for (Pair& pair : pairs) {
    auto made = make_pair();
    if (!made) return std::unexpected(made.error());
    pair = *std::move(made);
  }
  pid_t pid = 0;
  const int code = spawn(pid, command, pairs);
  if (code != 0) return fail(fmt::format("cannot run {}: {}", command.front(), std::strerror(code)), "", code);
  for (Pair& pair : pairs) pair.its.reset();
  Ran ran;
  const bool in_time = exchange(pairs, input, ran, Clock::now() + patience);
  ran.status = wait_for_end(pid, !in_time);
  if (in_time) return ran;
  return fail(fmt::format("{} did not end within {} ms and was killed", command.front(), patience.count()), "", ETIMEDOUT);
}

Runner::~Runner() {
  if (thread_.joinable()) thread_.join();
}

Result<void> Runner::open() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0) {
    ours_ = UniqueFd(ends[0]);
    its_ = UniqueFd(ends[1]);
    return {};
  }
  const int code = errno;
  return fail(fmt::format("cannot make a pipe: {}", std::strerror(code)), "", code);
}

void Runner::begin(std::vector<std::string> command, std::string input, std::chrono::milliseconds patience) {
  outcome_ = std::make_unique<Result<Ran>>();
  const auto work = [place = outcome_.get(), fd = its_.get(), command = std::move(command), input = std::move(input),
                     patience] {
    *place = run(command, input, patience);
    (void)!::write(fd, "", 1);  // there is room: the byte of the run before was read
  };
  try {
    const signals::Blocked blocked;  // they are for the thread that listens
    thread_ = std::thread(work);
  } catch (const std::system_error& error) {
    *outcome_ = fail(fmt::format("cannot start a thread: {}", error.what()));
    (void)!::write(its_.get(), "", 1);
  }
}

std::optional<Result<Ran>> Runner::end() {
  char byte = 0;
  if (!outcome_ || ::read(ours_.get(), &byte, 1) != 1) return std::nullopt;
  if (thread_.joinable()) thread_.join();
  return *std::exchange(outcome_, nullptr);
}

}  // namespace vtid::platform
