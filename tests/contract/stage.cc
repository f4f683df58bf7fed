#include "contract/stage.h"

#include <algorithm>

#include "io/loop.h"

namespace vtid::contract {

namespace {

// Of the stage that stands; there is one at a time.
model::Capabilities present;

// The other address of a /30 or a /31.
std::optional<net::Address> other_end(const net::Prefix& local) {
  std::array<std::uint8_t, 4> bytes{};
  std::ranges::copy(local.address.bytes(), bytes.begin());
  bytes[3] ^= local.length == 31 ? 1 : 3;
  return net::Address::v4(bytes);
}

io::Loop open_loop() {
  auto loop = io::Loop::open();
  if (!loop) give_up("wait", loop.error().text);
  return *std::move(loop);
}

}  // namespace

Stage::Stage(Backend& backend) : kernel(*backend.kernel), world(*backend.world), system(kernel.capabilities()) {
  present = system;
}

void Stage::expect(bool holds, std::string_view fact, std::source_location where) {
  if (holds) return;
  std::string line(fact);
  line += " (line " + std::to_string(where.line()) + ")";
  if (!told.empty()) line += "; last refusal: " + told;
  failures.push_back(std::move(line));
}

int Stage::apply(model::Change change) {
  told.clear();
  const std::vector<model::Op> ops{{std::move(change), "object", "reason", "because"}};
  const auto results = platform::apply_all(kernel, ops);
  expect(results.size() == 1, "one operation has one result");
  if (results.front()) return 0;
  told = results.front().error().text;
  return results.front().error().code;
}

model::Observed Stage::observe() {
  auto observed = platform::observe_now(kernel);
  expect(observed.has_value(), "the kernel can be observed");
  return observed ? *std::move(observed) : model::Observed{};
}

platform::Notices Stage::settle() {
  constexpr Duration kQuiet{300};
  platform::Notices all;
  io::Loop loop = open_loop();
  const auto wait = [&] { loop.wake_at(io::Loop::now().steady + kQuiet, [&loop] { loop.stop(); }); };
  const auto read = [&] {
    const platform::Notices some = kernel.drain();
    all.ours += some.ours;
    all.overflowed = all.overflowed || some.overflowed;
    all.lost_sas.insert(all.lost_sas.end(), some.lost_sas.begin(), some.lost_sas.end());
    all.lost_policies = all.lost_policies || some.lost_policies;
    wait();
  };
  const std::vector<int> descriptors = kernel.descriptors();
  const auto watched = loop.on_readable(descriptors, read);
  if (!watched) give_up("watch the kernel", watched.error().text);
  read();
  if (!descriptors.empty()) loop.run();
  return all;
}

net::IfName device(std::string_view name) { return *net::IfName::parse(name); }

model::Link link(std::uint32_t unit) {
  model::Link link;
  link.name = net::IfName::of({unit});
  link.if_id = net::if_id_of({unit});
  link.reqid = net::reqid_of({unit});
  link.alias = "vtid tunnels/t" + std::to_string(unit);
  link.multicast = present.link_multicast_is_free;  // so that no link gets an address by itself
  return link;
}

model::Link renumbered(model::Link link, std::uint32_t unit) {
  link.if_id = {unit};
  link.reqid = {unit == 0 ? 0 : net::reqid_of({unit}).value};
  return link;
}

model::InterfaceAddress address(std::string_view device_name, std::string_view local, std::string_view peer) {
  model::InterfaceAddress address{device(device_name), *net::parse_prefix(local), {}};
  if (!peer.empty()) address.peer = *net::parse_address(peer);
  const bool needs_one = present.address_needs_peer && address.local.address.is_v4() && device_name.starts_with("ipsec");
  if (peer.empty() && needs_one) address.peer = other_end(address.local);
  return address;
}

model::Route route(std::string_view to, std::string_view device_name, std::string_view gateway, std::uint32_t metric) {
  model::ViaGateway via{device(device_name), {}};
  if (!gateway.empty()) via.gateway = *net::parse_address(gateway);
  return {*net::parse_prefix(to), {present.route_has_metric ? metric : 0}, net::kMainTable, via};
}

model::Route blackhole(std::string_view to, std::uint32_t metric) {
  return {*net::parse_prefix(to), {present.route_has_metric ? metric : 0}, net::kMainTable, model::Blackhole{}};
}

void make_tunnel(Stage& stage) {
  stage.expect(stage.apply(model::CreateLink{link(1)}) == 0, "ipsec1 can be made");
  stage.expect(stage.apply(model::AddAddress{address("ipsec1", "10.6.106.1/30")}) == 0, "an IPv4 address can be added");
  stage.expect(stage.apply(model::AddAddress{address("ipsec1", "fd00:6::1/64")}) == 0, "an IPv6 address can be added");
}

}  // namespace vtid::contract
