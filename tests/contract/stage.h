// What a contract case plays on: a fresh kernel behind the seam, and the others who share it.
// No test framework, no files, no network: the program is carried to other systems as it is.
#pragma once

#include <memory>
#include <source_location>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "platform/kernel.h"

namespace vtid::contract {

// What others, or the surroundings, refused: whatever was to be shown means nothing without it.
struct GaveUp : std::runtime_error {
  using std::runtime_error::runtime_error;
};
[[noreturn]] inline void give_up(std::string_view what, std::string_view why) {
  throw GaveUp("cannot " + std::string(what) + ": " + std::string(why));
}

// What others do to the kernel, out of the seam's reach. What fails here gives up.
class World {
 public:
  virtual ~World() = default;
  virtual void add_link(const net::IfName& name) = 0;                     // an ordinary one, up, MTU 1500
  virtual void add_tunnel(const net::IfName& name, net::IfId if_id) = 0;  // a tunnel interface, up, MTU 1500
  virtual void add_vrf(const net::IfName&, net::TableId) { give_up("make a VRF", "this system has none"); }
  virtual void set_master(const net::IfName&, const net::IfName&) { give_up("enslave a link", "this system has no VRFs"); }
  virtual void delete_link(const net::IfName& name) = 0;
  virtual void set_link(const net::IfName& name, bool up, std::uint32_t mtu) = 0;
  virtual void add_address(const model::InterfaceAddress& address) = 0;
  virtual void flush_addresses(const net::IfName& name) = 0;
  virtual void add_route(const model::Route& route) = 0;
  virtual void delete_our_route(const model::Route& route) = 0;
  [[nodiscard]] virtual bool has_route(const model::Route& route) = 0;  // of another owner
  virtual void delete_route(const model::Route& route) = 0;             // of another owner
  virtual void add_rule(const model::Rule& rule) = 0;
  virtual void delete_our_rule(const model::Rule& rule) = 0;
  [[nodiscard]] virtual bool has_rule(const model::Rule& rule) = 0;  // of another owner
  virtual void add_policy(const model::Policy& policy) = 0;
  [[nodiscard]] virtual bool has_policy(const model::Policy& policy) = 0;  // of another owner
  virtual void delete_policy(const model::Policy&) {}                      // whoever's
  virtual void add_sa(const model::Sa& sa) = 0;
  virtual void delete_our_sa(const model::Sa& sa) = 0;
  [[nodiscard]] virtual bool has_sa(const model::Sa& sa) = 0;  // of another owner
  virtual void alter_filter() = 0;                             // puts a rule of theirs into our table
  virtual void delete_our_filter() = 0;
  virtual void add_foreign_filter() = 0;
  [[nodiscard]] virtual bool has_foreign_filter() = 0;
  // Where FreeBSD's switches let pf see tunnelled packets: "enc", "if_ipsec", else "". Somebody turns one of them.
  [[nodiscard]] virtual std::string_view filter_point() { return {}; }
  virtual void move_filter_point() {}
  virtual void set_main_ruleset(std::string_view) {}  // of pf
};

struct Backend {
  std::unique_ptr<platform::Kernel> kernel;
  std::unique_ptr<World> world;
};
[[nodiscard]] Backend open_memory();
[[nodiscard]] Backend open_freebsd();  // the FreeBSD backend over a kernel in maps, on any system
[[nodiscard]] Backend open_native();   // in surroundings of its own: a network namespace, or a jail with a network of its own
[[nodiscard]] Backend open_here();     // the kernel in the network where this process is

// Moves this process into a network of its own, which ends with it. By what others know it: the process on Linux, the jail on
// FreeBSD.
[[nodiscard]] Result<std::uint32_t> enter_own_network();
[[nodiscard]] model::Capabilities native_capabilities();  // without opening anything

// One case at work. Expectations that do not hold are collected, with their lines.
class Stage {
 public:
  explicit Stage(Backend& backend);
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  void expect(bool holds, std::string_view fact, std::source_location where = std::source_location::current());

  // The outcome of one change: an errno, 0 when it was done. `told` keeps the last refusal's text.
  int apply(model::Change change);
  [[nodiscard]] model::Observed observe();  // an error fails the case
  // Reads notices until none has come for a while: Linux tells of an IPv6 address only after it has finished with it.
  platform::Notices settle();
  // Whether the kernel says that something changed since the last call.
  [[nodiscard]] bool noticed() { return settle().ours > 0; }

  platform::Kernel& kernel;
  World& world;
  const model::Capabilities system;
  std::string told;
  std::vector<std::string> failures;
};

// A case that holds on some systems alone says on which, by what they can do.
struct Case {
  std::string_view name;
  void (*run)(Stage&);
  bool (*fits)(const model::Capabilities&) = [](const model::Capabilities&) { return true; };
};
[[nodiscard]] std::vector<Case> all_cases();
[[nodiscard]] std::vector<Case> cases_of(const model::Capabilities& system);
[[nodiscard]] std::vector<Case> link_cases();
[[nodiscard]] std::vector<Case> address_cases();
[[nodiscard]] std::vector<Case> route_cases();
[[nodiscard]] std::vector<Case> rule_cases();
[[nodiscard]] std::vector<Case> policy_cases();
[[nodiscard]] std::vector<Case> sa_cases();
[[nodiscard]] std::vector<Case> filter_cases();
[[nodiscard]] std::vector<Case> notice_cases();
[[nodiscard]] std::vector<Case> freebsd_cases();
[[nodiscard]] std::vector<Case> vrf_cases();

[[nodiscard]] inline bool multipath(const model::Capabilities& system) { return system.multipath; }
[[nodiscard]] inline bool with_rules(const model::Capabilities& system) { return system.has_rules; }
[[nodiscard]] inline bool with_filters(const model::Capabilities& system) { return system.filters; }
[[nodiscard]] inline bool as_linux(const model::Capabilities& system) { return system.link_has_if_id; }
[[nodiscard]] inline bool as_freebsd(const model::Capabilities& system) { return !system.link_has_if_id; }

// Shorthand, as the planner would have it on the stage's system: where an address needs a peer it has one, where a route has
// no metric it has none. link(1) is ipsec1 with if_id 1 and reqid 5001, up, MTU 1400; renumbered() gives it others.
[[nodiscard]] net::IfName device(std::string_view name);
[[nodiscard]] model::Link link(std::uint32_t unit);
[[nodiscard]] model::Link renumbered(model::Link link, std::uint32_t unit);
[[nodiscard]] model::InterfaceAddress address(std::string_view device, std::string_view local, std::string_view peer = {});
[[nodiscard]] model::Route route(std::string_view to, std::string_view device, std::string_view gateway = {},
                                 std::uint32_t metric = 10);
[[nodiscard]] model::Route blackhole(std::string_view to, std::uint32_t metric = 10);
// Makes link(1) with 10.6.106.1/30 and fd00:6::1/64.
void make_tunnel(Stage& stage);

}  // namespace vtid::contract
