// The Linux backend: dumps joined into one picture, changes handed to netlink::Changes.
#include "platform/kernel.h"

#include <linux/netlink.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <variant>

#include "platform/linux/addresses.h"
#include "platform/linux/changes.h"
#include "platform/linux/filter.h"
#include "platform/linux/links.h"
#include "platform/linux/notices.h"
#include "platform/linux/policies.h"
#include "platform/linux/routes.h"
#include "platform/linux/rules.h"
#include "platform/linux/sas.h"
#include "platform/observed_order.h"

namespace vtid::platform {
namespace {

using Names = std::map<net::IfIndex, net::IfName>;

// A link can vanish between two dumps; what stood on it went with it. A notice about that is on its way.
void name_addresses(std::vector<model::ObservedAddress>& addresses, const Names& names) {
  std::erase_if(addresses, [&](const model::ObservedAddress& address) { return !names.contains(address.index); });
  for (model::ObservedAddress& address : addresses) address.device = names.at(address.index);
}

// One that vanished meanwhile has let go of it.
void name_masters(std::vector<model::ObservedLink>& links, const Names& names) {
  for (model::ObservedLink& link : links) {
    if (const auto master = names.find(link.master_index); master != names.end()) link.master = master->second;
  }
}

// Hops by name in order, so that what is read compares with what was wanted. False: a device has vanished.
bool name_hops(netlink::IndexedRoute& route, const Names& names) {
  std::vector<model::NextHop> hops = model::hops_of(route.route);
  for (std::size_t i = 0; i < hops.size(); ++i) {
    const auto found = names.find(route.indexes[i]);
    if (found == names.end()) return false;
    hops[i].via.device = found->second;
  }
  std::ranges::sort(hops);
  if (hops.size() == 1) route.route.target = hops.front().via;
  if (hops.size() > 1) route.route.target = model::Multipath{std::move(hops)};
  return true;
}

std::vector<model::ObservedRoute> name_routes(std::vector<netlink::IndexedRoute> routes, const Names& names) {
  std::vector<model::ObservedRoute> named;
  for (netlink::IndexedRoute& route : routes) {
    if (name_hops(route, names)) named.push_back({std::move(route.route)});
  }
  return named;
}

// Ours, and others', out of one dump.
struct AnySa {
  using value_type = std::variant<model::Sa, model::CharonsSa>;

  explicit AnySa(const std::vector<model::Policy>& policies) {
    for (const model::Policy& policy : policies) reqids.insert(policy.reqid);
  }
  std::optional<value_type> operator()(const nlmsghdr& message) const {
    if (auto ours = netlink::decode_sa(message)) return value_type(*std::move(ours));
    auto charons = netlink::decode_charons_sa(message, now);
    if (!charons) return std::nullopt;
    if (!reqids.contains(charons->reqid)) charons->behind_ours = charons->held = false;
    return *charons;
  }

  std::set<net::ReqId> reqids;
  std::uint64_t now = netlink::wall_seconds();
};

void sort_out(std::vector<AnySa::value_type> sas, model::Observed& observed) {
  for (AnySa::value_type& sa : sas) {
    if (auto* ours = std::get_if<model::Sa>(&sa)) observed.sas.push_back(std::move(*ours));
    if (const auto* charons = std::get_if<model::CharonsSa>(&sa)) observed.charons_sas.push_back(*charons);
  }
}

// Ours, and a summary of others'.
struct AnyPolicy {
  using value_type = std::variant<model::Policy, model::CharonsPolicies>;
  std::optional<value_type> operator()(const nlmsghdr& message) const {
    if (auto ours = netlink::decode_policy(message)) return *ours;
    if (auto charons = netlink::decode_charons_policy(message)) return *charons;
    return std::nullopt;
  }
};

void sort_out(const std::vector<AnyPolicy::value_type>& policies, model::Observed& observed) {
  std::map<net::ReqId, std::uint8_t> bits;
  for (const AnyPolicy::value_type& policy : policies) {
    if (const auto* ours = std::get_if<model::Policy>(&policy)) observed.policies.push_back(*ours);
    if (const auto* charons = std::get_if<model::CharonsPolicies>(&policy)) bits[charons->reqid] |= charons->bits;
  }
  for (const auto& [reqid, of_it] : bits) observed.charons_policies.push_back({reqid, of_it});
}

class LinuxKernel final : public Kernel {
 public:
  LinuxKernel(netlink::NoticeSocket notices, netlink::Socket route, netlink::Socket xfrm, netlink::Filter filter)
      : notices_(std::move(notices)), route_(std::move(route)), xfrm_(std::move(xfrm)), filter_(std::move(filter)) {}

  [[nodiscard]] Capabilities capabilities() const override { return {.system = "linux", .filters = filter_.usable()}; }
  [[nodiscard]] Result<model::Observed> observe() override;
  [[nodiscard]] Result<std::map<net::IfName, model::LinkCounters>> counters() override;
  [[nodiscard]] Result<std::map<net::IfName, model::LinkCounters>> counters_of(std::span<const net::IfName> links) override;
  [[nodiscard]] Result<std::map<std::string, model::RuleCounters>> rule_counters() override { return filter_.counters(); }
  [[nodiscard]] std::vector<Result<void>> apply(std::span<const model::Op> ops, Duration budget) override {
    own_links_.reset();
    return netlink::Changes(route_, xfrm_, filter_, paces_, ops).apply(budget);
  }
  [[nodiscard]] std::vector<int> descriptors() const override { return {notices_.descriptor()}; }
  [[nodiscard]] Notices drain() override { return notices_.drain(); }

 private:
  Result<std::vector<model::ObservedLink>> read_links();
  Result<std::vector<netlink::IndexedRoute>> read_defaults(const std::vector<model::ObservedLink>& links);

  netlink::NoticeSocket notices_;
  netlink::Socket route_;
  netlink::Socket xfrm_;
  netlink::Filter filter_;
  netlink::Paces paces_;
  // Of the last link dump, until we change something: counters come by index, and a dump for the names alone would cost
  // ten times as much as the counters (500 links under emulation: 21 ms against 2 ms).
  std::optional<Names> own_links_;
};

Result<std::vector<model::ObservedLink>> LinuxKernel::read_links() {
  auto links = route_.dump(netlink::encode_dump_links(), "links", netlink::decode_link);
  if (!links) return links;
  own_links_.emplace();
  for (const model::ObservedLink& link : *links) {
    if (link.owner == model::Owner::vtid) own_links_->emplace(link.index, link.name);
  }
  return links;
}

Result<std::vector<netlink::IndexedRoute>> LinuxKernel::read_defaults(const std::vector<model::ObservedLink>& links) {
  std::vector<netlink::IndexedRoute> all;
  for (const model::ObservedLink& link : links) {
    if (!default_devices().contains(link.name)) continue;
    for (const net::Family family : {net::Family::ipv4, net::Family::ipv6}) {
      auto some =
          route_.dump(netlink::encode_dump_routes_by(family, link.index), "default routes", netlink::decode_default_route);
      if (!some) return some;
      std::ranges::move(*some, std::back_inserter(all));
    }
  }
  return all;
}

Result<model::Observed> LinuxKernel::observe() {
  auto links = read_links();
  if (!links) return std::unexpected(links.error());
  auto addresses = route_.dump(netlink::encode_dump_addresses(), "addresses", netlink::decode_address);
  if (!addresses) return std::unexpected(addresses.error());
  auto routes = route_.dump(netlink::encode_dump_routes(net::Family::ipv4), "IPv4 routes", netlink::decode_route);
  if (!routes) return std::unexpected(routes.error());
  auto more = route_.dump(netlink::encode_dump_routes(net::Family::ipv6), "IPv6 routes", netlink::decode_route);
  if (!more) return std::unexpected(more.error());
  auto defaults = read_defaults(*links);
  if (!defaults) return std::unexpected(defaults.error());
  auto rules =
      route_.dump(netlink::encode_dump_rules(), "rules", [](const nlmsghdr& message) { return netlink::decode_rule(message); });
  if (!rules) return std::unexpected(rules.error());
  auto policies = xfrm_.dump(netlink::encode_dump_policies(), "policies", AnyPolicy{});
  if (!policies) return std::unexpected(policies.error());
  model::Observed observed;
  sort_out(*policies, observed);
  auto sas = xfrm_.dump(netlink::encode_dump_sas(), "SAs", AnySa{observed.policies});
  if (!sas) return std::unexpected(sas.error());
  sort_out(*std::move(sas), observed);
  auto filter = filter_.observe();
  if (!filter) return std::unexpected(filter.error());

  Names names;
  for (const model::ObservedLink& link : *links) names.emplace(link.index, link.name);
  name_addresses(*addresses, names);
  name_masters(*links, names);
  std::ranges::move(*more, std::back_inserter(*routes));
  observed.links = *std::move(links);
  observed.addresses = *std::move(addresses);
  observed.routes = name_routes(*std::move(routes), names);
  for (model::ObservedRoute& item : name_routes(*std::move(defaults), names)) {
    if (is_followed_default(item.route, default_devices())) observed.defaults.push_back(std::move(item.route));
  }
  observed.rules = *std::move(rules);
  observed.filter = *std::move(filter);
  sort(observed);
  return observed;
}

Result<std::map<net::IfName, model::LinkCounters>> LinuxKernel::counters() {
  if (!own_links_) {
    if (const auto links = read_links(); !links) return std::unexpected(links.error());
  }
  auto all = route_.dump(netlink::encode_dump_counters(), "counters", netlink::decode_counters);
  if (!all) return std::unexpected(all.error());
  std::map<net::IfName, model::LinkCounters> found;
  for (const netlink::IndexedCounters& item : *all) {
    if (const auto own = own_links_->find(item.index); own != own_links_->end()) found.emplace(own->second, item.counters);
  }
  return found;
}

// A link that went meanwhile has none.
Result<std::map<net::IfName, model::LinkCounters>> LinuxKernel::counters_of(std::span<const net::IfName> links) {
  if (!own_links_) {
    if (const auto read = read_links(); !read) return std::unexpected(read.error());
  }
  std::vector<netlink::Bytes> requests;
  for (const auto& [index, name] : *own_links_) {
    if (std::ranges::find(links, name) != links.end()) requests.push_back(netlink::encode_get_counters(index));
  }
  std::map<net::IfName, model::LinkCounters> found;
  for (const netlink::Answer& answer : route_.exchange(std::move(requests))) {
    netlink::for_each_message(answer.reply, [&](const nlmsghdr& message) {
      if (const auto item = netlink::decode_counters(message)) found.emplace(own_links_->at(item->index), item->counters);
    });
  }
  return found;
}

}  // namespace

Result<std::unique_ptr<Kernel>> open_native_kernel() {
  auto notices = netlink::NoticeSocket::open();
  if (!notices) return std::unexpected(notices.error());
  auto route = netlink::Socket::open(NETLINK_ROUTE);
  if (!route) return std::unexpected(route.error());
  auto xfrm = netlink::Socket::open(NETLINK_XFRM);
  if (!xfrm) return std::unexpected(xfrm.error());
  return std::make_unique<LinuxKernel>(*std::move(notices), *std::move(route), *std::move(xfrm), netlink::Filter::open());
}

Capabilities native_capabilities() { return {.system = "linux"}; }

}  // namespace vtid::platform
