#include "scenario/matrix/picture.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>

#include "model/command.h"
#include "scenario/matrix/rig.h"
#include "vici/codec.h"

namespace vtid::test::matrix {
namespace {

std::string digest(const vici::Message& message) {
  const std::string bytes = vici::encode({vici::PacketType::response, {}, message}).value();
  return fmt::format("{:016x}", std::hash<std::string>{}(bytes));
}

std::string paint(const model::ObservedLink& link) {
  const std::string outer = link.outer ? print(link.outer->first) + " > " + print(link.outer->second) : "";
  return fmt::format("link {} {} if_id {} reqid {} mtu {} {} {} \"{}\" {}\n", link.name.text(), link.kind,
                     link.if_id.value_or(net::IfId{}).value, link.reqid.value_or(net::ReqId{}).value, link.mtu,
                     link.up ? "up" : "down", link.multicast ? "multicast" : "", link.alias, outer);
}

std::string paint(const model::ObservedAddress& item) {
  return fmt::format("address {} {} {}\n", item.device.text(), print(item.local), item.peer ? print(*item.peer) : "");
}

bool is_ours(const model::Observed& seen, const net::IfName& device) {
  const model::ObservedLink* link = seen.link(device);
  return link != nullptr && link->owner == model::Owner::vtid;
}

std::string paint_changes(const model::Observed& seen) {
  std::string text;
  for (const auto& item : seen.routes) text += print(model::SetRoute{item.route, false}) + "\n";
  for (const auto& policy : seen.policies) text += print(model::SetPolicy{policy}) + "\n";
  for (const auto& sa : seen.sas) text += print(model::SetSa{sa, false}) + "\n";
  for (const auto& rule : seen.rules) text += print(rule) + "\n";
  if (seen.filter) text += fmt::format("filter {} {} {}\n", seen.filter->mode, seen.filter->digest, seen.filter->altered);
  return text;
}

// What the daemon keeps in charon for its own use has other names than the tunnels.
bool is_of_a_tunnel(const Rig& rig, const std::string& name) {
  return std::ranges::any_of(rig.engine->config().tunnels,
                             [&](const model::Tunnel& tunnel) { return name.contains(tunnel.name); });
}

std::string paint_charon(Rig& rig) {
  std::string text;
  for (const auto& [name, message] : rig.charon.connections) {
    if (name != "theirs") text += fmt::format("connection {} {}\n", name, digest(message));
  }
  for (const auto& [id, message] : rig.charon.secrets) {
    if (is_of_a_tunnel(rig, id)) text += fmt::format("secret {} {}\n", id, digest(message));
  }
  return text;
}

std::string paint_status(const model::Snapshot& shown) {
  std::string text = fmt::format("role {}\nconverged {}\n", model::print(shown.role), shown.converged);
  for (const model::TunnelStatus& tunnel : shown.tunnels) {
    text += fmt::format("tunnel {} {} {} {} {} > {} mtu {} children {} of {} ({})\n", tunnel.name, print(tunnel.state),
                        tunnel.device.text(), tunnel.interface, tunnel.local, tunnel.remote, tunnel.mtu, tunnel.children_up,
                        tunnel.children_wanted, tunnel.reason);
  }
  for (const model::Problem& problem : shown.problems) {
    // whether an SA outlives an edit depends on when the edit comes, and what it runs with is then rightly said
    if (problem.text.starts_with("was negotiated with settings")) continue;
    text += fmt::format("problem {}: {}\n", problem.object, problem.text);
  }
  for (const model::Op& op : shown.plan.ops) text += fmt::format("planned {}\n", print(op.change));
  for (const auto& failed : shown.failed) text += fmt::format("failed {}\n", failed.error.text);
  return text;
}

// Which tunnels of before are remembered depends on which files the daemon has seen.
std::string paint_state(Rig& rig) {
  std::string text;
  const auto numbers = rig.store->load_numbers();
  for (const auto& [holder, unit] : *numbers) {
    if (rig.engine->config().tunnel(holder.substr(0, holder.find('/'))) == nullptr) continue;
    text += fmt::format("unit {} {}\n", holder, unit.value);
  }
  return text + fmt::format("remembered role {}\n", model::print(rig.store->load_role().value()));
}

}  // namespace

std::string paint(Rig& rig) {
  const model::Observed seen = rig.kernel.seen();
  std::string text;
  for (const auto& link : seen.links) {
    if (link.owner == model::Owner::vtid) text += paint(link);
  }
  for (const auto& item : seen.addresses) {
    if (is_ours(seen, item.device) && !item.kernel_made) text += paint(item);
  }
  return text + paint_changes(seen) + paint_charon(rig) + paint_status(*rig.snapshot()) + paint_state(rig);
}

std::string paint_others(Rig& rig) {
  const model::Observed seen = rig.kernel.seen();
  std::string text;
  for (const auto& link : seen.links) {
    if (link.owner == model::Owner::other && link.name.text() != "enc0")
      text += fmt::format("{} {}", link.index.value, paint(link));
  }
  for (const auto& item : seen.addresses) {
    if (!is_ours(seen, item.device)) text += paint(item);
  }
  text += fmt::format("connection theirs {}\nsecret theirs {}\n", digest(rig.charon.connections["theirs"]),
                      digest(rig.charon.secrets["theirs"]));
  const auto is_theirs = [](const auto& item) { return item.second.name == "theirs"; };
  return text + fmt::format("SAs of theirs {} {}\n", std::ranges::count_if(rig.charon.ikes, is_theirs),
                            std::ranges::count_if(rig.charon.children, is_theirs));
}

}  // namespace vtid::test::matrix
