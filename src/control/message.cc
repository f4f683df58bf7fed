#include "control/message.h"

#include <utility>

#include "vtid/protocol.h"

namespace vtid::control {
namespace {

constexpr std::string_view kRpcVersion = "2.0";

std::string print_line(const Json& message) { return message.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n'; }

// Whether the id, if there is one, is of a kind that an answer may repeat. Asked before it is copied: copying a deeply
// nested value would recurse.
bool has_valid_id(const Json& message) {
  const auto id = message.find("id");
  return id == message.end() || id->is_string() || id->is_number() || id->is_null();
}

std::string invalid(const Reply& reply, std::string text) {
  return reply.error(protocol::kInvalidRequest,
                     {std::move(text), R"(a request is one line: {"jsonrpc":"2.0","id":1,"method":"status"})"});
}

}  // namespace

std::string Reply::result(Json value) const {
  if (!id_) return {};
  return print_line({{"jsonrpc", kRpcVersion}, {"id", *id_}, {"result", std::move(value)}});
}

std::string Reply::error(int code, const Error& error, const Json& more) const {
  if (!id_) return {};
  Json data = Json::object();
  data["remedy"] = error.remedy;
  if (error.code != 0) data["errno"] = error.code;
  data.update(more);
  return print_line(
      {{"jsonrpc", kRpcVersion}, {"id", *id_}, {"error", {{"code", code}, {"message", error.text}, {"data", data}}}});
}

std::expected<Request, std::string> parse_request(std::string_view line) {
  Json message = Json::parse(line, nullptr, false);
  if (message.is_discarded()) {
    return std::unexpected(Reply().error(protocol::kParseError, {"this line is not JSON", "write one JSON object per line"}));
  }
  if (message.is_array()) return std::unexpected(invalid(Reply(), "batches are not served: send a line per request"));
  if (!message.is_object()) return std::unexpected(invalid(Reply(), "a request is a JSON object"));
  if (!has_valid_id(message)) return std::unexpected(invalid(Reply(), "\"id\" must be a string, a number or null"));
  const std::optional<Json> id = message.contains("id") ? std::optional<Json>(message["id"]) : std::nullopt;
  const auto version = message.find("jsonrpc");
  const auto method = message.find("method");
  if (version == message.end() || *version != kRpcVersion || method == message.end() || !method->is_string()) {
    return std::unexpected(invalid(Reply(id.value_or(nullptr)), "a request needs \"jsonrpc\": \"2.0\" and a \"method\""));
  }
  Request request{Reply(id), method->get<std::string>(), Json::object()};
  if (const auto params = message.find("params"); params != message.end()) request.params = std::move(*params);
  if (!request.params.is_object()) {
    return std::unexpected(
        request.reply.error(protocol::kInvalidParams, {"\"params\" must be an object", "parameters are given by name"}));
  }
  return request;
}

std::string notification_line(std::string_view method, Json params) {
  return print_line({{"jsonrpc", kRpcVersion}, {"method", method}, {"params", std::move(params)}});
}

}  // namespace vtid::control
