// JSON text to a document, only while it stays within bounds: what is too long, too deep or too many is refused at the byte
// where it shows, before memory is spent on it. Never throws and never recurses, whatever the text holds.
// A client's bytes never become a document at all; this is for files of our own and for what programs of the system list.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/error.h"

namespace vtid {

// At most; each caller names its own.
struct JsonBounds {
  std::size_t bytes = 0;    // of the text
  std::size_t depth = 0;    // of arrays and objects within each other
  std::size_t values = 0;   // of every kind, arrays and objects included
  std::size_t members = 0;  // of one object: those of an ordered document are looked for one after the other
};

// For nlohmann::json and nlohmann::ordered_json. The error says what is wrong and at which byte, and quotes none of the text;
// of a key written twice the last value counts.
template <class Json = nlohmann::json>
[[nodiscard]] Result<Json> parse_bounded_json(std::string_view text, const JsonBounds& bounds);

extern template Result<nlohmann::json> parse_bounded_json(std::string_view text, const JsonBounds& bounds);
extern template Result<nlohmann::ordered_json> parse_bounded_json(std::string_view text, const JsonBounds& bounds);

}  // namespace vtid
