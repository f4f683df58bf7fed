#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>

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

bool for_journal = false;

std::shared_ptr<spdlog::logger> make(Sink sink) {
  auto logger = std::make_shared<spdlog::logger>("vtid", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  for_journal = sink == Sink::journal;
  logger->set_pattern(for_journal ? "%v" : "%Y-%m-%dT%H:%M:%S.%e %l: %v");
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
    auto quiet = make(Sink::stderr_text);
    quiet->set_level(spdlog::level::warn);
    return quiet;
  }();
  return instance;
}

bool is_plain(std::string_view value) {
  return !value.empty() && std::ranges::all_of(value, [](unsigned char c) { return c > ' ' && c < 0x7f && c != '"'; });
}

}  // namespace

void open(Sink sink, Level lowest) {
  logger() = make(sink);
  logger()->set_level(spdlog_level(lowest));
  logger()->flush_on(spdlog::level::debug);
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
