#include "io/mtu_probe.h"

#include <net/if.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/random.h"
#include "io/asio.h"
#include "io/echo_socket.h"
#include "monitor/echo.h"
#include "monitor/mtu_search.h"

namespace vtid::io {
namespace {

namespace asio = boost::asio;

constexpr Duration kPoll{10};
constexpr int kLeast = 100;  // a short echo, with either header: what crosses no longer than this is as good as cut
constexpr int kHeader4 = 20, kHeader6 = 40;
constexpr std::size_t kLongestPacket = 65'535;

class Probe : public std::enable_shared_from_this<Probe> {
 public:
  Probe(asio::io_context& context, std::vector<model::MtuPath> paths, MtusFound found, std::function<bool()> is_wanted)
      : paths_(std::move(paths)),
        found_(std::move(found)),
        is_wanted_(std::move(is_wanted)),
        timer_(context),
        buffer_(kLongestPacket) {}

  void begin_path() {
    if (findings_.size() == paths_.size() || !is_wanted_()) return found_(std::move(findings_));
    search_.emplace(std::min(kLeast, path().mtu), path().mtu);
    auto socket = open_echo_socket(path().destination.family());
    if (!socket) return end_path(socket.error().text);
    socket_ = *std::move(socket);
    if (auto set = forbid_fragments(socket_.get(), path().destination.family()); !set) return end_path(set.error().text);
    index_.value = ::if_nametoindex(path().device.text().c_str());
    if (index_.value == 0) return end_path(path().device.text() + " does not exist");
    begin_size();
  }

 private:
  [[nodiscard]] const model::MtuPath& path() const { return paths_[findings_.size()]; }

  void end_path(std::string trouble) {
    findings_.push_back({search_->longest(), std::move(trouble)});
    begin_path();
  }

  void begin_size() {
    if (!search_->next() || !is_wanted_()) return end_path({});
    tries_ = 0;
    send();
  }

  void send() {
    const bool v4 = path().destination.is_v4();
    const auto head = monitor::encode_request(
        path().destination.family(), {.id = static_cast<std::uint16_t>(cookie_), .sequence = ++sequence_, .cookie = cookie_});
    std::vector<std::uint8_t> message(static_cast<std::size_t>(*search_->next() - (v4 ? kHeader4 : kHeader6)));
    std::ranges::copy(head, message.begin());  // zeros behind it change no checksum
    const auto sent = send_echo(socket_.get(), {path().destination, path().source, index_, true}, message);
    if (!sent && sent.error().code != EMSGSIZE) return end_path(sent.error().text);
    deadline_ = sent ? asio::steady_timer::clock_type::now() + kMtuPatience : asio::steady_timer::time_point{};
    if (!sent) tries_ = kMtuTries;
    wait();
  }

  void wait() {
    timer_.expires_after(kPoll);
    timer_.async_wait([self = shared_from_this()](const boost::system::error_code& failure) {
      if (!failure) self->look();
    });
  }

  void look() {
    if (came_back()) {
      search_->on(true);
    } else if (asio::steady_timer::clock_type::now() < deadline_) {
      return wait();
    } else if (++tries_ < kMtuTries) {
      return send();
    } else {
      search_->on(false);
    }
    begin_size();
  }

  // A late answer to an earlier try of the size counts as well.
  [[nodiscard]] bool came_back() {
    const bool v4 = path().destination.is_v4();
    const auto wanted = static_cast<std::size_t>(*search_->next() - (v4 ? 0 : kHeader6));
    for (;;) {
      const auto packet = receive_echo(socket_.get(), buffer_);
      if (!packet || !*packet) return false;
      if ((*packet)->size != wanted || (*packet)->source != path().destination) continue;
      const std::size_t head = (v4 ? (buffer_[0] & 0x0fU) * 4U : 0U) + monitor::kEchoBytes;
      if (head > wanted) continue;
      const auto reply = monitor::decode_reply(path().destination.family(), std::span(buffer_).first(head));
      if (reply && reply->cookie == cookie_) return true;
    }
  }

  const std::vector<model::MtuPath> paths_;
  const MtusFound found_;
  const std::function<bool()> is_wanted_;
  asio::steady_timer timer_;
  std::vector<std::uint8_t> buffer_;
  const std::uint64_t cookie_ = random_bits();
  std::vector<model::MtuFinding> findings_;
  // of the path at hand
  std::optional<monitor::MtuSearch> search_;
  UniqueFd socket_;
  net::IfIndex index_{};
  int tries_ = 0;
  std::uint16_t sequence_ = 0;
  asio::steady_timer::time_point deadline_;
};

}  // namespace

void find_mtus(asio::io_context& context, std::vector<model::MtuPath> paths, MtusFound found, std::function<bool()> is_wanted) {
  const auto probe = std::make_shared<Probe>(context, std::move(paths), std::move(found), std::move(is_wanted));
  asio::post(context, [probe] { probe->begin_path(); });
}

}  // namespace vtid::io
