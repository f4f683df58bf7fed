#include "contract/stage.h"

#include <poll.h>

#include <algorithm>
#include <iterator>

namespace vtid::contract {

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
  const auto results = kernel.apply(ops);
  expect(results.size() == 1, "one operation has one result");
  if (results.front()) return 0;
  told = results.front().error().text;
  return results.front().error().code;
}

model::Observed Stage::observe() {
  auto observed = kernel.observe();
  expect(observed.has_value(), "the kernel can be observed");
  return observed ? *std::move(observed) : model::Observed{};
}

platform::Notices Stage::settle() {
  constexpr int kQuietMilliseconds = 300;
  platform::Notices all;
  pollfd readable{kernel.descriptor(), POLLIN, 0};
  do {
    const platform::Notices some = kernel.drain();
    all.ours += some.ours;
    all.overflowed = all.overflowed || some.overflowed;
  } while (readable.fd >= 0 && poll(&readable, 1, kQuietMilliseconds) > 0);
  return all;
}

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const auto& part :
       {link_cases(), address_cases(), route_cases(), rule_cases(), policy_cases(), sa_cases(), filter_cases(), notice_cases()}) {
    std::ranges::copy(part, std::back_inserter(cases));
  }
  return cases;
}

net::IfName device(std::string_view name) { return *net::IfName::parse(name); }

model::Link link(std::uint32_t unit) {
  model::Link link;
  link.name = net::IfName::of({unit});
  link.if_id = net::if_id_of({unit});
  link.reqid = net::reqid_of({unit});
  link.alias = "vtid tunnels/t" + std::to_string(unit);
  return link;
}

model::InterfaceAddress address(std::string_view device_name, std::string_view local, std::string_view peer) {
  model::InterfaceAddress address{device(device_name), *net::parse_prefix(local), {}};
  if (!peer.empty()) address.peer = *net::parse_address(peer);
  return address;
}

model::Route route(std::string_view to, std::string_view device_name, std::string_view gateway, std::uint32_t metric) {
  model::ViaGateway via{device(device_name), {}};
  if (!gateway.empty()) via.gateway = *net::parse_address(gateway);
  return {*net::parse_prefix(to), {metric}, net::kMainTable, via};
}

model::Route blackhole(std::string_view to, std::uint32_t metric) {
  return {*net::parse_prefix(to), {metric}, net::kMainTable, model::Blackhole{}};
}

void make_tunnel(Stage& stage) {
  stage.expect(stage.apply(model::CreateLink{link(1)}) == 0, "ipsec1 can be made");
  stage.expect(stage.apply(model::AddAddress{address("ipsec1", "10.6.106.1/30")}) == 0, "an IPv4 address can be added");
  stage.expect(stage.apply(model::AddAddress{address("ipsec1", "fd00:6::1/64")}) == 0, "an IPv6 address can be added");
}

}  // namespace vtid::contract
