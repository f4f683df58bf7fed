// The FreeBSD backend's system calls. Everything else about it is in files that are built on Linux too; this one is not.
#include <sys/types.h>

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/sysctl.h>

#include <fcntl.h>
#include <net/pfkeyv2.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "base/unique_fd.h"
#include "platform/freebsd/backend.h"
#include "platform/freebsd/look.h"
#include "platform/freebsd/wire/abi.h"
#include "platform/freebsd/wire/pfkey.h"
#include "platform/freebsd/wire/routing.h"

namespace vtid::platform {
namespace freebsd {
namespace {

constexpr std::size_t kLargestMessage = 65'536;  // both families count a message's length in 16 bits
constexpr int kMostAtOnce = 10'000;              // messages read by one drain(); the rest waits for the next
constexpr int kWantedBuffer = 16 * 1024 * 1024;  // halved until the kernel takes it (kern.ipc.maxsockbuf)
constexpr int kSmallestBuffer = 64 * 1024;

std::unexpected<Error> cannot(std::string_view what, int code, std::string remedy = {}) {
  return fail("cannot " + std::string(what) + ": " + std::generic_category().message(code), std::move(remedy), code);
}

std::string remedy_of(int code) {
  if (code == EPERM || code == EACCES) return "vtid has to run as root";
  return code == EPROTONOSUPPORT || code == EAFNOSUPPORT || code == EPROTOTYPE ? "load the kernel module: kldload ipsec" : "";
}

Result<UniqueFd> open_socket(int domain, int type, int protocol, std::string_view what) {
  UniqueFd fd(::socket(domain, type | SOCK_CLOEXEC, protocol));
  if (fd) return fd;
  const int code = errno;
  return cannot("open a " + std::string(what) + " socket", code, remedy_of(code));
}

void widen(int fd) {
  for (int size = kWantedBuffer; size >= kSmallestBuffer; size /= 2) {
    if (::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size) == 0) return;
  }
}

// Tells of lost messages where the kernel can (14 and later); elsewhere they are lost silently, and found by the regular look.
void tell_of_losses([[maybe_unused]] int fd) {
#ifdef SO_RERROR
  const int on = 1;
  (void)::setsockopt(fd, SOL_SOCKET, SO_RERROR, &on, sizeof on);
#endif
}

class System final : public Calls {
 public:
  static Result<std::unique_ptr<Calls>> open();

  [[nodiscard]] int control(net::Family family, std::uint32_t request, void* argument) override;
  [[nodiscard]] Result<Bytes> list_links() override { return list({CTL_NET, PF_ROUTE, 0, 0, abi::kNetRtIfListL, 0}); }
  [[nodiscard]] Result<Bytes> list_routes(std::uint32_t fib) override {
    return list({CTL_NET, PF_ROUTE, 0, 0, abi::kNetRtDump, 0, static_cast<int>(fib)});
  }
  [[nodiscard]] int change_route(View message, std::uint32_t fib) override;
  [[nodiscard]] int send_key(View message) override;
  [[nodiscard]] Result<Bytes> receive_key() override;
  [[nodiscard]] Result<std::int64_t> sysctl(std::string_view name) override;
  [[nodiscard]] int set_sysctl(std::string_view name, std::int64_t value) override;
  [[nodiscard]] bool has_pf() override { return ::access("/dev/pf", F_OK) == 0; }
  void begin_pfctl(std::vector<std::string> arguments, std::string input) override;
  [[nodiscard]] std::optional<Result<Ran>> end_pfctl() override { return pfctl_.end(); }
  [[nodiscard]] int pid() const override { return ::getpid(); }
  [[nodiscard]] TimePoint now() const override {
    return std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now());
  }
  [[nodiscard]] std::vector<int> descriptors() const override {
    return {route_notices_.get(), key_notices_.get(), pfctl_.descriptor()};
  }
  [[nodiscard]] Notices drain() override;

 private:
  Result<void> open_notices();
  Result<Bytes> list(std::vector<int> name);
  void drain(int fd, bool (*concerns_us)(View), Notices& notices);

  UniqueFd inet_;
  UniqueFd inet6_;  // -1 in a kernel without IPv6
  UniqueFd route_;
  std::optional<std::uint32_t> route_fib_;  // none: that of this process
  UniqueFd key_;
  UniqueFd route_notices_;
  UniqueFd key_notices_;
  Runner pfctl_;
  Bytes buffer_ = Bytes(kLargestMessage);
};

Result<std::unique_ptr<Calls>> System::open() {
  auto system = std::make_unique<System>();
  auto inet = open_socket(AF_INET, SOCK_DGRAM, 0, "datagram");
  if (!inet) return std::unexpected(inet.error());
  auto inet6 = open_socket(AF_INET6, SOCK_DGRAM, 0, "datagram");
  auto route = open_socket(PF_ROUTE, SOCK_RAW, 0, "routing");
  if (!route) return std::unexpected(route.error());
  auto key = open_socket(PF_KEY, SOCK_RAW, PF_KEY_V2, "PF_KEY");
  if (!key) return std::unexpected(key.error());
  const int off = 0;  // the outcome of a change is write(2)'s; its echo is for others
  if (::setsockopt(route->get(), SOL_SOCKET, SO_USELOOPBACK, &off, sizeof off) != 0)
    return cannot("set up a routing socket", errno);
  widen(key->get());
  system->inet_ = *std::move(inet);
  if (inet6) system->inet6_ = *std::move(inet6);
  system->route_ = *std::move(route);
  system->key_ = *std::move(key);
  if (const auto opened = system->open_notices(); !opened) return std::unexpected(opened.error());
  if (const auto opened = system->pfctl_.open(); !opened) return std::unexpected(opened.error());
  return system;
}

Result<void> System::open_notices() {
  auto route = open_socket(PF_ROUTE, SOCK_RAW | SOCK_NONBLOCK, 0, "routing");
  if (!route) return std::unexpected(route.error());
  auto key = open_socket(PF_KEY, SOCK_RAW | SOCK_NONBLOCK, PF_KEY_V2, "PF_KEY");
  if (!key) return std::unexpected(key.error());
  route_notices_ = *std::move(route);
  key_notices_ = *std::move(key);
  for (const int fd : {route_notices_.get(), key_notices_.get()}) {
    widen(fd);
    tell_of_losses(fd);
  }
  return {};
}

int System::control(net::Family family, std::uint32_t request, void* argument) {
  const int fd = family == net::Family::ipv4 ? inet_.get() : inet6_.get();
  if (fd < 0) return EAFNOSUPPORT;
  return ::ioctl(fd, request, argument) == 0 ? 0 : errno;
}

Result<Bytes> System::list(std::vector<int> name) {
  int code = ENOMEM;
  for (int attempt = 0; attempt < kDumpAttempts; ++attempt) {
    std::size_t size = 0;
    if (::sysctl(name.data(), static_cast<unsigned>(name.size()), nullptr, &size, nullptr, 0) != 0)
      return cannot("list links or routes", errno);
    Bytes bytes(size + size / 8 + kLargestMessage);  // it may grow between the two calls
    size = bytes.size();
    if (::sysctl(name.data(), static_cast<unsigned>(name.size()), bytes.data(), &size, nullptr, 0) == 0) {
      bytes.resize(size);
      return bytes;
    }
    code = errno;
    if (code != ENOMEM) break;
  }
  return cannot("list links or routes", code);
}

int System::change_route(View message, std::uint32_t fib) {
  if (route_fib_ != fib) {
    const int number = static_cast<int>(fib);
    if (::setsockopt(route_.get(), SOL_SOCKET, SO_SETFIB, &number, sizeof number) != 0) return errno;
    route_fib_ = fib;
  }
  const ssize_t sent = ::write(route_.get(), message.data(), message.size());
  if (sent < 0) return errno;
  return static_cast<std::size_t>(sent) == message.size() ? 0 : EMSGSIZE;
}

// What others caused since the last request goes first, to make room for the answers.
int System::send_key(View message) {
  for (int i = 0; i < kMostAtOnce; ++i) {
    if (::recv(key_.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT) < 0 && errno != ENOBUFS && errno != EINTR) break;
  }
  const ssize_t sent = ::send(key_.get(), message.data(), message.size(), 0);
  if (sent < 0) return errno;
  return static_cast<std::size_t>(sent) == message.size() ? 0 : EMSGSIZE;
}

Result<Bytes> System::receive_key() {
  pollfd readable{key_.get(), POLLIN, 0};
  const int ready = ::poll(&readable, 1, kKeyPatienceMilliseconds);
  if (ready == 0) return cannot("read from PF_KEY", ETIMEDOUT);
  if (ready < 0 && errno != EINTR) return cannot("read from PF_KEY", errno);
  const ssize_t size = ::recv(key_.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
  if (size >= 0) return Bytes(buffer_.begin(), buffer_.begin() + size);
  if (errno == EINTR || errno == EAGAIN) return Bytes{};  // nothing that answers; the caller asks again
  return cannot("read from PF_KEY", errno);
}

// All that vtid asks for are ints of 4 bytes (ipsec(4), enc(4), kern.osreldate).
Result<std::int64_t> System::sysctl(std::string_view name) {
  int value = 0;
  std::size_t size = sizeof value;
  const std::string text(name);
  if (::sysctlbyname(text.c_str(), &value, &size, nullptr, 0) == 0 && size == sizeof value) return value;
  return cannot("read " + text, errno);
}

int System::set_sysctl(std::string_view name, std::int64_t value) {
  const int next = static_cast<int>(value);
  return ::sysctlbyname(std::string(name).c_str(), nullptr, nullptr, &next, sizeof next) == 0 ? 0 : errno;
}

void System::begin_pfctl(std::vector<std::string> arguments, std::string input) {
  arguments.insert(arguments.begin(), "/sbin/pfctl");
  pfctl_.begin(std::move(arguments), std::move(input), kPfPatience);
}

void System::drain(int fd, bool (*concerns_us)(View), Notices& notices) {
  for (int i = 0; i < kMostAtOnce; ++i) {
    const ssize_t size = ::recv(fd, buffer_.data(), buffer_.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == ENOBUFS) {
      notices.overflowed = true;
      continue;
    }
    if (size <= 0) return;
    if (concerns_us(View(buffer_).first(static_cast<std::size_t>(size)))) ++notices.ours;
  }
}

Notices System::drain() {
  Notices notices;
  drain(route_notices_.get(), route_notice_concerns_us, notices);
  drain(key_notices_.get(), key_notice_concerns_us, notices);
  return notices;
}

}  // namespace

Result<std::unique_ptr<Calls>> open_calls() { return System::open(); }
Capabilities capabilities_unopened() {
  System system;
  return freebsd_capabilities(system.has_pf(), release_of(system), count_fibs(system));
}

}  // namespace freebsd

Capabilities native_capabilities() { return freebsd::capabilities_unopened(); }

Result<std::unique_ptr<Kernel>> open_native_kernel() {
  auto calls = freebsd::open_calls();
  if (!calls) return std::unexpected(calls.error());
  return freebsd::make_backend(*std::move(calls));
}

}  // namespace vtid::platform
