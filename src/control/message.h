// JSON-RPC 2.0 envelopes: a line to a request, a result or an error to a line. Knows nothing of methods. Never throws;
// bytes that are not UTF-8 (a device alias, an error text of the system) are replaced, not refused.
//
// What a client sends never becomes a document: it is read into one flat request, value by value, and reading ends at the
// first one that is too deep or too many. So a line costs time in proportion to its length and memory for what is kept of it.
#pragma once

#include <expected>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace vtid::control {

using Json = nlohmann::ordered_json;  // fields appear in the order in which they are written

// A value that is JSON text already.
struct Rendered {
  std::string text;
};

[[nodiscard]] std::string dump(const Json& value);

// What is common to the lines that answer one request. A notification has no id, and its answers are empty.
class Reply {
 public:
  Reply() = default;  // to a line whose id could not be read: JSON-RPC answers those with a null id
  explicit Reply(std::optional<std::string> id) : id_(std::move(id)) {}  // the id's JSON text

  [[nodiscard]] bool is_awaited() const { return id_.has_value(); }
  [[nodiscard]] std::string result(const Json& value) const;
  [[nodiscard]] std::string result(Rendered value) const;
  // `error`'s remedy and code, and the members of `more`, become the error's data.
  [[nodiscard]] std::string error(int code, const Error& error, const Json& more = Json::object()) const;

 private:
  [[nodiscard]] std::string line(std::string_view member, std::string value) const;

  std::optional<std::string> id_ = "null";
};

struct Argument {
  std::string name;
  std::optional<std::string> text;  // nothing when it is not a string
};

struct Request {
  Reply reply;
  std::string method;
  std::vector<Argument> arguments;  // each name once

  [[nodiscard]] const Argument* argument(std::string_view name) const;
};

// The request, or the line that says what is wrong with it.
[[nodiscard]] std::expected<Request, std::string> parse_request(std::string_view line);

[[nodiscard]] std::string notification_line(std::string_view method, const Json& params);

inline constexpr std::size_t kMostArguments = 8;   // of one request
inline constexpr std::size_t kMostMembers = 16;    // beside "params"; those that JSON-RPC does not know are ignored
inline constexpr std::size_t kMostValues = 64;     // of every kind, the ignored ones and what is within them included
inline constexpr std::size_t kDeepestRequest = 8;  // levels: only what is ignored or refused has more than two
inline constexpr std::size_t kLongestId = 255;     // bytes; an answer repeats it

}  // namespace vtid::control
