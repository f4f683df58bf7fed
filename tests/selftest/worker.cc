#include "selftest/worker.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <system_error>

namespace vtid::selftest {
namespace {

constexpr std::chrono::seconds kPatience{60};  // for one step; pings have less
constexpr int kLookForStopMilliseconds = 100;
constexpr int kTriesToEnd = 100;  // as often
constexpr std::size_t kLongestMessage = 4096;

// An answer: a sign, then a number or what is wrong.
constexpr char kDone = '+';
constexpr char kFailed = '-';

std::unexpected<Error> refused(std::string_view call, int code) {
  return fail(std::string(call) + ": " + std::generic_category().message(code), {}, code);
}

// Nothing: the other side has ended.
std::optional<std::string> receive(int channel) {
  std::array<char, kLongestMessage> buffer{};
  ssize_t size = 0;
  do {
    size = ::recv(channel, buffer.data(), buffer.size(), 0);
  } while (size < 0 && errno == EINTR);
  if (size <= 0) return std::nullopt;
  return std::string(buffer.data(), static_cast<std::size_t>(size));
}

bool send(int channel, const std::string& text) {
  return ::send(channel, text.data(), std::min(text.size(), kLongestMessage), MSG_NOSIGNAL) >= 0;
}

std::string answer_of(const Error& error) { return kFailed + error.text + (error.remedy.empty() ? "" : "; " + error.remedy); }

// What gives up is a failure of the step.
template <class Doing>
std::string attempt(Doing doing) try {
  return doing();
} catch (const std::exception& failure) {
  return kFailed + std::string(failure.what());
}

// Ends with nothing of vtid's there: FreeBSD 15.1 panics in nd6_timer() when a network goes away whose tunnel interfaces still
// have IPv6 addresses.
void serve(std::size_t which, std::span<const Step> steps, int channel) {
  Site site(which);
  const std::string entered = attempt([&] {
    const auto network = site.enter_own_network();
    return network ? kDone + std::to_string(*network) : answer_of(network.error());
  });
  if (!send(channel, entered)) return;
  while (const auto message = receive(channel)) {  // "3 wan0"
    const std::size_t space = std::min(message->find(' '), message->size() - 1);
    std::size_t number = steps.size();
    std::from_chars(message->data(), message->data() + space, number);
    const auto wan = net::IfName::parse(message->substr(space + 1));
    if (number >= steps.size() || !wan) return;
    const std::string answer = attempt([&] {
      const auto outcome = steps[number].run(site, *wan);
      return outcome ? std::string{kDone} : answer_of(outcome.error());
    });
    if (!send(channel, answer)) return;
  }
  (void)attempt([&] { return site.follow_empty_file() ? std::string{kDone} : std::string{}; });
}

// An interrupt from the keyboard reaches the whole group; only the first process acts on it.
[[noreturn]] void live(std::size_t which, std::span<const Step> steps, int channel) {
  for (const int signal : {SIGINT, SIGHUP}) ::signal(signal, SIG_IGN);
  ::signal(SIGTERM, SIG_DFL);
  serve(which, steps, channel);
  std::_Exit(0);
}

}  // namespace

Result<std::uint32_t> Worker::start(std::size_t site) {
  std::array<int, 2> ends{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) return refused("socketpair", errno);
  channel_ = UniqueFd(ends[0]);
  UniqueFd theirs(ends[1]);
  process_ = ::fork();
  if (process_ < 0) return refused("fork", errno);
  if (process_ == 0) {
    channel_ = {};
    live(site, steps_, theirs.get());
  }
  theirs = {};
  const auto answer = await();
  if (!answer) return std::unexpected(answer.error());
  std::uint32_t network = 0;
  std::from_chars(answer->data(), answer->data() + answer->size(), network);
  return network;
}

Result<void> Worker::run(std::size_t step, const net::IfName& wan) {
  if (!send(channel_.get(), std::to_string(step) + " " + wan.text())) return refused("send", errno);
  const auto answer = await();
  if (!answer) return std::unexpected(answer.error());
  return {};
}

Result<std::string> Worker::await() {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  pollfd readable{channel_.get(), POLLIN, 0};
  while (::poll(&readable, 1, kLookForStopMilliseconds) <= 0) {
    if (stop_()) return fail("interrupted");
    if (std::chrono::steady_clock::now() > end) return fail("no outcome within 60 s");
  }
  const auto answer = receive(channel_.get());
  if (!answer || answer->empty()) return fail("its process has ended");
  if (answer->front() == kDone) return answer->substr(1);
  return fail(answer->substr(1));
}

void Worker::end() {
  channel_ = {};  // which it takes for its end
  if (process_ <= 0) return;
  for (int i = 0; i < kTriesToEnd; ++i) {
    if (::waitpid(process_, nullptr, WNOHANG) == process_) {
      process_ = -1;
      return;
    }
    ::poll(nullptr, 0, kLookForStopMilliseconds);
  }
  ::kill(process_, SIGKILL);
  while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
  }
  process_ = -1;
}

}  // namespace vtid::selftest
