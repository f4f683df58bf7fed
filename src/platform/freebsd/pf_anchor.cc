#include "platform/freebsd/pf_anchor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>

namespace vtid::platform {
namespace {

using model::FilterSet;
using model::NatKind;
using model::RuleAction;
using model::RuleDirection;
using model::Traffic;

constexpr std::string_view kOurs = "vtid";  // the interface group
constexpr std::string_view kEnc = "enc0";
// What leaves by ipsecN is seen there and again on enc0, what comes in on enc0 alone: the answer to what came in leaves by
// both, and a state bound to an interface would not let it by on ipsecN. A forwarded packet that comes in may be seen on ipsecN
// after enc0 (ip_tryforward() of a host without global policies); the state that enc0 made lets it by.
constexpr std::string_view kFloating = " keep state (floating)";
constexpr std::string_view kBound = " keep state";
// Of what leaves by ipsecN on its way to enc0, where it is judged: a state made on ipsecN would match there again in the same
// direction, let by what a rule of enc0 blocks, and, made under a policy route, inherit its route-to and send the packet back
// to ipsecN until pf drops it. A state of enc0 meets the replies alone, which pass ipsecN by it.
constexpr std::string_view kStateless = " no state";

template <class T, class Print>
std::string list_of(const std::vector<T>& items, Print print) {
  std::vector<std::string> words;
  std::ranges::transform(items, std::back_inserter(words), print);
  return words.size() == 1 ? words.front() : fmt::format("{{ {} }}", fmt::join(words, " "));
}

std::string_view inet(net::Family family) { return family == net::Family::ipv4 ? "inet" : "inet6"; }

std::string end(const net::Prefix& item) {
  return item.length == item.address.bits() ? net::print(item.address) : net::print(item);
}

std::string table_of(const model::List& list) { return "<list_" + list.name + '>'; }

// A table may hold both families: of a rule's own it matches those addresses alone.
std::string ends(const model::AnyOf<net::Prefix>& any, net::Family family) {
  std::vector<std::string> own;
  for (const net::Prefix& item : any.values) {
    if (item.family() == family) own.push_back(end(item));
  }
  for (const model::ListRef& list : any.lists) {
    if (list->has(family)) own.push_back(table_of(*list));
  }
  return own.empty() ? "any" : list_of(own, std::identity{});
}

std::string ports(const model::AnyOf<model::PortRange>& any) {
  if (any.empty()) return "";
  return " port " + list_of(any.all(), [](const model::PortRange& range) {
           return range.first == range.last ? std::to_string(range.first) : fmt::format("{}:{}", range.first, range.last);
         });
}

std::string protocols(const Traffic& traffic) {
  if (traffic.protocols.empty()) return "";
  return " proto " + list_of(traffic.protocols, [](std::uint8_t number) {
           return number == net::kIcmp6 ? std::string("icmp6") : net::protocol_word(number);
         });
}

std::string icmp_types(const Traffic& traffic) {
  if (traffic.icmp_types.empty()) return "";
  const std::string_view word = traffic.protocols.front() == net::kIcmp ? " icmp-type " : " icmp6-type ";
  return std::string(word) + list_of(traffic.icmp_types, [](std::uint8_t type) { return std::to_string(type); });
}

class Anchor {
 public:
  Anchor(const FilterSet& set, PfDialect dialect) : set_(set), dialect_(dialect) {}

  // Translations before filter rules: pfctl insists on it.
  std::string text() {
    for (const model::ListRef& list : lists_of(set_)) table(table_of(*list), list->networks);
    nat();
    if (dialect_.match_clamps) clamps();
    for (const model::DevicePolicyRoute& route : set_.policy_routes) policy_route(route);
    if (set_.filters) filter();
    return tables_ + text_;
  }

 private:
  [[nodiscard]] bool enc() const { return set_.mode == model::FilterMode::enc; }
  [[nodiscard]] std::string_view state() const { return enc() ? kFloating : kBound; }
  void line(const std::string& text) { text_ += text + '\n'; }

  // const: pfctl -T changes none of it, so what its rules list is all that others may have changed.
  void table(const std::string& name, const std::vector<net::Prefix>& networks) {
    if (networks.empty()) return;
    std::vector<std::string> words;
    std::ranges::transform(networks, std::back_inserter(words), end);
    tables_ += fmt::format("table {} const {{ {} }}\n", name, fmt::join(words, " "));
  }

  // pf negates one table, never a list (of `! { a b }` each rule matches what the others do not), and has one condition for an
  // end: a table of what is left says both. "rules/0" and "from" make <rules_0_from4>.
  std::string except(const model::AnyOf<net::Prefix>& any, const model::AnyOf<net::Prefix>& except, net::Family family,
                     std::string name, std::string_view end) {
    if (except.empty()) return ends(any, family);
    std::ranges::replace(name, '/', '_');
    const bool all = any.empty();
    if (all && except.values.empty() && except.lists.size() == 1) return "! " + table_of(*except.lists.front());
    name = fmt::format("<{}_{}{}>", name, end, family == net::Family::ipv4 ? '4' : '6');
    auto networks = all ? model::reduced(except.all()) : difference(any, except, family);
    std::erase_if(networks, [&](const net::Prefix& item) { return item.family() != family; });
    table(name, networks);
    return all ? "! " + name : name;
  }

  // "inet proto tcp from any to 10.1.0.0/24 port 443"
  std::string matches(const Traffic& traffic, net::Family family, const std::string& name) {
    const std::string from = except(traffic.from, traffic.from_not, family, name, "from");
    const std::string to = except(traffic.to, traffic.to_not, family, name, "to");
    return fmt::format("{}{} from {}{} to {}{}", inet(family), protocols(traffic), from, ports(traffic.from_ports), to,
                       ports(traffic.ports));
  }

  void clamp(std::string_view device, net::Family family, std::uint16_t size) {
    line(fmt::format("match on {} {} proto tcp all scrub (max-mss {})", device, inet(family), size));
  }

  // Of a connection that begins at the far side enc0 alone sees the first packet, whichever its tunnel is: the least serves
  // all.
  void clamps() {
    std::map<net::Family, std::uint16_t> least;
    for (const model::MssClamp& item : set_.clamps) {
      clamp(item.device.text(), item.family, item.size);
      if (std::ranges::find(set_.transits, item.device, &model::Transit::device) == set_.transits.end()) continue;
      const auto found = least.emplace(item.family, item.size).first;
      found->second = std::min(found->second, item.size);
    }
    if (!enc() || !set_.filters) return;
    for (const auto& [family, size] : least) clamp(kEnc, family, size);
  }

  // As often as it weighs: pf takes the next of a list for each connection.
  static std::string ways(const std::vector<model::FilterHop>& hops) {
    std::uint32_t common = 0;
    for (const model::FilterHop& hop : hops) common = std::gcd(common, hop.weight);
    std::vector<std::string> words;
    for (const model::FilterHop& hop : hops) {
      const std::string way =
          hop.gateway ? fmt::format("({} {})", hop.device.text(), net::print(*hop.gateway)) : hop.device.text();
      words.insert(words.end(), hop.weight / common, way);
    }
    return words.size() == 1 ? words.front() : fmt::format("{{ {} }} round-robin", fmt::join(words, ", "));
  }

  // What is for this host itself has no way to take.
  void policy_route(const model::DevicePolicyRoute& route) {
    std::string match = matches(route.traffic, route.family, route.name);
    if (constexpr std::string_view kAny = " to any"; route.traffic.to.empty() && route.traffic.to_not.empty()) {
      match.replace(match.find(kAny), kAny.size(), " to ! (self)");
    }
    const bool passes = route.is_exception || !route.hops.empty();
    const std::string_view verdict = passes ? "pass" : "block";
    const std::string by = route.hops.empty() ? "" : fmt::format(" route-to {}", ways(route.hops));
    line(fmt::format("{} in quick on {}{} {}{} label \"{}\"", verdict, route.in.text(), by, match,
                     passes ? kBound : std::string_view{}, route.name));
  }

  void nat() {
    for (const model::DeviceNat& item : set_.nat) {
      for (const net::Family family : {net::Family::ipv4, net::Family::ipv6}) {
        if (item.nat.traffic.covers(family)) translation(item, family);
      }
    }
  }

  void translation(const model::DeviceNat& item, net::Family family) {
    const std::string what = fmt::format("on {} {}", item.device.text(), matches(item.nat.traffic, family, item.name));
    const auto* address = std::get_if<net::Prefix>(&item.nat.address);
    if (item.nat.kind == NatKind::destination) {
      if (item.nat.target.family() != family) return;
      const std::string port = item.nat.target_port ? fmt::format(" port {}", *item.nat.target_port) : "";
      return line(fmt::format("rdr {} -> {}{}", what, net::print(item.nat.target), port));
    }
    if (address != nullptr && address->family() != family) return;
    if (item.nat.kind == NatKind::one_to_one) return line(fmt::format("binat {} -> {}", what, net::print(*address)));
    if (std::holds_alternative<model::NoTranslation>(item.nat.address)) return line("no nat " + what);
    line(fmt::format("nat {} -> {}", what,
                     address != nullptr ? net::print(address->address) : fmt::format("({}:0)", item.device.text())));
  }

  void filter() {
    echo_requests();
    for (const model::DeviceRule& item : set_.rules) rule(item);
    line(fmt::format("block in quick on {} all label \"default\"", enc() ? kEnc : kOurs));
    line(fmt::format("pass out quick on {} all{}", kOurs, enc() ? kStateless : kBound));
    if (enc()) line(fmt::format("pass out quick on {} all{}", kEnc, state()));
  }

  void echo_requests() {
    for (const model::Transit& transit : set_.transits) {
      const bool v4 = transit.remote.is_v4();
      line(fmt::format("pass in quick on {} {} proto {} from {} to {} {} echoreq{}", enc() ? kEnc : transit.device.text(),
                       inet(transit.remote.family()), v4 ? "icmp" : "icmp6", net::print(transit.remote),
                       net::print(transit.local), v4 ? "icmp-type" : "icmp6-type", state()));
    }
    line(fmt::format("pass in quick on {} inet6 proto icmp6 all icmp6-type {{ neighbrsol neighbradv }} no state",
                     enc() ? kEnc : kOurs));
  }

  void rule(const model::DeviceRule& item) {
    for (const net::Family family : {net::Family::ipv4, net::Family::ipv6}) {
      if (!item.rule.traffic.covers(family) || (item.route_to && item.route_to->family != family)) continue;
      line(fmt::format("{} {} {}quick on {}{} {}{}{} label \"{}\"", verdict(item.rule.action), print(item.rule.direction),
                       item.rule.log ? "log " : "", item.device.empty() ? kEnc : item.device.text(), way(item, family),
                       matches(item.rule.traffic, family, item.name), icmp_types(item.rule.traffic),
                       item.rule.action == RuleAction::pass ? state() : std::string_view{}, item.name));
    }
  }

  static std::string_view verdict(RuleAction action) {
    switch (action) {
      case RuleAction::pass: return "pass";
      case RuleAction::block: return "block";
      case RuleAction::reject: return "block return";
    }
    std::abort();
  }

  // A rule has one of the two.
  [[nodiscard]] std::string way(const model::DeviceRule& item, net::Family family) const {
    if (!item.route_to || item.route_to->hops.empty()) return reply_to(item, family);
    return " route-to " + ways(item.route_to->hops);
  }

  [[nodiscard]] std::string reply_to(const model::DeviceRule& item, net::Family family) const {
    if (item.rule.action != RuleAction::pass || item.rule.direction != RuleDirection::in) return "";
    const auto device = std::ranges::find(set_.devices, item.device, &model::FilterDevice::device);
    if (device == set_.devices.end() || !device->replies) return "";
    const auto& gateway = family == net::Family::ipv4 ? device->gateway4 : device->gateway6;
    return gateway ? fmt::format(" reply-to ({} {})", item.device.text(), net::print(*gateway)) : "";
  }

  const FilterSet& set_;
  const PfDialect dialect_;
  std::string tables_;  // which stand before the rules that name them
  std::string text_;
};

}  // namespace

std::string print_pf_anchor(const FilterSet& set, PfDialect dialect) { return Anchor(set, dialect).text(); }

std::string print_closed_pf_anchor() {
  return fmt::format("block in quick on {} all label \"default\"\nblock in quick on {} all label \"default\"\n", kOurs, kEnc);
}

}  // namespace vtid::platform
