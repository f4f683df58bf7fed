#include "contract/stage.h"
#include "platform/memory/memory_kernel.h"

namespace vtid::contract {
namespace {

class MemoryWorld final : public World {
 public:
  explicit MemoryWorld(platform::MemoryKernel& kernel) : kernel_(kernel) {}

  void add_link(const net::IfName& name) override { kernel_.add_foreign_link("dummy", name); }
  void add_tunnel(const net::IfName& name, net::IfId if_id) override { kernel_.add_foreign_link("xfrm", name, if_id); }
  void add_vrf(const net::IfName& name, net::TableId table) override { kernel_.add_vrf(name, table); }
  void set_master(const net::IfName& name, const net::IfName& master) override { kernel_.set_master(name, master); }
  void delete_link(const net::IfName& name) override { kernel_.delete_link(name); }
  void set_link(const net::IfName& name, bool up, std::uint32_t mtu) override { kernel_.set_link(name, up, mtu); }
  void add_address(const model::InterfaceAddress& address) override { kernel_.add_foreign_address(address); }
  void flush_addresses(const net::IfName& name) override { kernel_.flush_addresses(name); }
  void add_route(const model::Route& route) override { kernel_.add_foreign_route(route); }
  void delete_our_route(const model::Route& route) override { kernel_.delete_route(route); }
  void delete_route(const model::Route& route) override { kernel_.delete_route(route); }
  [[nodiscard]] bool has_route(const model::Route& route) override { return kernel_.has_foreign_route(route); }
  void add_rule(const model::Rule& rule) override { kernel_.add_foreign_rule(rule); }
  void delete_our_rule(const model::Rule& rule) override { kernel_.delete_rule(rule); }
  [[nodiscard]] bool has_rule(const model::Rule& rule) override { return kernel_.has_foreign_rule(rule); }
  void add_policy(const model::Policy& policy) override { kernel_.add_foreign_policy(policy); }
  [[nodiscard]] bool has_policy(const model::Policy& policy) override { return kernel_.has_foreign_policy(policy); }
  void delete_policy(const model::Policy& policy) override { kernel_.delete_policy(policy); }
  void add_sa(const model::Sa& sa) override { kernel_.add_foreign_sa(sa); }
  void delete_our_sa(const model::Sa& sa) override { kernel_.delete_sa(sa); }
  [[nodiscard]] bool has_sa(const model::Sa& sa) override { return kernel_.has_foreign_sa(sa); }
  void alter_filter() override { kernel_.alter_filter(); }
  void delete_our_filter() override { kernel_.delete_filter(); }
  void add_foreign_filter() override { kernel_.add_foreign_filter(); }
  [[nodiscard]] bool has_foreign_filter() override { return kernel_.has_foreign_filter(); }

 private:
  platform::MemoryKernel& kernel_;
};

}  // namespace

Backend open_memory() {
  auto kernel = std::make_unique<platform::MemoryKernel>();
  auto world = std::make_unique<MemoryWorld>(*kernel);
  return {std::move(kernel), std::move(world)};
}

}  // namespace vtid::contract
