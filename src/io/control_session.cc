#include "io/control_session.h"

#include <fmt/format.h>
#include <poll.h>

#include <array>
#include <utility>

#include "base/duration.h"
#include "base/log.h"

namespace vtid::io {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using boost::system::error_code;

constexpr std::size_t kReadSize = 16'384;
constexpr Duration kGlance{1'000};  // where the system does not tell by itself that a client has hung up

// Whether the other end is closed. One that only sends no more (shutdown of one direction) still reads.
bool has_hung_up(int fd) {
  pollfd look{fd, 0, 0};
  return ::poll(&look, 1, 0) > 0 && (look.revents & (POLLHUP | POLLERR)) != 0;
}

}  // namespace

// A command whose result the session's coroutine waits for; resumed once.
struct ControlSession::Waiting {
  std::function<void(model::CommandResult)> resume;

  void finish(model::CommandResult result) {
    if (auto once = std::exchange(resume, nullptr)) once(std::move(result));
  }
};

ControlSession::ControlSession(Socket socket, const Client& client, std::shared_ptr<const ControlWiring> wiring,
                               std::shared_ptr<ControlTurns> turns)
    : socket_(std::move(socket)),
      client_(client),
      wiring_(std::move(wiring)),
      turns_(std::move(turns)),
      deadline_(socket_.get_executor()),
      drained_(socket_.get_executor()),
      idle_(socket_.get_executor()),
      glance_(socket_.get_executor()) {}

ControlSession::~ControlSession() {
  for (const Outgoing& outgoing : queue_) forget(outgoing);
  give_long_request_back();
}

awaitable<void> ControlSession::run() {
  const auto self = shared_from_this();
  const std::size_t longest = client_.access == control::Access::full ? protocol::kMaxRequest : protocol::kMaxShortRequest;
  control::Framer framer(protocol::kMaxShortRequest, longest, [this] { return may_grow(); });
  std::array<char, kReadSize> bytes{};
  watch_for_hang_up();
  rest();
  while (!closing_) {
    const auto [error, count] = co_await socket_.async_read_some(asio::buffer(bytes), kNoThrow);
    tell(error);
    if (error) break;
    framer.feed({bytes.data(), count});
    for (auto line = framer.next(); line && !closing_; line = framer.next()) {
      work();
      co_await turn();
      if (!closing_) co_await answer(*line);
      rest();
    }
  }
  if (queue_.empty() || !closing_) close();  // else the last lines are still being written
}

bool ControlSession::follows(std::string_view kind) const { return follows_ && !closing_ && (kind_.empty() || kind_ == kind); }

void ControlSession::publish(std::shared_ptr<const std::string> line) {
  if (queue_.size() < kMaxQueuedEvents && event_bytes_ < kMaxQueuedEventBytes) return put({std::move(line), true});
  log::warning("control session dropped", {{"uid", std::to_string(client_.caller.uid)},
                                           {"pid", std::to_string(client_.caller.pid)},
                                           {"reason", "it reads slower than events come"}});
  drop("you read slower than events come; watch again");
}

void ControlSession::drop(std::string_view reason) {
  while (queue_.size() > 1) {  // the first one is being written
    forget(queue_.back());
    queue_.pop_back();
  }
  send(control::closing_line(reason));
  closing_ = true;
}

void ControlSession::refuse(std::string line) {
  send(std::move(line));
  closing_ = true;
}

// That a client went away is no news.
void ControlSession::tell(error_code error) const {
  using namespace asio::error;
  if (!error || error == eof || error == operation_aborted || error == connection_reset || error == broken_pipe) return;
  log::warning("control session failed", {{"uid", std::to_string(client_.caller.uid)}, {"error", error.message()}});
}

void ControlSession::close() {
  closing_ = true;
  error_code ignored;
  socket_.close(ignored);
  for (asio::steady_timer* timer : {&deadline_, &drained_, &idle_, &glance_}) timer->cancel();
  abandon();
}

// ---- a client that asks for nothing ----------------------------------------------------------------------------------

void ControlSession::rest() {
  if (closing_ || follows_) return;
  idle_since_ = Clock::now();
  rest_for(wiring_->idle_limit, "no request came for");
}

void ControlSession::rest_for(Duration most, std::string_view reason) {
  idle_.expires_after(most);
  idle_.async_wait([weak = weak_from_this(), most, reason](error_code error) {
    const auto self = weak.lock();
    if (!error && self && self->idle_since()) self->drop(fmt::format("{} {}", reason, print_duration(most)));
  });
}

void ControlSession::work() {
  idle_since_.reset();
  idle_.cancel();
}

// ---- a client that leaves --------------------------------------------------------------------------------------------

void ControlSession::watch_for_hang_up() {
  socket_.async_wait(Socket::wait_error, [self = shared_from_this()](error_code error) {
    self->tell(error);
    if (!error) self->look_for_hang_up();
  });
}

// Nobody waits for the command that is under way. What the client asked before it left is still served.
void ControlSession::look_for_hang_up() {
  if (closing_ || left_ || !has_hung_up(socket_.native_handle())) return;
  left_ = true;
  abandon();
}

void ControlSession::abandon() {
  if (const auto waiting = std::exchange(waiting_, nullptr)) waiting->finish(fail("the client left"));
}

// ---- long requests ---------------------------------------------------------------------------------------------------

bool ControlSession::may_grow() {
  if (client_.access != control::Access::full) return false;
  has_long_request_ = has_long_request_ || turns_->take_long_request();
  crowded_ = !has_long_request_;
  if (has_long_request_ && idle_since_) rest_for(wiring_->long_request_limit, "a long request did not end within");
  return has_long_request_;
}

void ControlSession::give_long_request_back() {
  if (std::exchange(has_long_request_, false)) turns_->give_long_request_back();
}

std::string ControlSession::too_long() const {
  if (!crowded_) return control::too_long_line(client_.access);
  return control::busy_line({fmt::format("{} long requests are being sent already", ControlTurns::kMaxLongRequests),
                             "try again when one of them has ended"});
}

// ---- requests --------------------------------------------------------------------------------------------------------

awaitable<void> ControlSession::turn() {
  const auto start = [this](auto handler) {
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    turns_->wait(client_.lane, [shared] { std::move (*shared)(); });
  };
  return asio::async_initiate<const asio::use_awaitable_t<>, void()>(start, asio::use_awaitable);
}

awaitable<void> ControlSession::answer(const control::Line& line) {
  if (line.too_long) {
    send(too_long());
  } else {
    co_await serve(line.text);
  }
  crowded_ = false;
  give_long_request_back();
  co_await drain();
}

awaitable<void> ControlSession::serve(const std::string& line) {
  auto action = control::dispatch(line, client_.access, wiring_->snapshot);
  if (auto* say = std::get_if<control::Respond>(&action)) {
    send(std::move(say->line));
  } else if (auto* follow = std::get_if<control::Subscribe>(&action)) {
    follows_ = true;
    kind_ = follow->kind;
    send(std::move(follow->line));
  } else {
    co_await ask(std::move(std::get<control::Execute>(action)));
  }
}

awaitable<void> ControlSession::ask(control::Execute ask) {
  if (left_ && ask.change.empty()) co_return;  // nobody sees it
  const std::string uid = std::to_string(client_.caller.uid);
  const std::string pid = std::to_string(client_.caller.pid);
  if (!ask.change.empty()) log::info("change asked", {{"change", ask.change}, {"uid", uid}, {"pid", pid}});
  const model::CommandResult result = co_await post(std::move(ask.command));
  waiting_.reset();
  glance_.cancel();
  if (closing_) co_return;
  if (!ask.change.empty()) {
    log::info(left_ ? "change not awaited" : "change answered",
              {{"change", ask.change}, {"uid", uid}, {"pid", pid}, {"answer", result ? result->text : result.error().text}});
  }
  if (!left_) send(ask.reply(result, wiring_->snapshot()));
}

// The engine may call back at once or long after the client left; the coroutine goes on in its own turn either way.
awaitable<model::CommandResult> ControlSession::post(model::Command command) {
  const auto start = [this](auto handler, model::Command asked) {
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    waiting_ = std::make_shared<Waiting>();
    waiting_->resume = [shared, executor = socket_.get_executor()](model::CommandResult result) {
      asio::post(executor, [shared, result = std::move(result)]() mutable { std::move (*shared)(std::move(result)); });
    };
    const std::weak_ptr<Waiting> weak = waiting_;
    const auto finish = [weak](model::CommandResult result) {
      if (const auto waiting = weak.lock()) waiting->finish(std::move(result));
    };
    wiring_->post(std::move(asked), client_.caller, model::Reply(finish, weak));
    if (left_) return abandon();
    glance();
  };
  return asio::async_initiate<const asio::use_awaitable_t<>, void(model::CommandResult)>(start, asio::use_awaitable,
                                                                                         std::move(command));
}

void ControlSession::glance() {
  glance_.expires_after(kGlance);
  glance_.async_wait([weak = weak_from_this()](error_code error) {
    const auto self = weak.lock();
    if (error || !self) return;
    self->look_for_hang_up();
    if (self->waiting_) self->glance();
  });
}

// ---- answers ---------------------------------------------------------------------------------------------------------

// Queues a line and sees to it that it is written; nothing is written once the session is closing.
void ControlSession::send(std::string line) {
  if (!line.empty()) put({std::make_shared<const std::string>(std::move(line)), false});
}

void ControlSession::put(Outgoing outgoing) {
  if (closing_ || left_) return;
  const std::size_t size = outgoing.line->size();
  if (outgoing.is_event) {
    event_bytes_ += size;
  } else {
    turns_->hold(client_.lane, size);
  }
  queue_.push_back(std::move(outgoing));
  if (queue_.size() == 1) write_first();
}

void ControlSession::forget(const Outgoing& outgoing) {
  const std::size_t size = outgoing.line->size();
  if (outgoing.is_event) {
    event_bytes_ -= size;
  } else {
    turns_->release(client_.lane, size);
  }
}

void ControlSession::write_first() {
  const auto self = shared_from_this();
  deadline_.expires_after(kWriteDeadline);
  deadline_.async_wait([self](error_code error) {
    if (!error) self->close();
  });
  asio::async_write(socket_, asio::buffer(*queue_.front().line), [self](error_code error, std::size_t) {
    self->tell(error);
    if (error) return self->close();
    self->written();
  });
}

void ControlSession::written() {
  forget(queue_.front());
  queue_.pop_front();
  deadline_.cancel();
  if (!queue_.empty()) return write_first();
  if (closing_) return close();
  drained_.cancel();
}

// A client that asks and does not read is not asked for more.
awaitable<void> ControlSession::drain() {
  while (!queue_.empty() && socket_.is_open()) {
    drained_.expires_at(asio::steady_timer::time_point::max());
    co_await drained_.async_wait(kNoThrow);
  }
}

}  // namespace vtid::io
