#include "vici/sa_decode.h"

#include <array>
#include <cstddef>
#include <limits>
#include <string>

#include "base/utf8.h"
#include "vici/words.h"

namespace vtid::vici {
namespace {

constexpr std::string_view kUnnamed = "(unnamed)";  // a responder's IKE_SA before its connection is known

template <class Number>
Number number(const Message& message, std::string_view name, int base = 10) {
  const auto value = message.number(name, base);
  return value && *value <= std::numeric_limits<Number>::max() ? static_cast<Number>(*value) : Number{};
}

net::Address address(const Message& message, std::string_view name) {
  return net::parse_address(message.text(name)).value_or(net::Address{});
}

std::string word(const Message& message, std::string_view name) { return to_utf8(message.text(name), kLongestWord); }

std::string identity(const Message& message, std::string_view name) { return to_utf8(message.text(name), kLongestIdentity); }

std::vector<std::string> selectors(const Message& message, std::string_view name) {
  std::vector<std::string> texts;
  for (const std::string& item : message.list(name)) {
    if (texts.size() == kMostSelectors) break;
    texts.push_back(to_utf8(item, kLongestSelector));
  }
  return texts;
}

// The state that charon's word names; `unknown` is the last.
template <class State>
State state(const Message& message, State unknown) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(unknown); ++i) {
    if (print(static_cast<State>(i)) == message.text("state")) return static_cast<State>(i);
  }
  return unknown;
}

std::optional<model::IkeSa> decode_ike(const std::string& name, const Message& message) {
  model::IkeSa ike;
  ike.id = number<std::uint32_t>(message, "uniqueid");
  if (ike.id == 0 || name == kUnnamed) return std::nullopt;
  ike.name = name;
  ike.version = message.text("version") == "1" ? 1 : 2;
  ike.state = state(message, model::IkeState::unknown);
  ike.initiator = message.flag("initiator");
  const std::string_view role_of_peer = ike.initiator ? "responder-spi" : "initiator-spi";
  ike.peer_answered = message.number(role_of_peer, 16).value_or(0) != 0;
  ike.local = address(message, "local-host");
  ike.remote = address(message, "remote-host");
  ike.local_port = number<std::uint16_t>(message, "local-port");
  ike.remote_port = number<std::uint16_t>(message, "remote-port");
  ike.local_id = identity(message, "local-id");
  ike.remote_id = identity(message, "remote-id");
  return ike;
}

std::optional<model::ChildSa> decode_child(const Message& message, std::uint32_t ike_id, WallTime now) {
  model::ChildSa child;
  child.id = number<std::uint32_t>(message, "uniqueid");
  if (child.id == 0) return std::nullopt;
  child.ike_id = ike_id;
  child.name = word(message, "name");
  child.reqid = {number<std::uint32_t>(message, "reqid")};
  child.if_id_in = {number<std::uint32_t>(message, "if-id-in", 16)};
  child.if_id_out = {number<std::uint32_t>(message, "if-id-out", 16)};
  child.state = state(message, model::ChildState::unknown);
  child.protocol = word(message, "protocol");
  child.udp_encapsulation = message.flag("encap");
  child.for_one_cpu = message.find("cpu") != nullptr;
  child.spi_in = number<std::uint32_t>(message, "spi-in", 16);
  child.spi_out = number<std::uint32_t>(message, "spi-out", 16);
  child.algorithms.encryption = word(message, "encr-alg");
  child.algorithms.encryption_bits = number<std::uint16_t>(message, "encr-keysize");
  child.algorithms.integrity = word(message, "integ-alg");
  child.algorithms.dh_group = word(message, "dh-group");
  child.local_ts = selectors(message, "local-ts");
  child.remote_ts = selectors(message, "remote-ts");
  if (message.find("install-time") != nullptr) {
    child.installed = now - std::chrono::seconds{number<std::uint32_t>(message, "install-time")};
  }
  return child;
}

// The message's only section: the IKE_SA under its connection's name. Other elements ("up", the new hosts) stand beside it.
const Element* connection(const Message& message) {
  for (const Element& element : message.elements()) {
    if (std::holds_alternative<Message>(element.content)) return &element;
  }
  return nullptr;
}

const Message& body(const Element& element) { return std::get<Message>(element.content); }

std::optional<SaEvent> decode_ike_rekey(const Element& conn) {
  const Message* before = body(conn).find_section("old");
  const Message* after = body(conn).find_section("new");
  if (before == nullptr || after == nullptr) return std::nullopt;
  const auto old_ike = decode_ike(conn.name, *before);
  const auto new_ike = decode_ike(conn.name, *after);
  if (!old_ike || !new_ike) return std::nullopt;
  return IkeRekeyed{*old_ike, *new_ike};
}

std::optional<SaEvent> decode_child_rekey(const Element& conn, WallTime now) {
  const auto ike = decode_ike(conn.name, body(conn));
  const Message* children = body(conn).find_section("child-sas");
  const Element* child = children == nullptr ? nullptr : connection(*children);
  if (!ike || child == nullptr) return std::nullopt;
  const Message* before = body(*child).find_section("old");
  const Message* after = body(*child).find_section("new");
  if (before == nullptr || after == nullptr) return std::nullopt;
  const auto old_child = decode_child(*before, ike->id, now);
  const auto new_child = decode_child(*after, ike->id, now);
  if (!old_child || !new_child) return std::nullopt;
  return ChildRekeyed{*ike, *old_child, *new_child};
}

std::optional<SaEvent> decode_ike_update(const Message& message, const Element& conn) {
  auto ike = decode_ike(conn.name, body(conn));
  if (!ike) return std::nullopt;
  ike->local = address(message, "local-host");
  ike->remote = address(message, "remote-host");
  ike->local_port = number<std::uint16_t>(message, "local-port");
  ike->remote_port = number<std::uint16_t>(message, "remote-port");
  return IkeMoved{*ike};
}

}  // namespace

std::optional<Listing> decode_listing(const Message& message, WallTime now) {
  const Element* conn = connection(message);
  if (conn == nullptr) return std::nullopt;
  const auto ike = decode_ike(conn->name, body(*conn));
  if (!ike) return std::nullopt;
  Listing listing{*ike, {}};
  const Message* children = body(*conn).find_section("child-sas");
  if (children == nullptr) return listing;
  for (const Element& element : children->elements()) {
    if (listing.children.size() == kMostChildrenAtOnce) break;
    const auto* section = std::get_if<Message>(&element.content);
    const auto child = section == nullptr ? std::nullopt : decode_child(*section, ike->id, now);
    if (child) listing.children.push_back(*child);
  }
  return listing;
}

std::optional<SaEvent> decode_event(std::string_view name, const Message& message, WallTime now) {
  const Element* conn = connection(message);
  if (conn == nullptr) return std::nullopt;
  if (name == "ike-rekey") return decode_ike_rekey(*conn);
  if (name == "child-rekey") return decode_child_rekey(*conn, now);
  if (name == "ike-update") return decode_ike_update(message, *conn);
  const bool up = message.flag("up");
  const auto listing = decode_listing(message, now);
  if (!listing) return std::nullopt;
  if (name == "ike-updown") return IkeUpdown{up, listing->ike};
  if (name == "child-updown") return ChildUpdown{up, *listing};
  return std::nullopt;
}

}  // namespace vtid::vici
