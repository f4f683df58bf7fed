// A whole kernel in maps: for tests and for --kernel memory. Deterministic; it knows no time, no file and no socket.
// It behaves as Linux does wherever vtid can tell: tests/contract runs one suite against both, so it cannot drift.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>

#include "platform/kernel.h"

namespace vtid::platform {

inline constexpr std::uint32_t kLowestIpv6Mtu = 1280;  // RFC 8200, section 5

class MemoryKernel : public Kernel {
 public:
  MemoryKernel();  // a fresh system: the loopback device with its addresses

  [[nodiscard]] Capabilities capabilities() const override { return {.system = "memory", .shared_with_charon = false}; }
  [[nodiscard]] Result<model::Observed> observe() override;
  [[nodiscard]] Result<std::map<net::IfName, model::LinkCounters>> counters() override;
  [[nodiscard]] Result<std::map<net::IfName, model::LinkCounters>> counters_of(std::span<const net::IfName> links) override;
  [[nodiscard]] Result<std::map<std::string, model::RuleCounters>> rule_counters() override { return rule_counters_; }
  [[nodiscard]] std::vector<Result<void>> apply(std::span<const model::Op> ops, Duration budget) override;
  [[nodiscard]] std::vector<int> descriptors() const override { return {}; }
  [[nodiscard]] Notices drain() override;

  // What others do, past the seam. Each raises a notice where the real kernel does.
  void add_foreign_link(std::string kind, const net::IfName& name, std::optional<net::IfId> if_id = {},
                        std::uint32_t mtu = 1500);
  void add_vrf(const net::IfName& name, net::TableId table);
  void set_master(const net::IfName& name, const net::IfName& master);  // empty: none
  void add_foreign_address(const model::InterfaceAddress& address);
  void add_foreign_route(const model::Route& route);
  void add_foreign_rule(const model::Rule& rule);
  void add_foreign_policy(const model::Policy& policy);
  void delete_link(const net::IfName& name);
  void set_link(const net::IfName& name, bool up, std::uint32_t mtu);
  void flush_addresses(const net::IfName& name);
  void delete_route(const model::Route& route);  // whoever owns it
  void delete_rule(const model::Rule& rule);     // whoever owns it
  void add_foreign_sa(const model::Sa& sa);
  void delete_sa(const model::Sa& sa);              // whoever owns it
  void delete_policy(const model::Policy& policy);  // whoever owns it
  void add_foreign_filter() { foreign_filter_ = true; }
  [[nodiscard]] bool has_foreign_filter() const { return foreign_filter_; }
  void alter_filter();   // adds something to our table
  void delete_filter();  // ours
  [[nodiscard]] const model::FilterSet* filter() const { return filter_ ? &*filter_ : nullptr; }
  [[nodiscard]] bool has_foreign_route(const model::Route& route) const;
  [[nodiscard]] bool has_foreign_rule(const model::Rule& rule) const;
  [[nodiscard]] bool has_foreign_policy(const model::Policy& policy) const;
  [[nodiscard]] bool has_foreign_sa(const model::Sa& sa) const;

  // What is measured.
  void set_rule_counters(const std::string& rule, model::RuleCounters counters) { rule_counters_[rule] = counters; }
  void set_counters(const net::IfName& name, model::LinkCounters counters) { counters_[name] = counters; }
  [[nodiscard]] std::size_t writes() const { return writes_; }  // operations given to apply() so far
  [[nodiscard]] std::size_t looks() const { return looks_; }    // calls of observe()

 private:
  template <class T>
  struct Owned {
    T value;
    model::Owner owner = model::Owner::vtid;
  };
  struct Verdict {  // an errno and the kernel's words
    int code = 0;
    std::string_view detail;
  };

  Verdict apply_one(const model::CreateLink& op);
  Verdict apply_one(const model::ChangeLink& op);
  Verdict apply_one(const model::DeleteLink& op);
  Verdict apply_one(const model::AddAddress& op);
  Verdict apply_one(const model::DeleteAddress& op);
  Verdict apply_one(const model::SetRoute& op);
  Verdict apply_one(const model::DeleteRoute& op);
  Verdict apply_one(const model::AddRule& op);
  Verdict apply_one(const model::DeleteRule& op);
  Verdict apply_one(const model::SetPolicy& op);
  Verdict apply_one(const model::DeletePolicy& op);
  Verdict apply_one(const model::SetSa& op);
  Verdict apply_one(const model::DeleteSa& op);
  Verdict apply_one(const model::DropSa& op);
  Verdict apply_one(const model::HoldSa& op);
  Verdict apply_one(const model::SetFilter& op);
  Verdict apply_one(const model::DeleteFilter& op);

  void list_charons(model::Observed& observed) const;
  model::ObservedLink* find(const net::IfName& name);
  // A new link, with an index.
  void place(const net::IfName& name, model::Owner owner, std::string kind, std::optional<net::IfId> if_id, std::uint32_t mtu,
             bool up);
  void change(model::ObservedLink& link, bool up, std::uint32_t mtu);
  void enslave(model::ObservedLink& link, const net::IfName& master);
  [[nodiscard]] bool is_vrf(const net::IfName& name);
  [[nodiscard]] net::TableId table_of(const net::IfName& device) const;  // of its connected routes
  void remove(const net::IfName& name);
  Verdict insert(const model::InterfaceAddress& address);
  void place(const model::InterfaceAddress& address, bool kernel_made);
  // Those of a device that match, and its IPv4 routes when its last IPv4 address is among them.
  void erase_addresses(const net::IfName& device, const std::function<bool(const model::ObservedAddress&)>& matches);

  void erase_routes(const net::IfName& device, std::optional<net::Family> family = {});
  [[nodiscard]] Verdict check_hop(const model::ViaGateway& via);
  [[nodiscard]] bool is_connected(const net::IfName& device, const net::Address& gateway) const;
  [[nodiscard]] bool is_made_by_kernel(const model::Route& route) const;

  using RouteKey = std::tuple<net::Prefix, net::Metric, net::TableId>;
  using PolicyKey = std::tuple<model::PolicyDirection, net::Family, net::IfId>;
  using SaKey = std::pair<net::Address, std::uint32_t>;
  static RouteKey key_of(const model::Route& route) { return {route.to.network(), route.metric, route.table}; }
  static PolicyKey key_of(const model::Policy& policy) { return {policy.direction, policy.family, policy.if_id}; }
  static SaKey key_of(const model::Sa& sa) { return {sa.destination, sa.spi}; }

  std::map<net::IfName, model::ObservedLink> links_;
  std::map<net::IfId, net::IfName> if_ids_;  // of links_
  std::map<net::IfName, std::vector<model::ObservedAddress>> addresses_;
  std::multimap<net::Prefix, net::IfName> connected_;  // by the network of each of addresses_
  std::map<RouteKey, Owned<model::Route>> routes_;
  std::set<model::Rule> rules_, foreign_rules_;
  std::map<PolicyKey, Owned<model::Policy>> policies_;
  std::map<SaKey, Owned<model::Sa>> sas_;
  std::set<SaKey> held_;  // of sas_
  std::optional<model::FilterSet> filter_;
  std::string filter_digest_;
  bool filter_altered_ = false;
  bool foreign_filter_ = false;
  std::map<std::string, model::RuleCounters> rule_counters_;
  std::map<net::IfName, model::LinkCounters> counters_;
  std::uint32_t next_index_ = 1;
  Notices notices_;
  std::size_t writes_ = 0;
  std::size_t looks_ = 0;
};

}  // namespace vtid::platform
