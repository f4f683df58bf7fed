#include "control/message.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "vtid/protocol.h"

namespace vtid::control {
namespace {

constexpr std::string_view kRpcVersion = "2.0";

std::string invalid(const Reply& reply, std::string text) {
  return reply.error(protocol::kInvalidRequest,
                     {std::move(text), R"(a request is one line: {"jsonrpc":"2.0","id":1,"method":"status"})"});
}

std::string invalid_params(const Reply& reply, std::string text) {
  return reply.error(protocol::kInvalidParams, {std::move(text), "parameters are given by name, each once, as strings"});
}

// What the parser's events leave of a line. An event that returns false ends the reading.
class Reader final : public nlohmann::json_sax<Json> {
 public:
  enum class Kind : std::uint8_t { none, string, number, null, object, other };
  struct Value {
    Kind kind = Kind::none;
    std::string text;  // of a string; a number as it was written
  };

  Value root, version, id, method, params;
  std::vector<Argument> arguments;
  std::string problem;         // with the members
  std::string params_problem;  // within "params"
  bool syntax_is_wrong = false;

  bool null() override { return scalar(Kind::null, "null"); }
  bool boolean(bool) override { return scalar(Kind::other, {}); }
  bool number_integer(std::int64_t value) override { return scalar(Kind::number, fmt::format("{}", value)); }
  bool number_unsigned(std::uint64_t value) override { return scalar(Kind::number, fmt::format("{}", value)); }
  bool number_float(double, const std::string& text) override { return scalar(Kind::number, text); }
  bool string(std::string& value) override { return scalar(Kind::string, std::move(value)); }
  bool binary(Json::binary_t&) override { return false; }  // not in JSON text
  bool start_object(std::size_t) override { return open(Kind::object); }
  bool start_array(std::size_t) override { return open(Kind::other); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(std::string& name) override {
    if (depth_ == 1) return member(name);
    return !in_params() || parameter(name);
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    syntax_is_wrong = true;
    return false;
  }

 private:
  bool refuse(std::string& where, std::string text) {
    where = std::move(text);
    return false;
  }

  [[nodiscard]] bool in_params() const { return depth_ == 2 && member_ == &params && params.kind == Kind::object; }

  bool member(std::string_view name) {
    if (++members_ > kMostMembers) return refuse(problem, fmt::format("a request has at most {} members", kMostMembers));
    const std::array<std::pair<std::string_view, Value*>, 4> known{
        {{"jsonrpc", &version}, {"id", &id}, {"method", &method}, {"params", &params}}};
    const auto found = std::ranges::find(known, name, &std::pair<std::string_view, Value*>::first);
    member_ = found == known.end() ? &ignored_ : found->second;
    if (member_ == &ignored_ || member_->kind == Kind::none) return true;
    return refuse(problem, fmt::format("\"{}\" is written twice", name));
  }

  bool parameter(std::string& name) {
    if (arguments.size() >= kMostArguments) {
      return refuse(params_problem, fmt::format("a request has at most {} parameters", kMostArguments));
    }
    if (std::ranges::find(arguments, name, &Argument::name) != arguments.end()) params_problem = "a parameter is given twice";
    arguments.push_back({std::move(name), std::nullopt});
    return true;
  }

  bool count() {
    return ++values_ <= kMostValues || refuse(problem, fmt::format("a request has at most {} values", kMostValues));
  }

  // A value of the request itself; what lies deeper is only counted.
  void keep(Kind kind, std::string text) {
    if (depth_ == 0) root = {kind, {}};
    if (depth_ == 1 && root.kind == Kind::object)
      *member_ = {kind, std::move(text)};
    else if (in_params() && kind == Kind::string)
      arguments.back().text = std::move(text);
  }

  bool scalar(Kind kind, std::string text) {
    if (!count()) return false;
    keep(kind, std::move(text));
    return true;
  }

  bool open(Kind kind) {
    if (!count()) return false;
    if (depth_ >= kDeepestRequest) return refuse(problem, fmt::format("a request has at most {} levels", kDeepestRequest));
    keep(kind, {});
    ++depth_;
    return true;
  }

  bool close() {
    --depth_;
    return true;
  }

  Value ignored_;
  Value* member_ = &ignored_;  // that the next value of the first level belongs to
  std::size_t depth_ = 0;
  std::size_t members_ = 0;
  std::size_t values_ = 0;
};

// The id's JSON text when an answer may repeat it.
std::optional<std::string> print_id(const Reader::Value& id) {
  using enum Reader::Kind;
  if (id.text.size() > kLongestId) return std::nullopt;
  if (id.kind == string) return dump(id.text);
  return id.kind == number || id.kind == null ? std::optional(id.text) : std::nullopt;
}

}  // namespace

std::string dump(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

// In its own place: an answer may be of megabytes.
std::string Reply::line(std::string_view member, std::string value) const {
  value.insert(0, fmt::format(R"({{"jsonrpc":"{}","id":{},"{}":)", kRpcVersion, *id_, member));
  value += "}\n";
  return value;
}

std::string Reply::result(const Json& value) const { return id_ ? line("result", dump(value)) : std::string{}; }
std::string Reply::result(Rendered value) const { return id_ ? line("result", std::move(value.text)) : std::string{}; }

std::string Reply::error(int code, const Error& error, const Json& more) const {
  if (!id_) return {};
  Json data = Json::object();
  data["remedy"] = error.remedy;
  if (error.code != 0) data["errno"] = error.code;
  data.update(more);
  return line("error", dump({{"code", code}, {"message", error.text}, {"data", data}}));
}

const Argument* Request::argument(std::string_view name) const {
  const auto found = std::ranges::find(arguments, name, &Argument::name);
  return found == arguments.end() ? nullptr : &*found;
}

std::expected<Request, std::string> parse_request(std::string_view text) {
  using enum Reader::Kind;
  Reader read;
  static_cast<void>(Json::sax_parse(text, &read));  // what it found wrong is in `read`
  if (read.syntax_is_wrong) {
    return std::unexpected(Reply().error(protocol::kParseError, {"this line is not JSON", "write one JSON object per line"}));
  }
  if (read.root.kind != object) {
    const bool batch = text.find_first_not_of(" \t\r") == text.find('[');
    return std::unexpected(
        invalid(Reply(), batch ? "batches are not served: send a line per request" : "a request is a JSON object"));
  }
  const auto id = print_id(read.id);
  if (read.id.kind != none && !id) {
    return std::unexpected(
        invalid(Reply(), fmt::format("\"id\" must be a string of at most {} bytes, a number or null", kLongestId)));
  }
  const Reply known_or_null(id.value_or("null"));
  if (!read.problem.empty()) return std::unexpected(invalid(known_or_null, read.problem));
  if (!read.params_problem.empty()) return std::unexpected(invalid_params(known_or_null, read.params_problem));
  if (read.version.kind != string || read.version.text != kRpcVersion || read.method.kind != string) {
    return std::unexpected(invalid(known_or_null, "a request needs \"jsonrpc\": \"2.0\" and a \"method\""));
  }
  Request request{Reply(id), std::move(read.method.text), std::move(read.arguments)};
  if (read.params.kind == none || read.params.kind == object) return request;
  return std::unexpected(invalid_params(request.reply, "\"params\" must be an object"));
}

std::string notification_line(std::string_view method, const Json& params) {
  return dump({{"jsonrpc", kRpcVersion}, {"method", method}, {"params", params}}) + '\n';
}

}  // namespace vtid::control
