// Sends the probes of every monitored gateway and keeps their health: one raw socket per address family and one timer
// serve all of them, and a connection each those who are asked by TCP. It decides nothing: what follows from a change is the
// engine's business.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "model/config.h"
#include "model/gateway.h"
#include "monitor/monitor.h"
#include "monitor/probe_target.h"
#include "net/address.h"
#include "net/names.h"

namespace boost::asio {
class io_context;
}

namespace vtid::io {

class Prober {
 public:
  using Target = monitor::ProbeTarget;
  using OnChange = std::function<void(const std::string& gateway, const model::GatewayHealth& health)>;

  // How a system asks for an IPv4 neighbour's link-layer address. `receive` gives who answered by which device, without
  // waiting.
  struct ArpMeans {
    std::function<Result<UniqueFd>()> open;
    std::function<Result<void>(int fd, net::IfIndex device, const net::Address& neighbour)> ask;
    std::function<Result<std::optional<std::pair<net::Address, net::IfIndex>>>(int fd)> receive;
  };

  // `on_change` is called from the io_context for each change of state, never from inside a call to this object. It may
  // call set_targets().
  Prober(boost::asio::io_context& context, OnChange on_change, ArpMeans arp = {});
  ~Prober();  // on the io_context's thread, not from inside on_change, which is not called afterwards
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;

  // The complete list. A target that is still there keeps its history and its timing; another address, kind or device makes
  // it a new one. A new one is pending, or down, or unmonitored, without a call of on_change.
  void set_targets(std::vector<Target> targets);

  // Some of that list, with other options or another underlay; who is not in it, or has another path by now, is left alone.
  void update_targets(const std::vector<Target>& targets);

  // What an earlier daemon remembered, for the first set_targets() alone.
  void recall(monitor::Memories memories);
  [[nodiscard]] monitor::Memories remember() const;

  // The reason of one that is not online ends with why its latest probe could not leave, when it could not:
  // "100 % loss, more than 20 %; cannot send to 10.6.106.2: Network is down".
  [[nodiscard]] model::Gateways health() const;
  [[nodiscard]] std::optional<model::GatewayHealth> health(const std::string& gateway) const;  // none: not known

  // When a gateway's latest answer came; nothing when none ever did, or there is no such gateway.
  [[nodiscard]] std::optional<TimePoint> last_answer(const std::string& gateway) const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // its pending handlers hold it weakly
};

}  // namespace vtid::io
