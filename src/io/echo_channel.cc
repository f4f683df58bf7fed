#include "io/echo_channel.h"

#include <array>
#include <string>
#include <utility>

#include "base/log.h"

namespace vtid::io {

EchoChannel::EchoChannel(boost::asio::io_context& context, Means means, OnPacket on_packet, AfterPackets after_packets)
    : context_(&context),
      means_(std::move(means)),
      on_packet_(std::move(on_packet)),
      after_packets_(std::move(after_packets)) {}

EchoChannel::Means echo_means(net::Family family) {
  return {std::string(net::print(family)), [family] { return open_echo_socket(family); }, receive_echo};
}

Result<void> EchoChannel::open(TimePoint now) {
  if (socket_) return {};
  if (now < next_open_) return std::unexpected(failure_);
  next_open_ = now + kReopenAfter;
  auto opened = try_open();
  const Error failure = opened ? Error{} : opened.error();
  if (!opened && failure != failure_) {
    log::error("probes impossible", {{"family", means_.name}, {"reason", failure.text}, {"remedy", failure.remedy}});
  }
  failure_ = failure;
  return opened;
}

Result<void> EchoChannel::try_open() {
  auto fd = means_.open();
  if (!fd) return std::unexpected(fd.error());
  boost::system::error_code failure;
  auto socket = std::make_shared<Socket>(*context_);
  socket->assign(fd->get(), failure);
  if (failure) return fail("cannot wait for probes' answers: " + failure.message(), {}, failure.value());
  std::ignore = fd->release();
  socket_ = std::move(socket);
  listen();
  return {};
}

void EchoChannel::listen() {
  socket_->async_wait(Socket::wait_read, [this, socket = std::weak_ptr(socket_)](boost::system::error_code failure) {
    if (socket.expired()) return;
    if (failure) return give_up(failure.message());
    drain();
    if (socket_) listen();
    after_packets_();
  });
}

void EchoChannel::drain() {
  std::array<std::uint8_t, kLongestReply> buffer;
  for (int packets = 0; socket_ && packets < kPacketsPerWake; ++packets) {
    const auto packet = means_.receive(socket_->native_handle(), buffer);
    if (!packet) {
      give_up(packet.error().text);
    } else if (*packet) {
      on_packet_(**packet, std::span(buffer).first((*packet)->size));
    } else {
      return;
    }
  }
}

// The next probe opens another.
void EchoChannel::give_up(const std::string& reason) {
  log::warning("probe socket failed", {{"family", means_.name}, {"reason", reason}});
  socket_.reset();
}

}  // namespace vtid::io
