#include "config/read.h"
#include "config/values.h"

namespace vtid::config {

std::vector<model::PolicyRoute> read_policy_routes(Object& root, const Lists& lists) {
  std::vector<model::PolicyRoute> routes;
  for (Object& object : bounded_items(root, "policy_routes", kMostPolicyRoutes)) {
    model::PolicyRoute& route = routes.emplace_back();
    object.require("name", route.name, filled_text);
    object.require("in", route.in, filled_text);
    read_traffic(object, route.traffic, lists);
    read_exceptions(object, route.traffic, lists);
    object.require("via", route.via, text);
    if (route.is_exception() && object.has("when_down")) {
      object.fail("when_down", Error{"belongs to a gateway or a group, and \"routes\" is neither", "take it out"});
    } else {
      read_when_down(object, route.when_down);
    }
    object.close();
  }
  return routes;
}

}  // namespace vtid::config
