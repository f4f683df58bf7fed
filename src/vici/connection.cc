#include "vici/connection.h"

#include <algorithm>
#include <utility>

#include "vici/credentials.h"

namespace vtid::vici {
namespace {

constexpr int kDpdTries = 6;  // IKEv1 has no retransmission of its own: pfSense's "max failures" 5, and the first

std::string seconds(Duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(duration).count());
}

Message::List outer(const model::Endpoint& endpoint, const std::vector<net::Address>& resolved = {}) {
  if (std::holds_alternative<model::AnyAddress>(endpoint)) return {"%any"};
  if (!varies(endpoint)) return {print(endpoint)};
  Message::List list;
  for (const net::Address& address : resolved) list.push_back(net::print(address));
  return list;
}

Message::List print_all(const std::vector<net::Prefix>& networks) {
  Message::List list;
  for (const net::Prefix& network : networks) list.push_back(net::print(network));
  return list;
}

// All of a family in `pieces` + 1 selectors: for 1, 0.0.0.0/1 and 128.0.0.0/1.
Message::List everything(net::Family family, std::size_t pieces) {
  Message::List list{net::print(net::Prefix{net::Address::any(family), static_cast<std::uint8_t>(pieces)})};
  for (std::size_t length = pieces; length > 0; --length) {
    std::vector<std::uint8_t> bytes(family == net::Family::ipv4 ? 4 : 16);
    bytes[(length - 1) / 8] = static_cast<std::uint8_t>(0x80U >> ((length - 1) % 8));
    list.push_back(net::print(net::Prefix{net::Address::from_bytes(bytes).value(), static_cast<std::uint8_t>(length)}));
  }
  return list;
}

// How many siblings of its family have a transit below the child's. Both ends count the same.
std::size_t siblings_below(const model::Tunnel& tunnel, const model::Child& child) {
  return static_cast<std::size_t>(std::ranges::count_if(tunnel.children, [&](const model::Child& other) {
    return other.mode == model::ChildMode::vti && other.local.family() == child.local.family() &&
           other.local.network() < child.local.network();
  }));
}

struct Selectors {
  Message::List local;
  Message::List remote;
};

// Routes decide what goes into an interface, so its SAs carry everything. Where children have SAs of their own, the responder
// tells them apart by selectors only (those of the file are the user's to tell apart); charon drops a transit beside 0/0 as
// redundant, so each of several of a family cuts everything into other pieces.
Selectors vti_selectors(const model::Tunnel& tunnel, const model::ChildConfig& config) {
  if (const auto& written = config.options.selectors) return {print_all(written->local), print_all(written->remote)};
  if (!model::has_interface_per_child(tunnel)) return {{"0.0.0.0/0", "::/0"}, {"0.0.0.0/0", "::/0"}};
  const model::Child& child = *config.children.front();
  const Message::List all = everything(child.local.family(), siblings_below(tunnel, child));
  return {all, all};
}

void add_selectors(Message& section, const Selectors& selectors) {
  section.add_list("local_ts", selectors.local).add_list("remote_ts", selectors.remote);
}

void add_interface(Message& section, net::Unit unit) {
  section.add_number("reqid", net::reqid_of(unit).value)
      .add_number("if_id_in", net::if_id_of(unit).value)
      .add_number("if_id_out", net::if_id_of(unit).value);
}

Message child_section(const model::Tunnel& tunnel, const model::ChildConfig& config, const Units& units) {
  Message section;
  section.add("mode", config.mode == model::ChildMode::transport ? "transport" : "tunnel");
  const model::Child& child = *config.children.front();
  if (config.mode == model::ChildMode::vti) {
    add_interface(section, units.at(config.holder));
    add_selectors(section, vti_selectors(tunnel, config));
  } else if (!child.local_networks.empty()) {
    add_selectors(section, {print_all(child.local_networks), print_all(child.remote_networks)});
  }
  section.add_list("esp_proposals", config.proposals)
      .add("rekey_time", seconds(config.rekey))
      .add_flag("policies", config.policies == model::PolicyOwner::charon)
      .add("start_action", tunnel.start == model::Start::trap ? "trap" : "none")
      .add("close_action", "none")
      .add("dpd_action", "clear");
  add_child_options(section, config);
  return section;
}

// What ends that the file does not give an address have now.
struct TodaysEnds {
  const std::vector<net::Address>& resolved;
  const std::optional<net::Address>& located;
};

// unique: "never", because with "no" charon still obeys INITIAL_CONTACT, which silently destroys the other tunnel between
// the same two identities (two uplinks, one peer). Duplicates are counted, not fought: the newest one's SAs get the traffic,
// and a leftover of a peer that crashed goes with its dead-peer detection.
// keyingtries: one, because the supervisor retries, with its own pace and its own words.
Message connection_section(const model::Tunnel& tunnel, const model::Ike& ike, const Units& units, const TodaysEnds& today) {
  const bool version1 = ike.version == model::IkeVersion::v1;
  Message children;
  for (const model::ChildConfig& config : model::child_configs(tunnel)) {
    children.add_section(config.name, child_section(tunnel, config, units));
  }
  Message section;
  section.add("version", version1 ? "1" : "2")
      .add_list("local_addrs", today.located ? Message::List{net::print(*today.located)} : outer(ike.local.address))
      .add_list("remote_addrs", outer(ike.remote.address, today.resolved))
      .add_list("proposals", ike.proposals)
      .add("dpd_delay", seconds(ike.dpd))
      .add("rekey_time", seconds(ike.rekey))
      .add_flag("mobike", ike.mobike)
      .add_flag("encap", ike.encapsulate)
      .add("keyingtries", "1")
      .add("unique", std::string(model::print(ike.options.unique.value_or(model::Unique::never))))
      .add_section("local", local_section(ike))
      .add_section("remote", remote_section(ike))
      .add_section("children", std::move(children));
  if (version1 && ike.dpd.count() != 0)
    section.add("dpd_timeout", seconds(ike.options.dpd_timeout.value_or(ike.dpd * kDpdTries)));
  if (ike.ppk) {
    section.add("ppk_id", ike.ppk->id);
    if (ike.ppk->required) section.add_flag("ppk_required", true);
  }
  add_ike_options(section, ike);
  return section;
}

}  // namespace

std::optional<WantedConnection> make_connection(const model::Tunnel& tunnel, const Units& units,
                                                const std::vector<net::Address>& resolved,
                                                const std::optional<net::Address>& located) {
  const auto* ike = std::get_if<model::Ike>(&tunnel.ike);
  if (ike == nullptr) return std::nullopt;
  WantedConnection wanted{tunnel.name,
                          Message{}.add_section(tunnel.name, connection_section(tunnel, *ike, units, {resolved, located}))};
  wanted.looked_up = varies(ike->remote.address);
  wanted.located = ike->local.is_located();
  wanted.waits = (wanted.looked_up && resolved.empty()) || (wanted.located && !located);
  wanted.requirements = requirements_of(tunnel);
  add_credentials(wanted, tunnel, *ike);
  return wanted;
}

}  // namespace vtid::vici
