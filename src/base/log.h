// A log line is an event with fields: a fixed name, the object first, in the past tense.
//   log::info("tunnel up", {{"tunnel", "hq"}, {"device", "ipsec1"}});
// writes `tunnel up tunnel=hq device=ipsec1`. Never give it a secret.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace vtid::log {

enum class Level { debug, info, warning, error };

struct Field {
  std::string_view key;
  std::string value;
};

// Where lines go: stderr with a time, or a journal that reads stderr and takes the level from a "<6>" in front. Called once
// by main before the first line; tests leave it and see nothing below warning.
enum class Sink { stderr_text, journal };
void open(Sink sink, Level lowest);

void write(Level level, std::string_view event, std::initializer_list<Field> fields);

inline void debug(std::string_view event, std::initializer_list<Field> fields = {}) { write(Level::debug, event, fields); }
inline void info(std::string_view event, std::initializer_list<Field> fields = {}) { write(Level::info, event, fields); }
inline void warning(std::string_view event, std::initializer_list<Field> fields = {}) { write(Level::warning, event, fields); }
inline void error(std::string_view event, std::initializer_list<Field> fields = {}) { write(Level::error, event, fields); }

// `key=value`, quoted when the value holds anything but plain ASCII words; printable whatever it holds. Exposed for its test.
[[nodiscard]] std::string print_field(const Field& field);

}  // namespace vtid::log
