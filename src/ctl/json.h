// Reading the daemon's answers without trusting them: a missing or strange field is shown as such, never an exception, and
// what a terminal would obey (a peer chooses its own IDs) is escaped, so that columns are as wide as they look.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace vtid::ctl {

using Json = nlohmann::ordered_json;

// As people read it: a string as it is, "" for null or nothing there, "yes" or "no", a number; else the JSON.
[[nodiscard]] std::string to_text(const Json& value);

// The member as text; "" when `object` has none.
[[nodiscard]] std::string text_of(const Json& object, std::string_view key);

// The member as a number; 0 when it is none.
[[nodiscard]] double number_of(const Json& object, std::string_view key);

// The member, or an empty array or object when it is missing or of another type.
[[nodiscard]] const Json& array_of(const Json& object, std::string_view key);
[[nodiscard]] const Json& object_of(const Json& object, std::string_view key);

// For --json: two spaces a level, no newline at the end; bytes that are not UTF-8 are replaced.
[[nodiscard]] std::string print_json(const Json& value);
[[nodiscard]] std::string print_json_line(const Json& value);

}  // namespace vtid::ctl
