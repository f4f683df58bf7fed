#include "scenario/matrix/stories.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace vtid::test::matrix {
namespace {

using model::GatewayState;
using model::Role;

std::string tunnel(const std::string& name, int n, const std::string& more = {}, const std::string& child = {}) {
  return fmt::format(
      R"("{0}": {{ "unit": {1}, {2} "ike": {{ "local": {{ "address": "192.0.2.1", "id": "here" }}, )"
      R"("remote": {{ "address": "198.51.100.{1}", "id": "there{1}" }}, "auth": {{ "psk": {{ "text": "only-a-test" }} }} }}, )"
      R"("children": {{ "v4": {{ {3} "local": "10.6.{1}.1/30", "remote": "10.6.{1}.2" }}, )"
      R"("v6": {{ "local": "fd00:{1}::1/64", "remote": "fd00:{1}::2" }} }} }})",
      name, n, more, child);
}

constexpr const char* kInterfaces =
    R"("VTI": { "tunnel": "hq" }, "FAR": { "tunnel": "far" }, "WAN": { "device": "wan" }, "LAN": { "device": "lan" })";
constexpr const char* kRoutes = R"({ "to": "10.20.0.0/16", "via": "VTI_VTIV4", "metric": 10, "when_down": "withdraw" }, )"
                                R"({ "to": "10.30.0.0/16", "via": "FAR_VTIV4" }, { "to": "fd20::/16", "via": "VTI_VTIV6" })";

std::string file_of(const std::string& tunnels, const std::string& interfaces, const std::string& routes,
                    const std::string& more = {}) {
  return fmt::format(R"({{ "tunnels": {{ {} }}, "interfaces": {{ {} }}, "routes": [ {} ]{}{} }})", tunnels, interfaces, routes,
                     more.empty() ? "" : ", ", more);
}

std::string both(const std::string& hq = tunnel("hq", 1)) { return hq + ", " + tunnel("far", 2, R"("start": "none",)"); }
std::string usual(const std::string& more = {}) { return file_of(both(), kInterfaces, kRoutes, more); }

std::string rules(const std::string& on, const std::string& mode) {
  return fmt::format(
      R"("filter": {{ "mode": "{}" }}, "rules": [ {{ "on": "{}", "action": "pass", "to": "10.1.0.0/24", "protocol": "tcp" }} ])",
      mode, on);
}

std::string static_file(const std::string& in) {
  const auto sa = [](const char* spi, char digit) {
    return fmt::format(R"({{ "spi": "{}", "algorithm": "aes128gcm16", "key": {{ "text": "{}" }} }})", spi,
                       std::string(40, digit));
  };
  const std::string both_in = fmt::format("[ {}, {} ]", sa("0x1001", '1'), sa("0x2001", '3'));
  return fmt::format(R"({{ "tunnels": {{ "lab": {{ "unit": 1, "outer": {{ "local": "192.0.2.1", "remote": "198.51.100.1" }}, )"
                     R"("keys": {{ "in": {}, "out": {} }}, )"
                     R"("children": {{ "v4": {{ "local": "10.6.107.1/30", "remote": "10.6.107.2" }} }} }} }}, )"
                     R"("interfaces": {{ "VTI": {{ "tunnel": "lab" }} }} }})",
                     in == "both" ? both_in : sa(in == "old" ? "0x1001" : "0x2001", in == "old" ? '1' : '3'),
                     sa("0x1002", '2'));
}

// The steps.

Step start() {
  return {"start", [](Rig& rig) { rig.boot_vtid(); }, Duration{5'000}};
}
Step edit(std::string file) {
  return {"reload", [file = std::move(file)](Rig& rig) {
            rig.file = file;
            rig.ask(model::Reload{});
          }};
}
Step order(std::string what, model::Command command) {
  return {std::move(what), [command = std::move(command)](Rig& rig) { rig.ask(command); }};
}
Step gateway(GatewayState state) {
  return {"gateway", [state](Rig& rig) { rig.gateway("VTI_VTIV4", state); }};
}
Step peer(std::string what, ScriptedCharon::Peer does) {
  return {std::move(what), [does](Rig& rig) { rig.charon.peers["hq"] = does; }};
}
// Something of charon's own accord, with the newest IKE_SA of hq and its newest child, if there are any.
Step charon_does(std::string what, std::function<void(ScriptedCharon&, std::uint32_t ike)> act) {
  return {std::move(what), [act = std::move(act)](Rig& rig) {
            std::uint32_t newest = 0;
            for (const auto& [id, ike] : rig.charon.ikes) {
              if (ike.name == "hq" && ike.state == model::IkeState::established) newest = id;
            }
            if (newest != 0) act(rig.charon, newest);
          }};
}
void rekey_child(ScriptedCharon& charon, std::uint32_t ike) {
  std::uint32_t newest = 0;
  for (const auto& [id, child] : charon.children) {
    if (child.ike_id == ike && child.state == model::ChildState::installed) newest = id;
  }
  if (newest != 0) charon.rekey_child(newest);
}
void rekey_ike(ScriptedCharon& charon, std::uint32_t ike) { charon.rekey_ike(ike); }
void take_down(ScriptedCharon& charon, std::uint32_t ike) { charon.take_down(ike); }
std::function<void(ScriptedCharon&, std::uint32_t)> move_to(const std::string& local) {
  return [local](ScriptedCharon& charon, std::uint32_t ike) { charon.move(ike, address(local)); };
}

std::vector<Story> of_charon() {
  return {
      {"start", usual(), {start()}},
      {"rekeys",
       usual(),
       {start(), charon_does("child rekey", rekey_child), charon_does("IKE rekey", rekey_ike),
        order("vtictl rekey", model::Rekey{"hq"})}},
      {"the peer moves",
       usual(),
       {start(), charon_does("move", move_to("192.0.2.99")), charon_does("move back", move_to("192.0.2.1"))}},
      {"the peer ends it", usual(), {start(), charon_does("peer ends", take_down)}},
      {"the peer is away",
       usual(),
       {peer("peer refuses", ScriptedCharon::Peer::refuses), start(), peer("peer is back", ScriptedCharon::Peer::answers)}},
      {"charon restarts",
       usual(),
       {start(),
        {"charon ends", [](Rig& rig) { rig.end_charon(); }},
        {"charon starts", [](Rig& rig) { rig.begin_charon("5.9.14"); }, Duration{12'000}}}},
  };
}

std::vector<Story> of_orders() {
  return {
      {"down and up", usual(), {start(), order("vtictl down", model::Down{"hq"}), order("vtictl up", model::Up{"hq"})}},
      {"held down", usual(), {start(), order("vtictl down", model::Down{"hq"})}},
      {"standby and active",
       usual(),
       {start(), order("role standby", model::TakeRole{Role::standby}), order("role active", model::TakeRole{Role::active})}},
      {"standby", usual(), {start(), order("role standby", model::TakeRole{Role::standby})}},
      {"vtid restarts",
       usual(),
       {start(),
        {"kill",
         [](Rig& rig) {
           if (rig.engine) rig.kill_and_restart();
         },
         Duration{5'000}}}},
      {"a gateway falls", usual(), {start(), gateway(GatewayState::down), gateway(GatewayState::online)}},
      {"a gateway stays down", usual(), {start(), gateway(GatewayState::down)}},
  };
}

std::vector<Story> of_files() {
  const std::string other_child = tunnel("hq", 1, R"("description": "elsewhere",)", R"("proposals": ["aes128gcm16-ecp256"],)");
  const std::string other_routes = R"({ "to": "10.21.0.0/16", "via": "VTI_VTIV4" }, { "to": "fd20::/16", "via": "FAR_VTIV6" })";
  const std::string small = R"("VTI": { "tunnel": "hq", "mtu": 1300 }, "FAR": { "tunnel": "far" }, "WAN": { "device": "wan" })";
  const std::string three = both() + ", " + tunnel("new", 3);
  const std::string own = both(tunnel("hq", 1, "", R"("policies": "vtid",)"));
  const std::string by_policy =
      R"("policy_routes": [ { "name": "voice", "in": "LAN", "from": "10.1.0.0/24", "protocol": "udp", "via": "VTI_VTIV4" } ])";
  const std::string hq_only =
      file_of(tunnel("hq", 1), R"("VTI": { "tunnel": "hq" })", R"({ "to": "10.20.0.0/16", "via": "VTI_VTIV4" })");
  std::string split = file_of(tunnel("hq", 1), R"("VTI": { "tunnel": "hq", "child": "v4" })",
                              R"({ "to": "10.20.0.0/16", "via": "VTI_VTIV4" })");
  split.replace(split.find("\"ike\": {"), 8, R"("ike": { "split": true,)");
  const std::string on_demand = file_of(both(tunnel("hq", 1, R"("start": "trap",)")), kInterfaces, kRoutes);
  const std::string responder = file_of(both(tunnel("hq", 1, R"("start": "none",)")), kInterfaces, kRoutes);
  return {
      {"split and whole", split, {start(), charon_does("child rekey", rekey_child), edit(hq_only), edit(split)}},
      {"on demand", on_demand, {start()}},
      {"no longer on demand", on_demand, {start(), edit(usual())}},
      {"no longer called", usual(), {start(), edit(responder)}},
      {"waits for its peer", responder, {start()}},
      {"edits",
       usual(),
       {start(), edit(file_of(both(), small, other_routes)), edit(file_of(both(other_child), kInterfaces, kRoutes))}},
      {"tunnels come and go", usual(), {start(), edit(file_of(three, kInterfaces, kRoutes)), edit(hq_only), edit(usual())}},
      {"nothing is left", usual(rules("ipsec", "enc")), {start(), edit(R"({ "tunnels": {} })")}},
      {"modes of the filter",
       usual(rules("ipsec", "enc")),
       {start(), edit(usual(rules("VTI", "if_ipsec"))), edit(usual()), edit(usual(rules("VTI", "if_ipsec")))}},
      {"routes by policy", usual(by_policy), {start(), edit(usual()), edit(usual(by_policy))}},
      {"policies of vtid",
       file_of(own, kInterfaces, kRoutes),
       {start(), charon_does("child rekey", rekey_child), edit(usual()), edit(file_of(own, kInterfaces, kRoutes))},
       true},
      {"static SAs", static_file("old"), {start(), edit(static_file("both")), edit(static_file("new"))}},
  };
}

}  // namespace

const std::vector<Story>& stories() {
  static const std::vector<Story> kAll = [] {
    std::vector<Story> all = of_charon();
    for (const auto& more : {of_orders(), of_files()}) all.insert(all.end(), more.begin(), more.end());
    return all;
  }();
  return kAll;
}

const Story& story_named(const std::string& name) {
  const auto found = std::ranges::find(stories(), name, &Story::name);
  if (found == stories().end()) throw std::runtime_error("no story is called " + name);
  return *found;
}

}  // namespace vtid::test::matrix
