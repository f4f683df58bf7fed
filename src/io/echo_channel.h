// A socket for probes and their answers on the io_context: opened by the first probe that needs it, and again after it failed.
// It knows no probe and no gateway. One thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/clock.h"
#include "io/asio.h"
#include "io/echo_socket.h"

namespace vtid::io {

class EchoChannel {
 public:
  // How the socket is opened and read; what it is called in the log.
  struct Means {
    std::string name;
    std::function<Result<UniqueFd>()> open;
    std::function<Result<std::optional<EchoPacket>>(int fd, std::span<std::uint8_t> buffer)> receive;
  };
  using OnPacket = std::function<void(const EchoPacket& packet, std::span<const std::uint8_t> bytes)>;
  using AfterPackets = std::function<void()>;

  // `after_packets` is called when a wake-up's packets have all been given to `on_packet`.
  EchoChannel(boost::asio::io_context& context, Means means, OnPacket on_packet, AfterPackets after_packets);
  EchoChannel(const EchoChannel&) = delete;  // handlers point here
  EchoChannel& operator=(const EchoChannel&) = delete;

  // Opens the socket unless it is open; after a failure not again before kReopenAfter. Logs a new reason once.
  [[nodiscard]] Result<void> open(TimePoint now);
  [[nodiscard]] int descriptor() { return socket_->native_handle(); }  // needs open() to have succeeded just before
  // Gives what has arrived to `on_packet` now, without `after_packets`.
  void drain();

 private:
  using Socket = boost::asio::posix::stream_descriptor;

  [[nodiscard]] Result<void> try_open();
  void listen();
  void give_up(const std::string& reason);

  boost::asio::io_context* context_;
  Means means_;
  OnPacket on_packet_;
  AfterPackets after_packets_;
  std::shared_ptr<Socket> socket_;  // ours alone: its handlers hold it weakly, and know by that whether we still exist
  TimePoint next_open_{};
  Error failure_;  // of the last attempt to open
};

[[nodiscard]] EchoChannel::Means echo_means(net::Family family);

inline constexpr int kPacketsPerWake = 1024;  // then other work of the thread gets its turn
inline constexpr Duration kReopenAfter{1'000};

}  // namespace vtid::io
