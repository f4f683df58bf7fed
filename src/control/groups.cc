#include "control/groups.h"

#include <algorithm>

#include "control/render.h"

namespace vtid::control {
namespace {

// A daemon that has not chosen yet shows an empty choice.
const model::GroupSelection& selection_of(const model::GatewayGroup& group, const Index& index) {
  static const model::GroupSelection kNone;
  const auto found = index.snapshot.selection.groups.find(group.name);
  return found == index.snapshot.selection.groups.end() ? kNone : found->second;
}

Json render_member(const model::GroupMember& member, const model::GroupSelection& selection, const Index& index) {
  const auto active = std::ranges::find(selection.active, member.gateway, &model::ActiveMember::gateway);
  const auto gateway = index.gateways.find(member.gateway);
  const auto health = index.snapshot.gateway(member.gateway);
  const int weight = gateway != index.gateways.end() ? gateway->second->weight : 1;
  return {{"name", member.gateway},
          {"tier", member.tier},
          {"weight", member.weight.value_or(weight)},
          {"state", model::print(health ? health->state : model::GatewayState::pending)},
          {"local", member.local ? Json(net::print(*member.local)) : Json()},
          {"carries", active != selection.active.end()},
          {"reason", health ? health->reason : ""}};
}

}  // namespace

std::string_view group_state(const model::GatewayGroup& group, const Index& index) {
  return model::state_of(selection_of(group, index));
}

Json render_active(const model::GatewayGroup& group, const Index& index) {
  Json names = Json::array();
  for (const model::ActiveMember& active : selection_of(group, index).active) names.push_back(active.gateway);
  return names;
}

Json list_groups(const Index& index) {
  Json array = Json::array();
  for (const model::GatewayGroup& group : index.config.groups) {
    const model::GroupSelection& selection = selection_of(group, index);
    Json members = Json::array();
    for (const model::GroupMember& member : group.members) members.push_back(render_member(member, selection, index));
    array.push_back({{"name", group.name},
                     {"state", group_state(group, index)},
                     {"carriers", render_active(group, index)},
                     {"reason", selection.reason},
                     {"since", render_time(selection.since)},
                     {"description", group.description},
                     {"trigger", model::print(group.trigger)},
                     {"when_all_down", model::print(group.when_all_down)},
                     {"members", std::move(members)}});
  }
  return array;
}

}  // namespace vtid::control
