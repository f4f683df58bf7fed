// A log line is an event with fields: a fixed name, the object first, in the past tense.
//   log::info("tunnel up", {{"tunnel", "hq"}, {"device", "ipsec1"}});
// writes `tunnel up tunnel=hq device=ipsec1`. Never give it a secret. Once open() was called no line waits for its reader: what
// a reader that hangs leaves lying is kept up to a bound, then dropped, counted, and told as `log lines dropped count=7`.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace vtid::log {

enum class Level { debug, info, warning, error };

struct Field {
  std::string_view key;
  std::string value;
};

// Where lines go: stderr with a time, or a journal that reads stderr and takes the level from a "<6>" in front. Called once
// by main before the first line; tests leave it and see nothing below warning.
enum class Sink { stderr_text, journal };
[[nodiscard]] Result<void> open(Sink sink, Level lowest);

// Lines below it are not written. The level can be changed at any time.
void set_level(Level lowest);
[[nodiscard]] Level level();
[[nodiscard]] std::string_view print(Level level);  // "warning"
[[nodiscard]] std::optional<Level> parse_level(std::string_view name);

// A line as it is, for whoever started the program: before open(), and where there is none, by stderr itself.
void say(std::string_view line);

// Before the process ends: gives the reader a fifth of a second to take what waits.
void flush();

void write(Level level, std::string_view event, std::initializer_list<Field> fields);

inline void debug(std::string_view event, std::initializer_list<Field> fields = {}) { write(Level::debug, event, fields); }
inline void info(std::string_view event, std::initializer_list<Field> fields = {}) { write(Level::info, event, fields); }
inline void warning(std::string_view event, std::initializer_list<Field> fields = {}) { write(Level::warning, event, fields); }
inline void error(std::string_view event, std::initializer_list<Field> fields = {}) { write(Level::error, event, fields); }

// `key=value`, quoted when the value holds anything but plain ASCII words; printable whatever it holds. Exposed for its test.
[[nodiscard]] std::string print_field(const Field& field);

// For when nothing can be trusted any more: without memory, locks or waiting, to stderr.
void last_words(const char* fault) noexcept;

}  // namespace vtid::log
