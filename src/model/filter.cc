#include "model/filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>

namespace vtid::model {
namespace {

bool has(const AnyOf<net::Prefix>& ends, net::Family family) {
  return std::ranges::any_of(ends.values, [&](const net::Prefix& item) { return item.family() == family; }) ||
         std::ranges::any_of(ends.lists, [&](const ListRef& list) { return list->has(family); });
}

bool covers_end(const AnyOf<net::Prefix>& any, const AnyOf<net::Prefix>& except, net::Family family) {
  if (any.empty() ? !except.empty() && !has(except, family) : !has(any, family)) return false;
  return !has(except, family) || leaves_any(any, except, family);
}

// A text that differs wherever two sets differ: every field, with its separator, in a fixed order.
class Writer {
 public:
  template <class T>
  void put(const T& value) {
    if constexpr (std::is_enum_v<T>) {
      text_ += fmt::format("{},", static_cast<int>(value));
    } else {
      text_ += fmt::format("{},", value);
    }
  }
  void put(const std::string& value) { text_ += fmt::format("{}:{},", value.size(), value); }
  void put(const net::IfName& name) { put(name.text()); }
  void put(const net::Address& address) { put(net::print(address)); }
  void put(const net::Prefix& prefix) { put(net::print(prefix)); }
  void put(const PortRange& range) { put(print(range)); }
  template <class T>
  void put(const std::optional<T>& value) {
    put(value.has_value());
    if (value) put(*value);
  }
  template <class T>
  void put(const std::vector<T>& values) {
    put(values.size());
    for (const T& value : values) put(value);
  }
  template <class T>
  void put(const AnyOf<T>& any) {
    put(any.values);
    for (const ListRef& list : any.lists) text_ += fmt::format("@{}:{},", list->name, list.digest());
  }
  // What older sets do not have does not change their digests.
  template <class T>
  void put_if(char sign, const T& value) {
    if (value.empty()) return;
    text_ += sign;
    put(value);
  }
  void put(const Traffic& traffic) {
    put(traffic.protocols);
    put(traffic.from);
    put(traffic.to);
    put(traffic.from_ports);
    put(traffic.ports);
    put(traffic.icmp_types);
    put_if('!', traffic.from_not);
    put_if('^', traffic.to_not);
    put_if('#', traffic.dscp);
  }
  void put(const FilterDevice& item) {
    put(item.device);
    put(item.unit.value);
    put(item.replies);
    put(item.gateway4);
    put(item.gateway6);
  }
  void put(const Transit& item) {
    put(item.device);
    put(item.local);
    put(item.remote);
  }
  void put(const MssClamp& item) {
    put(item.device);
    put(item.family);
    put(item.size);
  }
  void put(const DeviceRule& item) {
    put(item.name);
    put(item.device);
    put(item.rule.direction);
    put(item.rule.action);
    put(item.rule.traffic);
    put(item.rule.log);
    put(item.route_to);
  }
  void put(const RouteTo& item) {
    put(item.family);
    put(item.mark);
    put(item.hops);
  }
  void put(const DeviceNat& item) {
    put(item.name);
    put(item.device);
    put(item.nat.kind);
    put(item.nat.traffic);
    put(item.nat.address.index());
    if (const auto* address = std::get_if<net::Prefix>(&item.nat.address)) put(*address);
    put(item.nat.target);
    put(item.nat.target_port);
  }
  void put(const FilterHop& item) {
    put(item.device);
    put(item.gateway);
    put(item.weight);
  }
  void put(const DevicePolicyRoute& item) {
    put(item.name);
    put(item.in);
    put(item.family);
    put(item.traffic);
    put(item.hops);
    if (item.is_exception) text_ += '!';
  }

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace

std::string_view print(FilterMode mode) {
  switch (mode) {
    case FilterMode::enc: return "enc";
    case FilterMode::if_ipsec: return "if_ipsec";
  }
  std::abort();
}

std::string_view print(RuleDirection direction) {
  switch (direction) {
    case RuleDirection::in: return "in";
    case RuleDirection::out: return "out";
  }
  std::abort();
}

std::string_view print(RuleAction action) {
  switch (action) {
    case RuleAction::pass: return "pass";
    case RuleAction::block: return "block";
    case RuleAction::reject: return "reject";
  }
  std::abort();
}

std::string_view print(NatKind kind) {
  switch (kind) {
    case NatKind::source: return "source";
    case NatKind::destination: return "destination";
    case NatKind::one_to_one: return "one_to_one";
  }
  std::abort();
}

bool Traffic::covers(net::Family family) const {
  const std::uint8_t others = family == net::Family::ipv4 ? net::kIcmp6 : net::kIcmp;
  const bool foreign = !protocols.empty() && std::ranges::all_of(protocols, [&](auto item) { return item == others; });
  return !foreign && covers_end(from, from_not, family) && covers_end(to, to_not, family);
}

std::vector<ListRef> lists_of(const Traffic& traffic) {
  std::vector<ListRef> result;
  for (const auto* named : {&traffic.from.lists, &traffic.to.lists, &traffic.from_not.lists, &traffic.to_not.lists,
                            &traffic.from_ports.lists, &traffic.ports.lists}) {
    result.insert(result.end(), named->begin(), named->end());
  }
  return result;
}

std::vector<ListRef> lists_of(const FilterSet& set) {
  std::map<std::string_view, ListRef> lists;
  const auto take = [&](const Traffic& traffic) {
    for (const ListRef& list : lists_of(traffic)) lists.emplace(list->name, list);
  };
  for (const DeviceRule& item : set.rules) take(item.rule.traffic);
  for (const DeviceNat& item : set.nat) take(item.nat.traffic);
  for (const DevicePolicyRoute& item : set.policy_routes) take(item.traffic);
  std::vector<ListRef> result;
  for (const auto& [name, list] : lists) result.push_back(list);
  return result;
}

// FNV-1a: it has to notice mistakes, not to withstand an enemy, who would be root.
std::string digest(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char byte : text) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3U;
  return fmt::format("{:016x}", hash);
}

std::string digest(const FilterSet& set) {
  Writer writer;
  writer.put(kFilterRendering);
  writer.put(set.mode);
  writer.put(set.filters);
  writer.put(set.devices);
  writer.put(set.transits);
  writer.put(set.rules);
  writer.put(set.nat);
  writer.put(set.clamps);
  if (!set.policy_routes.empty()) writer.put(set.policy_routes);
  return digest(writer.text());
}

// filtertunnel 1 makes ip_input() filter what if_ipsec(4) delivers; the masks of enc(4) say which of its hooks pf and bpf see:
// inbound 2 is after the outer header was stripped, outbound 1 before it is put on.
std::array<FilterSysctl, 6> filter_sysctls(FilterMode mode) {
  const bool enc = mode == FilterMode::enc;
  return {{{"net.inet.ipsec.filtertunnel", enc ? 0 : 1},
           {"net.inet6.ipsec6.filtertunnel", enc ? 0 : 1},
           {"net.enc.out.ipsec_bpf_mask", enc ? 1 : 0},
           {"net.enc.out.ipsec_filter_mask", enc ? 1 : 0},
           {"net.enc.in.ipsec_bpf_mask", enc ? 2 : 0},
           {"net.enc.in.ipsec_filter_mask", enc ? 2 : 0}}};
}

}  // namespace vtid::model
