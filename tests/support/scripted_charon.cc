#include "support/scripted_charon.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace vtid::test {
namespace {

using vici::Message;
using vici::Packet;
using vici::PacketType;

Message done() { return Message{}.add("success", "yes"); }
Message refused(std::string why) { return Message{}.add("success", "no").add("errmsg", std::move(why)); }

Message counted(std::size_t matches, const std::string& verb) {
  Message reply;
  reply.add_flag("success", matches > 0).add_number("matches", matches);
  if (verb == "terminate") reply.add_number("terminated", matches);
  if (matches == 0) reply.add("errmsg", "no matching SAs to " + verb + " found");
  return reply;
}

constexpr std::uint32_t kFirstInvented = 100'000;  // of the SAs of an endless list

std::string hex(std::uint64_t value, int digits) { return fmt::format("{:0{}x}", value, digits); }

template <class Map>
Message::List names_of(const Map& map) {
  Message::List names;
  for (const auto& [name, value] : map) names.push_back(name);
  return names;
}

Message section(const std::string& name, Message content) { return Message{}.add_section(name, std::move(content)); }

std::string child_key(const model::ChildSa& child) { return fmt::format("{}-{}", child.name, child.id); }

}  // namespace

Message encode_ike(const model::IkeSa& ike) {
  Message message;
  message.add_number("uniqueid", ike.id)
      .add_number("version", static_cast<std::uint64_t>(ike.version))
      .add("state", std::string(print(ike.state)))
      .add("local-host", net::print(ike.local))
      .add_number("local-port", ike.local_port)
      .add("local-id", ike.local_id)
      .add("remote-host", net::print(ike.remote))
      .add_number("remote-port", ike.remote_port)
      .add("remote-id", ike.remote_id);
  if (ike.initiator) message.add_flag("initiator", true);
  const bool initiator_known = ike.initiator || ike.peer_answered;
  const bool responder_known = !ike.initiator || ike.peer_answered;
  message.add("initiator-spi", hex(initiator_known ? 0xa000'0000'0000'0000 + ike.id : 0, 16));
  message.add("responder-spi", hex(responder_known ? 0xb000'0000'0000'0000 + ike.id : 0, 16));
  return message;
}

Message encode_child(const model::ChildSa& child) {
  Message message;
  message.add("name", child.name)
      .add_number("uniqueid", child.id)
      .add_number("reqid", child.reqid.value)
      .add("state", std::string(print(child.state)))
      .add("mode", "TUNNEL")
      .add("protocol", child.protocol)
      .add("spi-in", hex(child.spi_in, 8))
      .add("spi-out", hex(child.spi_out, 8));
  if (child.udp_encapsulation) message.add_flag("encap", true);
  if (child.if_id_in.value != 0) message.add("if-id-in", hex(child.if_id_in.value, 8));
  if (child.if_id_out.value != 0) message.add("if-id-out", hex(child.if_id_out.value, 8));
  message.add("encr-alg", child.algorithms.encryption)
      .add_number("encr-keysize", static_cast<std::uint64_t>(child.algorithms.encryption_bits))
      .add_list("local-ts", child.local_ts)
      .add_list("remote-ts", child.remote_ts);
  return message;
}

void ScriptedCharon::open(Line line) { lines_[line] = Wire{}; }
void ScriptedCharon::close(Line line) { lines_.erase(line); }

std::string ScriptedCharon::take(Line line) {
  const auto found = lines_.find(line);
  if (found == lines_.end()) return "";
  if (endless_list && found->second.invented > 0) invent(found->second);
  return std::exchange(found->second.out, {});
}

void ScriptedCharon::feed(Line line, std::string_view bytes) {
  const auto found = lines_.find(line);
  if (found == lines_.end()) return;
  Wire& wire = found->second;
  wire.in.append(bytes);
  for (auto payload = wire.in.next(); payload && *payload; payload = wire.in.next()) {
    if (auto packet = vici::decode(**payload)) wire.waiting.push_back(std::move(*packet));
  }
  serve(wire);
}

// In order: what waits holds up everything behind it on its line.
void ScriptedCharon::serve(Wire& wire) {
  while (!wire.waiting.empty() && answer(wire, wire.waiting.front())) wire.waiting.pop_front();
}

bool ScriptedCharon::answer(Wire& wire, const Packet& packet) {
  static const std::set<std::string> kKnown{"list-sa",   "child-updown", "child-rekey", "ike-updown",
                                            "ike-rekey", "ike-update",   "log"};
  switch (packet.type) {
    case PacketType::subscribe:
      if (kKnown.contains(packet.name)) wire.events.insert(packet.name);
      wire.out +=
          *vici::encode_segment({kKnown.contains(packet.name) ? PacketType::confirmed : PacketType::unknown_event, {}, {}});
      return true;
    case PacketType::unsubscribe:
      wire.out += *vici::encode_segment(
          {wire.events.erase(packet.name) > 0 ? PacketType::confirmed : PacketType::unknown_event, {}, {}});
      return true;
    case PacketType::request: return answer_command(wire, packet);
    default: return true;
  }
}

bool ScriptedCharon::answer_command(Wire& wire, const Packet& packet) {
  if (unanswered.contains(packet.name)) return false;
  const Message& request = packet.message;
  std::optional<Message> reply;
  if (packet.name == "list-sas" && endless_list) {
    wire.invented = std::max(wire.invented, kFirstInvented);
    return false;
  }
  if (packet.name == "list-sas") {
    if (!list_sas(wire, request)) return false;
    reply = Message{};
  }
  if (packet.name == "version") reply = Message{}.add("daemon", "charon-systemd").add("version", version);
  if (packet.name == "stats") reply = stats();
  if (packet.name == "get-conns") reply = Message{}.add_list("conns", names_of(connections));
  if (packet.name == "get-shared") reply = Message{}.add_list("keys", names_of(secrets));
  if (packet.name == "load-conn") reply = load_connection(request);
  if (packet.name == "unload-conn") reply = unload(connections, std::string(request.text("name")), "connection");
  if (packet.name == "load-shared") {
    secrets[std::string(request.text("id"))] = request;
    reply = done();
  }
  if (packet.name == "get-keys") reply = Message{}.add_list("keys", names_of(keys));
  if (packet.name == "load-key") {
    const std::string id(request.text("data"));
    keys[id] = request;
    reply = done().add("id", id);
  }
  if (packet.name == "unload-key") reply = unload(keys, std::string(request.text("id")), "private key");
  if (packet.name == "get-authorities") reply = Message{}.add_list("authorities", names_of(authorities));
  if (packet.name == "load-authority") {
    for (const vici::Element& element : request.elements()) authorities[element.name] = std::get<Message>(element.content);
    reply = done();
  }
  if (packet.name == "unload-authority") reply = unload(authorities, std::string(request.text("name")), "authority");
  if (packet.name == "load-cert") {
    certificates.push_back(request);
    reply = done();
  }
  if (packet.name == "flush-certs") reply = done();
  if (packet.name == "unload-shared") reply = unload(secrets, std::string(request.text("id")), "shared secret");
  if (packet.name == "initiate") reply = initiate(request);
  if (packet.name == "terminate") reply = terminate(request);
  if (packet.name == "rekey") reply = rekey(request);
  ++served[packet.name];
  wire.out +=
      *vici::encode_segment({reply ? PacketType::response : PacketType::unknown_command, {}, reply.value_or(Message{})});
  return true;
}

bool ScriptedCharon::list_sas(Wire& wire, const Message& request) {
  const bool waits = request.find("noblock") == nullptr;
  if (waits && std::ranges::any_of(busy, [&](std::uint32_t id) { return ikes.contains(id); })) return false;
  for (const std::uint32_t id : matching(request)) {
    if (busy.contains(id) || !wire.events.contains("list-sa")) continue;
    Message listed;
    for (const auto& [child_id, child] : children) {
      if (child.ike_id == id) listed.add_section(child_key(child), encode_child(child));
    }
    const model::IkeSa& ike = ikes.at(id);
    Message entry = encode_ike(ike).add_section("child-sas", std::move(listed));
    wire.out += *vici::encode_segment({PacketType::event, "list-sa", section(ike.name, std::move(entry))});
  }
  return true;
}

std::string ScriptedCharon::invented_entry() const {
  model::IkeSa ike;
  ike.id = kFirstInvented;
  ike.name = fmt::format("invented-{}", ike.id);
  ike.state = model::IkeState::established;
  ike.remote_id = std::string(endless_identity, 'x');
  model::ChildSa child;
  child.id = ike.id;
  child.name = ike.name;
  child.state = model::ChildState::installed;
  Message entry = encode_ike(ike).add_section("child-sas", section(child_key(child), encode_child(child)));
  return vici::encode_segment({PacketType::event, "list-sa", section(ike.name, std::move(entry))}).value();
}

// One entry in which the numbers, which are of the same length, take each other's place.
void ScriptedCharon::invent(Wire& wire) {
  constexpr int kAtOnce = 256;
  const std::string first = std::to_string(kFirstInvented);
  const std::string entry = invented_entry();
  for (int i = 0; i < kAtOnce; ++i) {
    const std::string id = std::to_string(wire.invented++);
    std::size_t at = wire.out.size();
    wire.out += entry;
    for (; (at = wire.out.find(first, at)) != std::string::npos; at += id.size()) wire.out.replace(at, id.size(), id);
  }
}

std::vector<std::uint32_t> ScriptedCharon::matching(const Message& request) const {
  std::vector<std::uint32_t> ids;
  for (const auto& [id, ike] : ikes) {
    const std::string_view name = request.text("ike");
    if ((name.empty() || name == ike.name) && request.number("ike-id").value_or(id) == id) ids.push_back(id);
  }
  return ids;
}

Message ScriptedCharon::stats() const {
  return Message{}
      .add_section("uptime", Message{}.add("running", "8 seconds").add("since", boot))
      .add_section("ikesas", Message{}.add_number("total", ikes.size()).add("half-open", "0"))
      .add_list("plugins", plugins);
}

Message ScriptedCharon::load_connection(const Message& request) {
  if (refused_all) return refused(*refused_all);
  for (const vici::Element& element : request.elements()) {
    const auto refusal = refused_loads.find(element.name);
    if (refusal != refused_loads.end()) return refused(refusal->second);
    connections[element.name] = std::get<Message>(element.content);
  }
  return done();
}

Message ScriptedCharon::unload(std::map<std::string, Message>& from, const std::string& name, const std::string& what) {
  return from.erase(name) > 0 ? done() : refused(fmt::format("unload: {} '{}' not found", what, name));
}

Message ScriptedCharon::initiate(const Message& request) {
  const std::string name(request.text("ike"));
  if (!connections.contains(name)) return refused(fmt::format("CHILD_SA config '{}' not found", request.text("child")));
  const auto peer = peers.find(name);
  switch (peer == peers.end() ? Peer::answers : peer->second) {
    case Peer::answers: answer_initiate(name, std::string(request.text("child"))); break;
    case Peer::silent: add_ike(name, true); break;
    case Peer::refuses:
      for (const std::string& line : refusals)
        announce("log", vici::Message{}.add("group", "IKE").add("level", "1").add("ikesa-name", name).add("msg", line));
      give_up(add_ike(name, true));
      break;
  }
  return done();
}

// A child of its own name comes into the connection's IKE_SA, if there is one with the settings of today.
void ScriptedCharon::answer_initiate(const std::string& connection, const std::string& child) {
  const Message::List& locals = connections.at(connection).list("local_addrs");
  const auto established = std::ranges::find_if(ikes, [&](const auto& entry) {
    const model::IkeSa& ike = entry.second;
    const bool here = locals.empty() || !net::parse_address(locals.front()) || net::print(ike.local) == locals.front();
    return ike.name == connection && ike.state == model::IkeState::established && here;
  });
  if (child.empty() || child == connection) {
    bring_up(connection);
  } else if (established != ikes.end()) {
    bring_up_child(established->first, child);
  } else {
    const std::uint32_t ike_id = add_ike(connection, true);
    establish(ike_id);
    bring_up_child(ike_id, child);
  }
}

Message ScriptedCharon::terminate(const Message& request) {
  if (const std::string name(request.text("child")); !name.empty()) {
    std::vector<std::uint32_t> chosen;
    for (const auto& [id, child] : children) {
      if (child.name == name && ikes.at(child.ike_id).name == request.text("ike")) chosen.push_back(id);
    }
    for (const std::uint32_t id : chosen) take_down_child(id);
    return counted(chosen.size(), "terminate");
  }
  const std::vector<std::uint32_t> ids = matching(request);
  for (const std::uint32_t id : ids) take_down(id);
  return counted(ids.size(), "terminate");
}

Message ScriptedCharon::rekey(const Message& request) {
  if (rekeys_nothing) return counted(1, "rekey");
  std::vector<std::uint32_t> chosen;
  if (request.find("child") != nullptr) {
    for (const auto& [id, child] : children) {
      if (child.name == request.text("child") && child.state == model::ChildState::installed) chosen.push_back(id);
    }
    for (const std::uint32_t id : chosen) rekey_child(id);
  } else {
    chosen = matching(request);
    for (const std::uint32_t id : chosen) rekey_ike(id);
  }
  return counted(chosen.size(), "rekey");
}

std::uint32_t ScriptedCharon::add_ike(const std::string& connection, bool initiator) {
  model::IkeSa ike;
  ike.id = ++last_ike_;
  ike.name = connection;
  ike.state = model::IkeState::connecting;
  ike.initiator = initiator;
  ike.peer_answered = !initiator;
  const auto config = connections.find(connection);
  const Message none;
  const Message& loaded = config == connections.end() ? none : config->second;
  const auto first = [&](std::string_view list) {
    const Message::List& hosts = loaded.list(list);
    return net::parse_address(hosts.empty() ? "192.0.2.1" : hosts.front()).value_or(net::parse_address("192.0.2.1").value());
  };
  ike.local = first("local_addrs");
  ike.remote = first("remote_addrs");
  ike.local_port = ike.remote_port = 500;
  ike.local_id = ike.remote_id = "%any";
  ikes[ike.id] = ike;
  return ike.id;
}

void ScriptedCharon::establish(std::uint32_t ike_id) {
  model::IkeSa& ike = ikes.at(ike_id);
  ike.state = model::IkeState::established;
  ike.peer_answered = true;
  announce("ike-updown", Message{}.add_flag("up", true).add_section(ike.name, encode_ike(ike)));
}

std::uint32_t ScriptedCharon::add_child(std::uint32_t ike_id, const std::string& name) {
  const model::IkeSa& ike = ikes.at(ike_id);
  model::ChildSa child;
  child.id = ++last_child_;
  child.ike_id = ike_id;
  child.name = name;
  child.state = model::ChildState::installed;
  child.protocol = "ESP";
  child.spi_in = 0xc0000000 + (runs_ - 1) * 0x10000 + child.id * 2;
  child.spi_out = child.spi_in + 1;
  child.algorithms = {"AES_GCM_16", 128, "", ""};
  child.local_ts = child.remote_ts = {"0.0.0.0/0", "::/0"};
  const auto config = connections.find(ike.name);
  const Message* configured = config == connections.end() ? nullptr : config->second.find_section("children");
  const Message* own = configured == nullptr ? nullptr : configured->find_section(name);
  if (own != nullptr) {
    child.reqid = {static_cast<std::uint32_t>(own->number("reqid").value_or(0))};
    child.if_id_in = {static_cast<std::uint32_t>(own->number("if_id_in").value_or(0))};
    child.if_id_out = {static_cast<std::uint32_t>(own->number("if_id_out").value_or(0))};
  }
  children[child.id] = child;
  return child.id;
}

std::uint32_t ScriptedCharon::bring_up(const std::string& connection, bool initiator) {
  const std::uint32_t ike_id = add_ike(connection, initiator);
  establish(ike_id);
  return bring_up_child(ike_id, connection);
}

std::uint32_t ScriptedCharon::bring_up_child(std::uint32_t ike_id, const std::string& name) {
  const std::uint32_t child_id = add_child(ike_id, name);
  const model::ChildSa& child = children.at(child_id);
  const model::IkeSa& ike = ikes.at(ike_id);
  Message entry = encode_ike(ike).add_section("child-sas", section(child_key(child), encode_child(child)));
  announce("child-updown", Message{}.add_flag("up", true).add_section(ike.name, std::move(entry)));
  return child_id;
}

void ScriptedCharon::take_down_child(std::uint32_t child_id) {
  const model::ChildSa child = children.at(child_id);
  children.erase(child_id);
  const model::IkeSa& ike = ikes.at(child.ike_id);
  Message entry = encode_ike(ike).add_section("child-sas", section(child_key(child), encode_child(child)));
  announce("child-updown", section(ike.name, std::move(entry)));
}

// Only an established IKE_SA tells of its end, before its children do; those already replaced say nothing.
void ScriptedCharon::take_down(std::uint32_t ike_id) {
  model::IkeSa ike = ikes.at(ike_id);
  ikes.erase(ike_id);
  if (ike.state == model::IkeState::connecting) return;
  ike.state = model::IkeState::deleting;
  announce("ike-updown", section(ike.name, encode_ike(ike)));
  for (const auto& [id, child] : children) {
    if (child.ike_id != ike_id || child.state == model::ChildState::deleted) continue;
    Message entry = encode_ike(ike).add_section("child-sas", section(child_key(child), encode_child(child)));
    announce("child-updown", section(ike.name, std::move(entry)));
  }
  std::erase_if(children, [&](const auto& child) { return child.second.ike_id == ike_id; });
}

// The old one stays for a while as DELETED. The event names the child without its id.
std::uint32_t ScriptedCharon::rekey_child(std::uint32_t child_id) {
  const std::uint32_t ike_id = children.at(child_id).ike_id;
  const std::uint32_t fresh_id = add_child(ike_id, children.at(child_id).name);
  const model::ChildSa& fresh = children.at(fresh_id);
  Message both;
  both.add_section("old", encode_child(children.at(child_id))).add_section("new", encode_child(fresh));
  Message entry = encode_ike(ikes.at(ike_id)).add_section("child-sas", section(fresh.name, std::move(both)));
  announce("child-rekey", section(ikes.at(ike_id).name, std::move(entry)));
  children.at(child_id).state = model::ChildState::deleted;
  return fresh_id;
}

std::uint32_t ScriptedCharon::rekey_ike(std::uint32_t ike_id) {
  const model::IkeSa before = ikes.at(ike_id);
  model::IkeSa after = before;
  after.id = ++last_ike_;
  ikes.erase(ike_id);
  ikes[after.id] = after;
  for (auto& [id, child] : children) {
    if (child.ike_id == ike_id) child.ike_id = after.id;
  }
  Message both;
  both.add_section("old", encode_ike(before)).add_section("new", encode_ike(after));
  announce("ike-rekey", section(before.name, std::move(both)));
  return after.id;
}

void ScriptedCharon::move(std::uint32_t ike_id, const net::Address& local) {
  model::IkeSa& ike = ikes.at(ike_id);
  Message message;
  message.add("local-host", net::print(local))
      .add_number("local-port", ike.local_port)
      .add("remote-host", net::print(ike.remote))
      .add_number("remote-port", ike.remote_port)
      .add_section(ike.name, encode_ike(ike));
  ike.local = local;
  announce("ike-update", std::move(message));
}

void ScriptedCharon::give_up(std::uint32_t ike_id) { ikes.erase(ike_id); }

void ScriptedCharon::announce(std::string event, Message message) {
  Packet packet{PacketType::event, std::move(event), std::move(message)};
  if (keeping_) {
    kept_.push_back(std::move(packet));
  } else {
    raise(packet);
  }
}

std::vector<Packet> ScriptedCharon::take_kept_events() {
  keeping_ = false;
  return std::exchange(kept_, {});
}

void ScriptedCharon::raise(const Packet& event) {
  for (auto& [line, wire] : lines_) {
    if (wire.events.contains(event.name)) wire.out += *vici::encode_segment(event);
  }
}

void ScriptedCharon::finish_work(std::uint32_t ike_id) {
  busy.erase(ike_id);
  for (auto& [line, wire] : lines_) serve(wire);
}

void ScriptedCharon::clear_credentials() {
  secrets.clear();
  keys.clear();
  certificates.clear();
}

void ScriptedCharon::stop() {
  running = false;
  lines_.clear();
}

void ScriptedCharon::start(const std::string& boot_time) {
  stop();
  running = true;
  boot = boot_time;
  run = fmt::format("charon {}", ++runs_);
  last_ike_ = last_child_ = 0;
  unload_all();
  authorities.clear();
  clear_credentials();
  ikes.clear();
  children.clear();
  busy.clear();
}

}  // namespace vtid::test
