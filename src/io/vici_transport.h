// charon's socket, three times: carries out what vici::Charon asks for (open, send, close) and hands it what comes back.
// Understands nothing of what it carries.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "vici/charon.h"

namespace boost::asio {
class io_context;
}

namespace vtid::io {

class ViciTransport {
 public:
  struct Wiring {
    std::function<std::string(int fd)> run_of_peer;  // which run of which process a connected socket leads to
    std::function<void(vici::Channel, std::string_view run)> opened;
    std::function<void(vici::Channel, std::string_view bytes)> received;
    std::function<void(vici::Channel, const std::string& reason)> closed;  // not after a Close of ours
  };

  // `uri` is "unix:///path" (checked by the configuration). Callbacks come from the io_context, never from inside carry_out().
  ViciTransport(boost::asio::io_context& context, const std::string& uri, Wiring wiring);
  ~ViciTransport();
  ViciTransport(ViciTransport&&) noexcept;
  ViciTransport& operator=(ViciTransport&&) noexcept;

  void carry_out(vici::Effect effect);
  // The socket to open from now on. If it is another one than before, every open connection is reported closed.
  void lead_to(const std::string& uri);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

inline constexpr std::string_view kUnixScheme = "unix://";
inline constexpr std::size_t kMostUnsent = 32 * 1024 * 1024;  // bytes for one connection that charon has not read

}  // namespace vtid::io
