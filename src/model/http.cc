#include "model/http.h"

#include <fmt/format.h>

namespace vtid::model {

std::string print(const HttpEndpoint& endpoint) {
  if (!endpoint.path.empty()) return "unix://" + endpoint.path;
  const std::string address = net::print(endpoint.address);
  return endpoint.address.is_v6() ? fmt::format("[{}]:{}", address, endpoint.port)
                                  : fmt::format("{}:{}", address, endpoint.port);
}

}  // namespace vtid::model
