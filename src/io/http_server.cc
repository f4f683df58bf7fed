#include "io/http_server.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <deque>
#include <map>
#include <set>

#include "base/log.h"
#include "base/random.h"
#include "control/pages.h"
#include "io/beast.h"
#include "io/close_on_exec.h"
#include "io/control_turns.h"
#include "io/tcp_listener.h"
#include "io/unix_listener.h"

namespace vtid::io {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::awaitable;
using boost::system::error_code;
using Protocol = asio::generic::stream_protocol;
using Acceptor = asio::basic_socket_acceptor<Protocol>;
using Clock = asio::steady_timer::clock_type;
using control::PageAnswer;

constexpr Duration kListenAgain{10'000};  // where it failed, and after a failed accept
constexpr std::string_view kComment = ": \n\n";

std::string_view reason_of(unsigned status) { return http::obsolete_reason(http::int_to_status(status)); }

std::string head_of(const PageAnswer& answer, std::size_t length, bool keep_alive) {
  return fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: {}\r\nCache-Control: no-store\r\n"
      "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\nCross-Origin-Resource-Policy: same-origin\r\n{}\r\n",
      answer.status, reason_of(answer.status), answer.type, length, keep_alive ? "keep-alive" : "close", answer.headers);
}

constexpr std::string_view kStreamHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\nCache-Control: no-store\r\n"
    "X-Content-Type-Options: nosniff\r\nCross-Origin-Resource-Policy: same-origin\r\n\r\n";

// 128 bits (W3C, Content Security Policy Level 3, 7.1).
std::string make_nonce() { return fmt::format("{:016x}{:016x}", random_bits(), random_bits()); }

}  // namespace

// What sessions share with the server.
struct HttpShared {
  HttpShared(asio::io_context& context, HttpWiring with)
      : wiring(std::move(with)), turns(std::make_shared<ControlTurns>(context.get_executor())) {}

  const HttpWiring wiring;
  const std::shared_ptr<ControlTurns> turns;
  model::GatewayHistory history;
  std::deque<std::pair<std::uint64_t, std::shared_ptr<const std::string>>> events;  // the latest last
  std::uint64_t last_event = 0;
  std::size_t streams = 0;
};

// One connection. Kept alive by its coroutine; ended by closing its socket.
class HttpSession : public std::enable_shared_from_this<HttpSession> {
 public:
  HttpSession(Protocol::socket socket, bool any_host, std::shared_ptr<HttpShared> shared)
      : socket_(std::move(socket)),
        any_host_(any_host),
        shared_(std::move(shared)),
        deadline_(socket_.get_executor()),
        news_(socket_.get_executor()) {}

  awaitable<void> run() {
    const auto self = shared_from_this();
    boost::beast::flat_buffer buffer(kMaxHttpHeader);
    for (bool more = true; more && !closing_;) more = co_await serve_one(buffer);
    close();
  }

  void publish(const std::shared_ptr<const std::string>& event) {
    if (!streams_ || closing_) return;
    if (queue_.size() >= kMaxStreamEvents) return close();  // the browser connects again and gets what it missed
    queue_.push_back(event);
    news_.cancel();
  }

  void close() {
    closing_ = true;
    error_code ignored;
    socket_.close(ignored);
    deadline_.cancel();
    news_.cancel();
    if (auto resume = std::exchange(resume_, nullptr)) resume(fail("the client left"));
  }

  [[nodiscard]] std::optional<Clock::time_point> idle_since() const { return closing_ ? std::nullopt : idle_since_; }

 private:
  using Request = http::request_parser<http::empty_body>;

  // False: there is to be no further one.
  awaitable<bool> serve_one(boost::beast::flat_buffer& buffer) {
    Request parser;
    parser.header_limit(kMaxHttpHeader);
    parser.body_limit(0);
    idle_since_ = Clock::now();
    limit(shared_->wiring.request_limit);
    const auto [error, count] = co_await http::async_read(socket_, buffer, parser, kNoThrow);
    idle_since_.reset();
    if (error == http::error::end_of_stream || closing_) co_return false;
    if (error) co_return co_await refuse(error);
    limit(shared_->wiring.request_limit);
    co_await turn();
    if (closing_) co_return false;
    co_return co_await answer(parser.get());
  }

  awaitable<bool> refuse(error_code error) {
    if (error.category() != http::make_error_code(http::error::bad_method).category()) co_return false;  // the connection's end
    const bool long_one = error == http::error::header_limit || error == http::error::buffer_overflow;
    const PageAnswer answer{long_one ? 431U : 400U, "text/plain; charset=utf-8", error.message() + '\n'};
    co_await write(answer, false, true);
    co_return false;
  }

  awaitable<bool> answer(const http::request<http::empty_body>& request) {
    const std::string method(request.method_string()), target(request.target()), host(request[http::field::host]);
    const std::string accept(request[http::field::accept]);
    auto action = control::answer_page({method, target, host, accept}, {any_host_, make_nonce()});
    if (std::holds_alternative<control::PageStream>(action) && method == "GET") {
      const PageAnswer full{503, "text/plain; charset=utf-8", "there are too many event streams already\n"};
      if (shared_->streams >= kMaxHttpStreams) co_return co_await write(full, false, true);
      const std::string last_seen(request["Last-Event-ID"]);
      co_await stream(last_seen);
      co_return false;
    }
    PageAnswer page;
    if (auto* look = std::get_if<control::PageLook>(&action)) {
      co_await post(std::move(look->command));
      if (closing_) co_return false;
      page = look->render(*shared_->wiring.snapshot(), shared_->history);
    } else if (auto* ready = std::get_if<PageAnswer>(&action)) {
      page = std::move(*ready);
    }
    co_return co_await write(page, request.keep_alive(), method != "HEAD");
  }

  awaitable<bool> write(const PageAnswer& answer, bool keep_alive, bool with_body) {
    const std::string head = head_of(answer, answer.body.size(), keep_alive);
    const std::array<asio::const_buffer, 2> parts{asio::buffer(head),
                                                  with_body ? asio::buffer(answer.body) : asio::const_buffer{}};
    const bool written = co_await write_all(parts);
    co_return written&& keep_alive;
  }

  template <class Buffers>
  awaitable<bool> write_all(const Buffers& buffers) {
    const std::size_t size = asio::buffer_size(buffers);
    shared_->turns->hold(ControlTurns::Lane::view, size);
    limit(shared_->wiring.write_limit);
    const auto [error, count] = co_await asio::async_write(socket_, buffers, kNoThrow);
    shared_->turns->release(ControlTurns::Lane::view, size);
    co_return !error && !closing_;
  }

  // Until the client is gone: what it has missed, then what comes, and a sign of life where nothing does.
  awaitable<void> stream(const std::string& last_seen) {
    ++shared_->streams;
    streams_ = true;
    // A client of a stream has nothing more to say: what can be read is its end.
    socket_.async_wait(Protocol::socket::wait_read, [weak = weak_from_this()](error_code error) {
      if (const auto self = weak.lock(); self && !error) self->close();
    });
    std::uint64_t seen = 0;
    std::from_chars(last_seen.data(), last_seen.data() + last_seen.size(), seen);
    if (seen > shared_->last_event) seen = 0;  // of a vtid that is no more
    for (const auto& [id, event] : shared_->events)
      if (id > seen) queue_.push_back(event);
    bool well = co_await write_all(asio::buffer(kStreamHead));
    while (well && !closing_) {
      deadline_.cancel();
      if (queue_.empty()) {
        news_.expires_after(shared_->wiring.heartbeat);
        co_await news_.async_wait(kNoThrow);
      }
      if (closing_) break;
      const auto next = queue_.empty() ? std::make_shared<const std::string>(kComment) : queue_.front();
      if (!queue_.empty()) queue_.pop_front();
      well = co_await write_all(asio::buffer(*next));
    }
    --shared_->streams;
  }

  awaitable<void> turn() {
    const auto start = [this](auto handler) {
      auto shared = std::make_shared<decltype(handler)>(std::move(handler));
      shared_->turns->wait(ControlTurns::Lane::view, [shared] { std::move (*shared)(); });
    };
    return asio::async_initiate<const asio::use_awaitable_t<>, void()>(start, asio::use_awaitable);
  }

  // The engine may call back at once or long after the client left; the coroutine goes on in its own turn either way. That the
  // counters could not be refreshed leaves the last known ones.
  awaitable<model::CommandResult> post(model::Command command) {
    const auto start = [self = shared_from_this()](auto handler, model::Command asked) {
      auto shared = std::make_shared<decltype(handler)>(std::move(handler));
      self->resume_ = [shared, executor = self->socket_.get_executor()](model::CommandResult result) {
        asio::post(executor, [shared, result = std::move(result)]() mutable { std::move (*shared)(std::move(result)); });
      };
      const std::weak_ptr<HttpSession> weak = self;
      const auto finish = [weak](model::CommandResult result) {
        const auto session = weak.lock();
        if (auto resume = session ? std::exchange(session->resume_, nullptr) : nullptr) resume(std::move(result));
      };
      self->shared_->wiring.post(std::move(asked), {}, model::Reply(finish, weak));
    };
    return asio::async_initiate<const asio::use_awaitable_t<>, void(model::CommandResult)>(start, asio::use_awaitable,
                                                                                           std::move(command));
  }

  void limit(Duration most) {
    deadline_.expires_after(most);
    deadline_.async_wait([weak = weak_from_this()](error_code error) {
      if (const auto self = weak.lock(); self && !error) self->close();
    });
  }

  Protocol::socket socket_;
  const bool any_host_;
  const std::shared_ptr<HttpShared> shared_;
  asio::steady_timer deadline_;  // of what is under way
  asio::steady_timer news_;      // of a stream: cancelled when there is something to write
  std::deque<std::shared_ptr<const std::string>> queue_;
  std::optional<Clock::time_point> idle_since_;  // while a request is awaited
  std::function<void(model::CommandResult)> resume_;
  bool streams_ = false;
  bool closing_ = false;
};

// ---- the listeners ---------------------------------------------------------------------------------------------------

struct HttpDoor {
  HttpDoor(asio::io_context& context, model::HttpEndpoint where) : acceptor(context), pause(context), at(std::move(where)) {}
  Acceptor acceptor;
  asio::steady_timer pause;
  const model::HttpEndpoint at;
  bool closed = false;

  Result<void> open(const std::string& group) {
    auto fd = at.path.empty() ? listen_on_tcp(at.address, at.port) : listen_on(at.path, group);
    if (!fd) return std::unexpected(fd.error());
    error_code error;
    const int family = !at.path.empty() ? AF_UNIX : at.address.is_v4() ? AF_INET : AF_INET6;
    acceptor.assign(Protocol(family, 0), fd->get(), error);
    if (error) return fail(fmt::format("cannot watch {}: {}", model::print(at), error.message()));
    static_cast<void>(fd->release());
    return {};
  }
  void close() {
    closed = true;
    pause.cancel();
    if (!acceptor.is_open()) return;
    error_code ignored;
    acceptor.close(ignored);
    if (!at.path.empty()) ::unlink(at.path.c_str());
  }
};

struct HttpServer::State : std::enable_shared_from_this<State> {
  State(asio::io_context& on, HttpWiring with)
      : context(on), shared(std::make_shared<HttpShared>(on, std::move(with))), sampling(on) {}

  asio::io_context& context;
  const std::shared_ptr<HttpShared> shared;
  asio::steady_timer sampling;
  model::HttpConfig config;
  std::vector<std::shared_ptr<HttpDoor>> doors;
  std::set<std::shared_ptr<HttpSession>> sessions;

  static awaitable<void> accept(std::shared_ptr<State> self, std::shared_ptr<HttpDoor> door) {
    while (!door->closed) {
      if (!door->acceptor.is_open()) {
        if (const auto opened = door->open(self->shared->wiring.group); !opened) {
          log::warning("http listen failed",
                       {{"at", model::print(door->at)}, {"error", opened.error().text}, {"remedy", opened.error().remedy}});
          co_await rest(*door);
          continue;
        }
        log::info("http listens", {{"at", model::print(door->at)}});
      }
      auto [error, socket] = co_await door->acceptor.async_accept(kNoThrow);
      if (door->closed) break;
      if (error) {
        log::warning("http accept failed", {{"at", model::print(door->at)}, {"error", error.message()}});
        co_await rest(*door);
      } else {
        self->welcome(*door, std::move(socket));
      }
    }
  }

  static awaitable<void> rest(HttpDoor& door) {
    door.pause.expires_after(kListenAgain);
    co_await door.pause.async_wait(kNoThrow);
  }

  void welcome(const HttpDoor& door, Protocol::socket socket) {
    close_on_exec(socket.native_handle());
    if (sessions.size() >= kMaxHttpSessions && !make_room()) return;  // closes it
    const bool any_host = config.allow_remote || !door.at.path.empty();
    const auto session = std::make_shared<HttpSession>(std::move(socket), any_host, shared);
    sessions.insert(session);
    asio::co_spawn(context, session->run(),
                   [self = shared_from_this(), session](const std::exception_ptr&) { self->sessions.erase(session); });
  }

  // Ends the one that has asked for nothing for longest; false where all are served.
  [[nodiscard]] bool make_room() const {
    HttpSession* idlest = nullptr;
    for (const auto& session : sessions) {
      if (!session->idle_since()) continue;
      if (idlest == nullptr || *session->idle_since() < *idlest->idle_since()) idlest = session.get();
    }
    if (idlest != nullptr) idlest->close();
    return idlest != nullptr;
  }

  // While somebody may look at it.
  void sample() {
    if (doors.empty()) return;
    shared->history.add(shared->wiring.snapshot()->gateways);
    sampling.expires_after(model::kHistoryInterval);
    sampling.async_wait([weak = weak_from_this()](error_code error) {
      if (const auto self = weak.lock(); self && !error) self->sample();
    });
  }

  void close() {
    sampling.cancel();
    for (const auto& door : doors) door->close();
    doors.clear();
    for (const auto& session : sessions) session->close();
    shared->turns->close();
  }
};

HttpServer::HttpServer(asio::io_context& context, HttpWiring wiring)
    : state_(std::make_shared<State>(context, std::move(wiring))) {}
HttpServer::HttpServer(HttpServer&&) noexcept = default;
HttpServer::~HttpServer() {
  if (state_) state_->close();
}

void HttpServer::lead_to(const model::HttpConfig& config) {
  if (state_->config == config) return;
  state_->config = config;
  const bool was_closed = state_->doors.empty();
  std::erase_if(state_->doors, [&](const auto& door) {
    const bool stays = std::ranges::find(config.listen, door->at) != config.listen.end();
    if (!stays) door->close();
    return !stays;
  });
  for (const model::HttpEndpoint& endpoint : config.listen) {
    if (std::ranges::any_of(state_->doors, [&](const auto& door) { return door->at == endpoint; })) continue;
    state_->doors.push_back(std::make_shared<HttpDoor>(state_->context, endpoint));
    asio::co_spawn(state_->context, State::accept(state_, state_->doors.back()), asio::detached);
  }
  if (was_closed) state_->sample();
  if (!state_->doors.empty()) return;
  state_->shared->history = {};
  for (const auto& session : state_->sessions) session->close();
}

void HttpServer::publish(const model::Event& event) {
  HttpShared& shared = *state_->shared;
  if (state_->doors.empty()) return;
  auto line = std::make_shared<const std::string>(control::stream_event(++shared.last_event, event));
  shared.events.emplace_back(shared.last_event, line);
  if (shared.events.size() > kMaxKeptEvents) shared.events.pop_front();
  for (const auto& session : state_->sessions) session->publish(line);
}

}  // namespace vtid::io
