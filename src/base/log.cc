#include "base/log.h"

#include <poll.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <memory>
#include <mutex>
#include <optional>

#include "base/log_queue.h"
#include "base/printable.h"

namespace vtid::log {
namespace {

spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
    case Level::debug: return spdlog::level::debug;
    case Level::info: return spdlog::level::info;
    case Level::warning: return spdlog::level::warn;
    case Level::error: return spdlog::level::err;
  }
  return spdlog::level::err;
}

constexpr std::array kLevels{Level::debug, Level::info, Level::warning, Level::error};
constexpr std::chrono::milliseconds kLastPatience{200};
constexpr const char* kTextPattern = "%Y-%m-%dT%H:%M:%S.%e %l: %v";

bool for_journal = false;
std::optional<Queue> queue;  // engaged by open()

std::string formatted(spdlog::formatter& formatter, const spdlog::details::log_msg& message) {
  spdlog::memory_buf_t text;
  formatter.format(message, text);
  return fmt::to_string(text);
}

class QueueSink final : public spdlog::sinks::base_sink<std::mutex> {
 private:
  void sink_it_(const spdlog::details::log_msg& message) override { queue->push(formatted(*formatter_, message)); }
  void flush_() override {}
};

std::shared_ptr<spdlog::logger> make(std::shared_ptr<spdlog::sinks::sink> to) {
  auto logger = std::make_shared<spdlog::logger>("vtid", std::move(to));
  logger->set_pattern(for_journal ? "%v" : kTextPattern);
  return logger;
}

// syslog(3)'s numbers, as sd-daemon(3) wants them.
std::string_view journal_level(Level level) {
  switch (level) {
    case Level::debug: return "<7>";
    case Level::info: return "<6>";
    case Level::warning: return "<4>";
    case Level::error: return "<3>";
  }
  return "<3>";
}

std::shared_ptr<spdlog::logger>& logger() {
  static std::shared_ptr<spdlog::logger> instance = [] {
    auto quiet = make(std::make_shared<spdlog::sinks::stderr_sink_mt>());
    quiet->set_level(spdlog::level::warn);
    return quiet;
  }();
  return instance;
}

bool is_plain(std::string_view value) {
  return !value.empty() && std::ranges::all_of(value, [](unsigned char c) { return c > ' ' && c < 0x7f && c != '"'; });
}

// By the thread that writes, which must not wait for the logger's lock.
std::string dropped_line(std::uint64_t count) {
  const std::string text = fmt::format("log lines dropped count={}", count);
  if (for_journal) return fmt::format("{}{}\n", journal_level(Level::warning), text);
  spdlog::pattern_formatter formatter(kTextPattern);
  return formatted(formatter, {spdlog::source_loc{}, "vtid", spdlog::level::warn, text});
}

}  // namespace

Result<void> open(Sink sink, Level lowest) {
  for_journal = sink == Sink::journal;
  auto started = Queue::start(STDERR_FILENO, dropped_line);
  if (!started) return std::unexpected(started.error());
  queue.emplace(*std::move(started));
  logger() = make(std::make_shared<QueueSink>());
  logger()->set_level(spdlog_level(lowest));
  return {};
}

void set_level(Level lowest) { logger()->set_level(spdlog_level(lowest)); }

Level level() {
  const auto lowest = logger()->level();
  return *std::ranges::find(kLevels, lowest, spdlog_level);
}

std::string_view print(Level level) {
  switch (level) {
    case Level::debug: return "debug";
    case Level::info: return "info";
    case Level::warning: return "warning";
    case Level::error: return "error";
  }
  return "error";
}

std::optional<Level> parse_level(std::string_view name) {
  const auto* found = std::ranges::find(kLevels, name, print);
  return found == kLevels.end() ? std::nullopt : std::optional(*found);
}

void say(std::string_view line) {
  const std::string whole = std::string(line) + '\n';
  if (queue) {
    queue->push(whole);
  } else {
    std::fputs(whole.c_str(), stderr);
  }
}

void flush() {
  if (queue) queue->flush(kLastPatience);
}

std::string print_field(const Field& field) {
  std::string line(field.key);
  line += '=';
  if (is_plain(field.value)) return line += field.value;
  std::string quoted;
  for (const char c : field.value) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return line += '"' + printable(quoted) + '"';
}

// What a pipe takes at once (PIPE_BUF, poll(2)) cannot hang.
void last_words(const char* fault) noexcept {
  std::array<char, 256> line{};
  const int size = std::snprintf(line.data(), line.size(), "vtid: failed by a fault of its own: %s\n", fault);
  pollfd room{STDERR_FILENO, POLLOUT, 0};
  if (size <= 0 || ::poll(&room, 1, 0) != 1) return;
  [[maybe_unused]] const ssize_t written =
      ::write(STDERR_FILENO, line.data(), std::min(static_cast<std::size_t>(size), line.size() - 1));
}

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (!logger()->should_log(spdlog_level(level))) return;
  std::string line(for_journal ? journal_level(level) : "");
  line += event;
  for (const Field& field : fields) {
    line += ' ';
    line += print_field(field);
  }
  logger()->log(spdlog_level(level), "{}", line);
}

}  // namespace vtid::log
