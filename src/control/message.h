// JSON-RPC 2.0 envelopes: a line to a request, a result or an error to a line. Knows nothing of methods. Never throws;
// bytes that are not UTF-8 (a device alias, an error text of the system) are replaced, not refused.
#pragma once

#include <expected>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace vtid::control {

using Json = nlohmann::ordered_json;  // fields appear in the order in which they are written

// What is common to the lines that answer one request. A notification has no id, and its answers are empty.
class Reply {
 public:
  Reply() = default;  // to a line whose id could not be read: JSON-RPC answers those with a null id
  explicit Reply(std::optional<Json> id) : id_(std::move(id)) {}

  [[nodiscard]] std::string result(Json value) const;
  // `error`'s remedy and code, and the members of `more`, become the error's data.
  [[nodiscard]] std::string error(int code, const Error& error, const Json& more = Json::object()) const;

 private:
  std::optional<Json> id_ = Json(nullptr);
};

struct Request {
  Reply reply;
  std::string method;
  Json params;  // an object
};

// The request, or the line that says what is wrong with it.
[[nodiscard]] std::expected<Request, std::string> parse_request(std::string_view line);

[[nodiscard]] std::string notification_line(std::string_view method, Json params);

}  // namespace vtid::control
