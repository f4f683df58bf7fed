#include "io/control_session.h"

#include <array>

#include "base/log.h"
#include "control/framing.h"

namespace vtid::io {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using boost::system::error_code;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kReadSize = 16'384;

}  // namespace

ControlSession::ControlSession(Socket socket, control::Access access, model::Caller caller,
                               std::shared_ptr<const ControlWiring> wiring)
    : socket_(std::move(socket)),
      access_(access),
      caller_(caller),
      wiring_(std::move(wiring)),
      deadline_(socket_.get_executor()),
      drained_(socket_.get_executor()) {}

awaitable<void> ControlSession::run() {
  const auto self = shared_from_this();
  control::Framer framer;
  std::array<char, kReadSize> bytes{};
  while (!closing_) {
    const auto [error, count] = co_await socket_.async_read_some(asio::buffer(bytes), kNoThrow);
    if (error) break;
    framer.feed({bytes.data(), count});
    for (auto line = framer.next(); line && !closing_; line = framer.next()) {
      if (line->too_long) {
        send(control::too_long_line());
      } else {
        co_await serve(line->text);
      }
      co_await drain();
    }
  }
  if (queue_.empty() || !closing_) close();  // else the last lines are still being written
}

bool ControlSession::follows(std::string_view kind) const { return follows_ && !closing_ && (kind_.empty() || kind_ == kind); }

void ControlSession::publish(const std::string& line) {
  if (queue_.size() >= kMaxQueuedEvents) return drop("you read slower than events come; watch again");
  send(line);
}

// Says why, as far as the client still reads, and ends.
void ControlSession::drop(std::string_view reason) {
  log::warning("control session dropped",
               {{"uid", std::to_string(caller_.uid)}, {"pid", std::to_string(caller_.pid)}, {"reason", std::string(reason)}});
  if (queue_.size() > 1) queue_.resize(1);  // the first one is being written
  send(control::closing_line(reason));
  closing_ = true;
}

void ControlSession::refuse(std::string line) {
  send(std::move(line));
  closing_ = true;
}

void ControlSession::close() {
  closing_ = true;
  error_code ignored;
  socket_.close(ignored);
  deadline_.cancel();
  drained_.cancel();
}

awaitable<void> ControlSession::serve(const std::string& line) {
  auto action = control::dispatch(line, access_, *wiring_->snapshot());
  if (auto* say = std::get_if<control::Say>(&action)) {
    send(std::move(say->line));
  } else if (auto* follow = std::get_if<control::Follow>(&action)) {
    follows_ = true;
    kind_ = follow->kind;
    send(std::move(follow->line));
  } else {
    co_await ask(std::move(std::get<control::Ask>(action)));
  }
}

awaitable<void> ControlSession::ask(control::Ask ask) {
  const std::string uid = std::to_string(caller_.uid);
  const std::string pid = std::to_string(caller_.pid);
  if (!ask.change.empty()) log::info("change asked", {{"change", ask.change}, {"uid", uid}, {"pid", pid}});
  const model::CommandResult result = co_await post(std::move(ask.command));
  if (closing_) co_return;
  if (!ask.change.empty()) {
    log::info("change answered",
              {{"change", ask.change}, {"uid", uid}, {"pid", pid}, {"answer", result ? result->text : result.error().text}});
  }
  send(ask.reply(result, *wiring_->snapshot()));
}

// The engine may call back at once or long after the client left; the coroutine goes on in its own turn either way.
awaitable<model::CommandResult> ControlSession::post(model::Command command) {
  const auto start = [this](auto handler, model::Command asked) {
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    wiring_->post(std::move(asked), caller_, [shared, executor = socket_.get_executor()](model::CommandResult result) {
      asio::post(executor, [shared, result = std::move(result)]() mutable { std::move (*shared)(std::move(result)); });
    });
  };
  return asio::async_initiate<const asio::use_awaitable_t<>, void(model::CommandResult)>(start, asio::use_awaitable,
                                                                                         std::move(command));
}

// Queues a line and sees to it that it is written; nothing is written once the session is closing.
void ControlSession::send(std::string line) {
  if (line.empty() || closing_) return;
  queue_.push_back(std::move(line));
  if (queue_.size() == 1) write_first();
}

void ControlSession::write_first() {
  const auto self = shared_from_this();
  deadline_.expires_after(kWriteDeadline);
  deadline_.async_wait([self](error_code error) {
    if (!error) self->close();
  });
  asio::async_write(socket_, asio::buffer(queue_.front()), [self](error_code error, std::size_t) {
    if (error) return self->close();
    self->written();
  });
}

void ControlSession::written() {
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
