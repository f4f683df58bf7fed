#include "io/vici_transport.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <deque>
#include <optional>

#include "io/asio.h"
#include "io/close_on_exec.h"

namespace vtid::io {

namespace asio = boost::asio;
using Socket = asio::local::stream_protocol::socket;

namespace {

constexpr std::size_t kPacketRead = 64 * 1024;
constexpr std::size_t kChannels = 3;

std::string_view path_of(std::string_view uri) {
  if (uri.starts_with(kUnixScheme)) uri.remove_prefix(kUnixScheme.size());
  return uri;
}

}  // namespace

// One of the three connections. A generation number tells the handlers of a closed socket from those of its successor.
struct Line {
  explicit Line(asio::io_context& context) : socket(context) {}
  Socket socket;
  std::uint64_t generation = 0;
  std::deque<std::string> queue;
  std::size_t unsent = 0;  // bytes of it
  std::vector<char> buffer = std::vector<char>(kPacketRead);
};

struct ViciTransport::State : std::enable_shared_from_this<State> {
  State(asio::io_context& io, std::string_view socket_path, Wiring callbacks)
      : context(io), path(socket_path), wiring(std::move(callbacks)) {
    for (auto& line : lines) line.emplace(context);
  }

  Line& line(vici::Channel channel) { return *lines.at(static_cast<std::size_t>(channel)); }

  // A handler that does nothing once its socket was closed or the transport is gone.
  template <class Callback>
  auto guarded(vici::Channel channel, Callback callback) {
    return [weak = weak_from_this(), generation = line(channel).generation, channel, callback](
               const boost::system::error_code& error, auto... count) {
      const auto self = weak.lock();
      if (self && self->line(channel).generation == generation) callback(error, count...);
    };
  }

  void open(vici::Channel channel) {
    shut(channel);
    Line& opening = line(channel);
    asio::local::stream_protocol::endpoint endpoint;
    try {
      endpoint = asio::local::stream_protocol::endpoint(path);
    } catch (const boost::system::system_error& error) {
      return report(channel, error.code().message());  // longer than sun_path
    }
    boost::system::error_code failed;
    opening.socket.open(endpoint.protocol(), failed);
    if (!failed) opening.socket.native_non_blocking(true, failed);
    if (failed) return report(channel, failed.message());
    close_on_exec(opening.socket.native_handle());
    connect(channel, endpoint);
  }

  void send(vici::Channel channel, std::string bytes) {
    Line& sending = line(channel);
    sending.unsent += bytes.size();
    if (sending.unsent > kMostUnsent) {
      shut(channel);
      return report(channel, "charon does not read what it is sent");
    }
    sending.queue.push_back(std::move(bytes));
    if (sending.queue.size() == 1) write(channel);
  }

  void lead_to(std::string_view other) {
    if (path == other) return;
    path = other;
    for (std::size_t index = 0; index < kChannels; ++index) {
      const auto channel = static_cast<vici::Channel>(index);
      if (!line(channel).socket.is_open()) continue;
      shut(channel);
      report(channel, "the configuration names this socket now");
    }
  }

  void shut(vici::Channel channel) {
    Line& closing = line(channel);
    ++closing.generation;
    boost::system::error_code ignored;
    closing.socket.close(ignored);
    closing.queue.clear();
    closing.unsent = 0;
  }

 private:
  // A UNIX socket connects at once or not at all. Asio's own connect would wait for a full backlog to become writable, which it
  // always is, and take that for a connection.
  void connect(vici::Channel channel, const asio::local::stream_protocol::endpoint& endpoint) {
    const int fd = line(channel).socket.native_handle();
    if (::connect(fd, endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0) {
      const int code = errno;
      if (code == EAGAIN) return report(channel, "charon does not accept connections; is it stopped?");
      return report(channel, boost::system::error_code(code, boost::system::system_category()).message());
    }
    asio::post(context, [connected = guarded(channel, [this, channel](const boost::system::error_code&) {
                           Line& opened = line(channel);
                           const std::uint64_t generation = opened.generation;
                           wiring.opened(channel, wiring.run_of_peer(opened.socket.native_handle()));
                           if (opened.generation == generation) read(channel);
                         })]() mutable { connected(boost::system::error_code{}); });
  }

  void report(vici::Channel channel, std::string reason) {
    asio::post(context, [lost = guarded(channel, [this, channel, reason = std::move(reason)](const boost::system::error_code&) {
                           shut(channel);
                           wiring.closed(channel, path + ": " + reason);
                         })]() mutable { lost(boost::system::error_code{}); });
  }

  void lost(vici::Channel channel, const boost::system::error_code& error) {
    shut(channel);
    wiring.closed(channel, path + ": " + error.message());
  }

  void read(vici::Channel channel) {
    Line& reading = line(channel);
    reading.socket.async_read_some(asio::buffer(reading.buffer),
                                   guarded(channel, [this, channel](const boost::system::error_code& error, std::size_t count) {
                                     if (error) return lost(channel, error);
                                     Line& ready = line(channel);
                                     const std::uint64_t generation = ready.generation;
                                     wiring.received(channel, {ready.buffer.data(), count});
                                     if (ready.generation == generation) read(channel);
                                   }));
  }

  void write(vici::Channel channel) {
    Line& writing = line(channel);
    asio::async_write(writing.socket, asio::buffer(writing.queue.front()),
                      guarded(channel, [this, channel](const boost::system::error_code& error, std::size_t) {
                        if (error) return lost(channel, error);
                        Line& written = line(channel);
                        written.unsent -= written.queue.front().size();
                        written.queue.pop_front();
                        if (!written.queue.empty()) write(channel);
                      }));
  }

  asio::io_context& context;
  std::string path;
  Wiring wiring;
  std::array<std::optional<Line>, kChannels> lines;
};

ViciTransport::ViciTransport(asio::io_context& context, const std::string& uri, Wiring wiring)
    : state_(std::make_shared<State>(context, path_of(uri), std::move(wiring))) {}
ViciTransport::~ViciTransport() = default;
ViciTransport::ViciTransport(ViciTransport&&) noexcept = default;
ViciTransport& ViciTransport::operator=(ViciTransport&&) noexcept = default;

void ViciTransport::carry_out(vici::Effect effect) {
  struct Visitor {
    State& state;
    void operator()(const vici::Open& open) const { state.open(open.channel); }
    void operator()(vici::Send& send) const { state.send(send.channel, std::move(send.bytes)); }
    void operator()(const vici::Close& close) const { state.shut(close.channel); }
  };
  std::visit(Visitor{*state_}, effect);
}

void ViciTransport::lead_to(const std::string& uri) { state_->lead_to(path_of(uri)); }

}  // namespace vtid::io
