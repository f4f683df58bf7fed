#include <fmt/format.h>

#include "foreign/pfsense_places.h"
#include "foreign/pfsense_traffic.h"

namespace vtid::foreign {
namespace {

using net::Family;

class Nat {
 public:
  Nat(Work& work, const PfsensePlaces& places, PfsenseLeft& left) : work_(work), places_(places), left_(left) {}

  void carry() {
    const Element& nat = work_.root.at("nat");
    const std::string& mode = nat.at("outbound").value("mode");
    for (const Element* entry : nat.at("outbound").all("rule")) translate(*entry, [&] { return outbound(*entry, mode); });
    for (const Element* entry : nat.all("onetoone")) translate(*entry, [&] { return one_to_one(*entry); });
    for (const Element* entry : nat.all("rule")) translate(*entry, [&] { return forward(*entry); });
    for (const Element* entry : nat.all("npt")) translate(*entry, [&] { return prefixes(*entry); });
    pass_separators(nat);
  }

 private:
  template <class Make>
  void translate(const Element& entry, Make make) {
    const auto places = places_.on(entry.value("interface"));
    if (places.empty()) return left_.add(entry, entry.value("interface"));
    pass_over(entry, {"descr", "interface", "created", "updated", "id", "tracker"});
    const std::string unknown = unknown_part(entry);
    Result<Json> json = entry.has("disabled")            ? fail("it is disabled")
                        : !unknown.empty()               ? fail(fmt::format("nobody knows what \"{}\" is", unknown))
                        : !entry.value("tagged").empty() ? fail("\"tagged\" is nothing that vtid matches")
                        : !work_.assigned_mode()         ? fail("in filter mode enc replies are not translated back",
                                                                "set \"filter\": { \"mode\": \"if_ipsec\" } and write it there")
                        : places.front() == "ipsec"
                            ? fail("it is on no one tunnel", "write it on each interface that it is for")
                            : make();
    if (!json) {
      const bool exempts = entry.has("nonat") || entry.has("nordr") || entry.has("nobinat");
      work_.draft.note(
          place_of(entry),
          fmt::format("the translation \"{}\" is not carried over: {}", entry.value("descr"), json.error().text),
          exempts && json.error().remedy.empty() ? "later ones may translate what it exempted" : json.error().remedy);
      return told(entry);
    }
    for (const std::string& on : places) {
      Json full{{"on", on}};
      full.update(*json);
      full["description"] = entry.value("descr");
      work_.draft.append("nat", std::move(full), place_of(entry));
    }
  }

  // As add_traffic(), without exceptions.
  Result<void> add_ends(const Element& entry, const std::set<Family>& families, Json& json) {
    auto added = add_traffic(work_, entry, families, json);
    if (added && (json.contains("from_not") || json.contains("to_not")))
      return fail("what is \"not\" something cannot be said of a translation");
    return added;
  }

  // To pf it is a translation of one to one like others.
  Result<Json> prefixes(const Element& entry) {
    const auto inside = end_of(work_, entry.at("source"), {Family::ipv6});
    const auto outside = end_of(work_, entry.at("destination"), {Family::ipv6});
    if (!inside) return std::unexpected(inside.error());
    if (!outside) return std::unexpected(outside.error());
    if (inside->size() != 1 || outside->size() != 1 || inside->front().length != outside->front().length)
      return fail("it is not one network and one of the same size");
    return Json{
        {"kind", "one_to_one"}, {"from", net::print(inside->front())}, {"address", net::print(outside->front().network())}};
  }

  Result<Json> outbound(const Element& entry, const std::string& mode) {
    if (mode != "hybrid" && mode != "advanced" && !entry.has("model"))
      return fail(fmt::format("outbound NAT is in mode \"{}\", which does not use it", mode.empty() ? "automatic" : mode));
    if (!entry.value("natport").empty() || entry.has("staticnatport")) return fail("vtid does not choose ports");
    note_texts(work_, entry, {"poolopts", "source_hash_key", "target_subnet"}, "vtid translates to one address");
    Json json{{"kind", "source"}};
    if (auto added = add_ends(entry, families_of(entry, {Family::ipv4, Family::ipv6}), json); !added)
      return std::unexpected(added.error());
    const std::string& target = entry.value("target");
    if (entry.has("nonat"))
      json["address"] = "none";
    else if (target.empty() || target == entry.value("interface") + "ip")
      json["address"] = "interface";
    else if (const auto address = one_address(work_, target))
      json["address"] = net::print(*address);
    else
      return fail(fmt::format("its target \"{}\" is not one address", target));
    return json;
  }

  Result<Json> one_to_one(const Element& entry) {
    const auto families = families_of(entry, {Family::ipv4});
    const auto inside = end_of(work_, entry.at("source"), families);
    const auto outside = net::parse_prefix(entry.value("external"));
    if (entry.value("type") == "nat") return fail("it translates one way only");
    note_texts(work_, entry, {"natreflection"}, "vtid reflects nothing");
    if (!inside) return std::unexpected(inside.error());
    if (inside->size() != 1 || !outside) return fail("it is not one network and one address");
    if (entry.has("nobinat")) return fail("it is an exception from others");
    Json json{{"kind", "one_to_one"}, {"from", net::print(inside->front())}};
    const auto to = end_of(work_, entry.at("destination"), families);
    if (!to) return std::unexpected(to.error());
    if (!to->empty()) json["to"] = json_of(*to);
    json["address"] = net::print(net::Prefix{outside->address, inside->front().length}.network());
    return json;
  }

  Result<Json> forward(const Element& entry) {
    if (entry.has("nordr")) return fail("it is an exception from others");
    Json json{{"kind", "destination"}};
    note_texts(work_, entry, {"natreflection"}, "vtid reflects nothing");
    if (entry.value("associated-rule-id") == "pass")
      work_.draft.note(place_of(entry.at("associated-rule-id")), "is not carried over: a translation passes nothing by itself",
                       "write a rule for what it leads to");
    if (auto added = add_ends(entry, families_of(entry, {Family::ipv4}), json); !added) return std::unexpected(added.error());
    const std::string& target = entry.value("target");
    const auto address = one_address(work_, target);
    if (!address) return fail(fmt::format("its target \"{}\" is not one address", target));
    json["target"] = net::print(*address);
    if (auto moved = add_target_port(entry, json); !moved) return std::unexpected(moved.error());
    return json;
  }

  // A number, or an alias; of a range it is the first port.
  Result<void> add_target_port(const Element& entry, Json& json) const {
    const std::string& written = entry.value("local-port");
    if (written.empty()) return {};
    const auto to = work_.names.ports(written);
    if (!to) return std::unexpected(to.error());
    std::vector<std::string> from;
    if (json.contains("ports")) from = work_.names.ports(entry.at("destination").value("port")).value_or(from);
    if (*to == from) return {};
    if (from.size() != 1 || to->size() != 1) return fail("it does not move one port to one");
    const bool range = from[0].contains('-');
    if (range && from[0].substr(0, from[0].find('-')) == to->front()) return {};
    const auto port = number_of(to->front());
    if (range || !port) return fail("it moves a range of ports");
    json["target_port"] = *port;
    return {};
  }

  Work& work_;
  const PfsensePlaces& places_;
  PfsenseLeft& left_;
};

}  // namespace

void carry_nat(Work& work, const PfsensePlaces& places, PfsenseLeft& left) { Nat(work, places, left).carry(); }

}  // namespace vtid::foreign
