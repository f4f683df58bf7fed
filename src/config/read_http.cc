#include <fmt/format.h>

#include <algorithm>

#include "base/number.h"
#include "config/read.h"
#include "config/values.h"

namespace vtid::config {
namespace {

constexpr std::size_t kMostListens = 8;
constexpr std::string_view kHow = "write it like 127.0.0.1:9464, [::1]:9464 or unix:///run/vtid/http.sock";

Result<model::HttpEndpoint> socket_file(const std::string& text) {
  constexpr std::string_view kScheme = "unix://";
  model::HttpEndpoint endpoint{.path = text.substr(kScheme.size())};
  if (!endpoint.path.starts_with('/')) return fail(fmt::format("\"{}\" does not name a whole path", text), std::string(kHow));
  if (endpoint.path.size() > kLongestSocketPath)
    return fail(fmt::format("names a path longer than {} bytes", kLongestSocketPath), "a UNIX socket holds no more");
  return endpoint;
}

// Of "[::1]:9464" and "127.0.0.1:9464" the address alone.
std::string_view address_part(std::string_view text) {
  const auto colon = text.rfind(':');
  const std::string_view address = text.substr(0, colon == std::string_view::npos ? 0 : colon);
  return address.starts_with('[') && address.ends_with(']') ? address.substr(1, address.size() - 2) : address;
}

Result<model::HttpEndpoint> read_endpoint(const Node& node) {
  const auto text = filled_text(node);
  if (!text) return std::unexpected(text.error());
  if (text->starts_with("unix://")) return socket_file(*text);
  const auto wrong =
      fail(fmt::format("\"{}\" is not an address and a port", text->substr(0, kLongestShown)), std::string(kHow));
  const auto address = net::parse_address(address_part(*text));
  if (!address || address->is_v6() != text->starts_with('[')) return wrong;
  model::HttpEndpoint result{.address = *address};
  result.port = parse_number<std::uint16_t>(text->substr(text->rfind(':') + 1)).value_or(0);
  if (result.port == 0) return wrong;
  return result;
}

Result<std::vector<model::HttpEndpoint>> read_endpoints(const Node& node) {
  const auto* items = std::get_if<Node::Array>(&node.value);
  if (items == nullptr) return std::unexpected(wrong_kind(node, "an array of strings"));
  if (items->size() > kMostListens) return fail(fmt::format("has more than {} entries", kMostListens));
  std::vector<model::HttpEndpoint> result;
  for (const Node& item : *items) {
    auto read = read_endpoint(item);
    if (!read) return std::unexpected(read.error());
    if (std::ranges::find(result, *read) != result.end())
      return fail(fmt::format("names {} twice", model::print(*read)), "take one out");
    result.push_back(*std::move(read));
  }
  return result;
}

}  // namespace

model::HttpConfig read_http(Object& root) {
  model::HttpConfig http;
  auto object = root.object("http");
  if (!object) return http;
  object->read("listen", http.listen, read_endpoints);
  object->read("allow_remote", http.allow_remote, flag);
  for (const model::HttpEndpoint& each : http.listen) {
    if (http.allow_remote || !each.path.empty() || each.address.is_loopback()) continue;
    object->fail("listen", {fmt::format("{} is reached from other hosts, and asks nobody who they are", model::print(each)),
                            "listen on 127.0.0.1, [::1] or a UNIX socket, or set \"allow_remote\": true", 0});
  }
  object->close();
  return http;
}

}  // namespace vtid::config
