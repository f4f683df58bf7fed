// Both ends of an epair(4) are made here and moved. They are fetched back before they are destroyed: an end whose jail is gone
// comes back by itself, but later.
#include <sys/param.h>

#include <sys/ioctl.h>
#include <sys/jail.h>
#include <sys/socket.h>
#include <sys/sockio.h>
#include <sys/uio.h>

#include <net/if.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string_view>
#include <system_error>
#include <thread>

#include "base/unique_fd.h"
#include "selftest/joint.h"

namespace vtid::selftest {
namespace {

constexpr int kTries = 50;
constexpr std::chrono::milliseconds kPause{100};

std::unexpected<Error> refused(std::string_view doing, std::string_view call, int code) {
  return fail("cannot " + std::string(doing) + " (" + std::string(call) + "): " + std::generic_category().message(code), {},
              code);
}

ifreq request_for(std::string_view name, std::uint32_t jail = 0) {
  ifreq request{};
  std::memcpy(request.ifr_name, name.data(), std::min(name.size(), sizeof request.ifr_name - 1));
  request.ifr_jid = static_cast<int>(jail);
  return request;
}

// An errno; 0: it was done.
int call(int fd, unsigned long number, ifreq& request) { return ::ioctl(fd, number, &request) == 0 ? 0 : errno; }

Result<UniqueFd> open_socket() {
  UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return refused("open a datagram socket", "socket", errno);
  return fd;
}

bool jail_exists(std::uint32_t jail) {
  int id = static_cast<int>(jail);
  char word[] = "jid";
  iovec parameters[] = {{word, sizeof word}, {&id, sizeof id}};
  return ::jail_get(parameters, std::size(parameters), 0) >= 0;
}

}  // namespace

Result<void> Joint::lay() {
  const auto fd = open_socket();
  if (!fd) return std::unexpected(fd.error());
  ifreq request{};
  std::memcpy(request.ifr_name, "epair", sizeof "epair");
  if (const int code = call(fd->get(), SIOCIFCREATE2, request)) return refused("make an epair", "SIOCIFCREATE2", code);
  std::string name(request.ifr_name);
  ends[0] = net::IfName::parse(name).value();
  name.back() = 'b';
  ends[1] = net::IfName::parse(name).value();
  for (std::size_t i = 0; i < ends.size(); ++i) {
    request = request_for(ends[i]->text(), networks[i]);
    if (const int code = call(fd->get(), SIOCSIFVNET, request))
      return refused("move " + ends[i]->text() + " into jail " + std::to_string(networks[i]), "SIOCSIFVNET", code);
  }
  return {};
}

Result<void> Joint::take_up() {
  if (!ends[0]) return {};
  const auto fd = open_socket();
  if (!fd) return std::unexpected(fd.error());
  for (std::size_t i = 0; i < ends.size(); ++i) {  // what was not moved, or is back, is refused here and found below
    ifreq request = request_for(ends[i]->text(), networks[i]);
    (void)call(fd->get(), SIOCSIFRVNET, request);
  }
  int code = ENXIO;
  for (int i = 0; i < kTries && code != 0; ++i) {
    if (i > 0) std::this_thread::sleep_for(kPause);
    ifreq request = request_for(ends[0]->text());
    code = call(fd->get(), SIOCIFDESTROY, request);
  }
  if (code != 0) return refused("destroy " + ends[0]->text(), "SIOCIFDESTROY", code);
  for (const auto& end : ends) {
    if (::if_nametoindex(end->text().c_str()) != 0) return fail(end->text() + " is still there");
  }
  ends = {};
  return {};
}

// A jail goes with its last process; the kernel takes its time.
Result<void> Joint::find_nothing_left() const {
  for (const std::uint32_t jail : networks) {
    for (int i = 0; jail != 0 && jail_exists(jail); ++i) {
      if (i == kTries) return fail("jail " + std::to_string(jail) + " is still there");
      std::this_thread::sleep_for(kPause);
    }
  }
  return {};
}

}  // namespace vtid::selftest
