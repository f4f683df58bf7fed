// The table under construction, as a list of libnftables' commands. Chains come before the rules that name them.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "platform/linux/nft_expressions.h"
#include "platform/linux/nft_ruleset.h"

namespace vtid::platform::netlink::nft {

[[nodiscard]] inline Json table() { return {{"table", {{"family", "inet"}, {"name", kFilterTable}}}}; }
[[nodiscard]] inline Json add(Json object) { return {{"add", std::move(object)}}; }

class Commands {
 public:
  void put(Json command) { commands_.push_back(std::move(command)); }
  void chain(std::string_view name) { add_chain({{"family", "inet"}, {"table", kFilterTable}, {"name", name}}); }
  // What it holds is in order, so that it is listed in the same order as long as it is the same.
  void set(std::string name, std::string_view type, std::vector<Json> elements) {
    put(add({{"set",
              {{"family", "inet"},
               {"table", kFilterTable},
               {"name", std::move(name)},
               {"type", type},
               {"flags", Json::array({"interval"})},
               {"elem", Json(std::move(elements))}}}}));
  }
  void base_chain(std::string_view name, std::string_view type, std::string_view hook, int priority) {
    add_chain({{"family", "inet"},
               {"table", kFilterTable},
               {"name", name},
               {"type", type},
               {"hook", hook},
               {"prio", priority},
               {"policy", "accept"}});
  }
  void rule(std::string_view chain, Expressions expressions, std::string_view comment = {}) {
    Json rule{{"family", "inet"}, {"table", kFilterTable}, {"chain", chain}};
    if (!comment.empty()) rule["comment"] = comment;
    rule["expr"] = Json(std::move(expressions));
    rules_.push_back(add({{"rule", std::move(rule)}}));
  }

  [[nodiscard]] std::string text() {
    for (Json& rule : rules_) commands_.push_back(std::move(rule));
    return Json{{"nftables", Json(std::move(commands_))}}.dump(-1, ' ', false, Json::error_handler_t::replace);
  }

 private:
  void add_chain(Json chain) { commands_.push_back(add({{"chain", std::move(chain)}})); }

  std::vector<Json> commands_;
  std::vector<Json> rules_;
};

}  // namespace vtid::platform::netlink::nft
