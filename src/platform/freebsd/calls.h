// The system calls through which the FreeBSD backend meets its kernel, and nothing else: what is translated above them is
// built and tested anywhere. Each waits for its answer; none retries, decides or remembers.
#pragma once

#include <vector>

#include "base/error.h"
#include "net/address.h"
#include "platform/freebsd/wire/bytes.h"
#include "platform/kernel.h"

namespace vtid::platform::freebsd {

class Calls {
 public:
  virtual ~Calls() = default;

  // ioctl(2) on a datagram socket of the family. An errno; 0: it was done.
  [[nodiscard]] virtual int control(net::Family family, std::uint32_t request, void* argument) = 0;

  // sysctl(3): NET_RT_IFLISTL or NET_RT_DUMP of all families, a run of PF_ROUTE messages.
  [[nodiscard]] virtual Result<Bytes> list(int what) = 0;

  // write(2) to a routing socket. An errno; 0: it was done.
  [[nodiscard]] virtual int change_route(View message) = 0;

  // send(2) to a PF_KEY socket; then one message after the other, others' notices among them. No message within
  // kKeyPatience is ETIMEDOUT.
  [[nodiscard]] virtual int send_key(View message) = 0;
  [[nodiscard]] virtual Result<Bytes> receive_key() = 0;

  [[nodiscard]] virtual int pid() const = 0;

  // As in Kernel.
  [[nodiscard]] virtual int descriptor() const = 0;
  [[nodiscard]] virtual Notices drain() = 0;
};

inline constexpr int kKeyPatienceMilliseconds = 2000;  // replies stand in the socket's buffer when send(2) returns

}  // namespace vtid::platform::freebsd
