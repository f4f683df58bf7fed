// Where the HTTP listener listens.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "net/address.h"

namespace vtid::model {

struct HttpEndpoint {
  std::string path{};  // of a UNIX socket; empty: an address and a port
  net::Address address{};
  std::uint16_t port = 0;
  auto operator<=>(const HttpEndpoint&) const = default;
};
[[nodiscard]] std::string print(const HttpEndpoint& endpoint);  // "unix:///run/vtid/http.sock", "127.0.0.1:9464", "[::1]:9464"

struct HttpConfig {
  std::vector<HttpEndpoint> listen;
  bool allow_remote = false;  // addresses that others than this host reach
  bool operator==(const HttpConfig&) const = default;
};

}  // namespace vtid::model
