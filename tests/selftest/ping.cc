#include "selftest/ping.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <random>

#include "io/echo_socket.h"
#include "monitor/echo.h"

namespace vtid::selftest {
namespace {

constexpr Duration kInterval{250};

TimePoint now() { return std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now()); }

// Reads what has come until `until`, or until the answer to `asked` or to an earlier one has.
Result<bool> await(int fd, net::Family family, const monitor::Echo& asked, TimePoint until) {
  std::array<std::uint8_t, io::kLongestReply> buffer{};
  pollfd readable{fd, POLLIN, 0};
  for (auto left = until - now(); left.count() > 0; left = until - now()) {
    if (::poll(&readable, 1, static_cast<int>(left.count())) <= 0) continue;
    const auto packet = io::receive_echo(fd, buffer);
    if (!packet) return std::unexpected(packet.error());
    if (!*packet) continue;
    const auto reply = monitor::decode_reply(family, std::span(buffer).first((*packet)->size));
    if (reply && reply->cookie == asked.cookie && reply->id == asked.id && reply->sequence <= asked.sequence) return true;
  }
  return false;
}

}  // namespace

// What cannot be sent may be sent a moment later: an IPv6 address is being looked at by the kernel first.
Result<bool> answers(const net::Address& from, const net::Address& to, Duration patience) {
  auto fd = io::open_echo_socket(to.family());
  if (!fd) return std::unexpected(fd.error());
  std::random_device random;
  monitor::Echo echo{static_cast<std::uint16_t>(::getpid()), 0, std::uint64_t{random()} << 32 | random(), 0};
  Result<bool> outcome = false;
  for (const TimePoint end = now() + patience; now() < end; ++echo.sequence) {
    const auto sent = io::send_echo(fd->get(), {to, from, {}}, monitor::encode_request(to.family(), echo));
    outcome = false;
    if (!sent) outcome = std::unexpected(sent.error());
    const auto answered = await(fd->get(), to.family(), echo, now() + kInterval);
    if (!answered || *answered) return answered;
  }
  return outcome;
}

}  // namespace vtid::selftest
