// The system calls through which the FreeBSD backend meets its kernel, and nothing else: what is translated above them is
// built and tested anywhere. Each but pfctl waits for its answer; none retries, decides or remembers.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "net/address.h"
#include "platform/freebsd/run.h"
#include "platform/freebsd/wire/bytes.h"
#include "platform/kernel.h"

namespace vtid::platform::freebsd {

class Calls {
 public:
  virtual ~Calls() = default;

  // ioctl(2) on a datagram socket of the family. An errno; 0: it was done.
  [[nodiscard]] virtual int control(net::Family family, std::uint32_t request, void* argument) = 0;

  // sysctl(3): NET_RT_IFLISTL, or NET_RT_DUMP of one FIB, of all families; a run of PF_ROUTE messages.
  [[nodiscard]] virtual Result<Bytes> list_links() = 0;
  [[nodiscard]] virtual Result<Bytes> list_routes(std::uint32_t fib) = 0;

  // write(2) to a routing socket of that FIB. An errno; 0: it was done.
  [[nodiscard]] virtual int change_route(View message, std::uint32_t fib) = 0;

  // send(2) to a PF_KEY socket; then one message after the other, others' notices among them. No message within
  // kKeyPatience is ETIMEDOUT.
  [[nodiscard]] virtual int send_key(View message) = 0;
  [[nodiscard]] virtual Result<Bytes> receive_key() = 0;

  // sysctlbyname(3) of a number of 4 bytes. The second gives an errno; 0: it was done.
  [[nodiscard]] virtual Result<std::int64_t> sysctl(std::string_view name) = 0;
  [[nodiscard]] virtual int set_sysctl(std::string_view name, std::int64_t value) = 0;

  // Whether there is a /dev/pf. Begins a run of /sbin/pfctl with these arguments and `input`, one at a time, at most
  // kPfPatience long. What it did, once it has ended; one of the descriptors is readable then.
  [[nodiscard]] virtual bool has_pf() = 0;
  virtual void begin_pfctl(std::vector<std::string> arguments, std::string input) = 0;
  [[nodiscard]] virtual std::optional<Result<Ran>> end_pfctl() = 0;

  [[nodiscard]] virtual int pid() const = 0;
  [[nodiscard]] virtual TimePoint now() const = 0;

  // As in Kernel.
  [[nodiscard]] virtual std::vector<int> descriptors() const = 0;
  [[nodiscard]] virtual Notices drain() = 0;
};

inline constexpr std::chrono::milliseconds kPfPatience{5'000};  // thousands of rules take it a second
inline constexpr int kKeyPatienceMilliseconds = 2000;           // replies stand in the socket's buffer when send(2) returns

}  // namespace vtid::platform::freebsd
