#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "control/doctor_looks.h"
#include "model/words.h"

namespace vtid::control {
namespace {

using model::TunnelState;
using model::TunnelStatus;

std::string name_of(const TunnelStatus& status) { return "tunnels/" + status.name; }

// Tunnels whose device is to be there.
template <class Visit>
void for_each_enabled(const DoctorInput& input, Visit visit) {
  for (const TunnelStatus& status : input.index.snapshot.tunnels) {
    if (status.state != TunnelState::disabled) visit(status);
  }
}

// Whether SAs can be judged at all; says so when they cannot.
bool sas_are_known(const DoctorInput& input, DoctorFindings& findings) {
  if (input.index.snapshot.sas.connected) return true;
  findings.unread("",
                  {"charon does not answer", model::charon_status(input.host.system) + "; vtictl status shows its socket", 0});
  return false;
}

// Each system's links have one of the two numbers.
const model::ObservedLink* foreign_with_number(const model::Observed& observed, const TunnelStatus& status) {
  const auto found = std::ranges::find_if(observed.links, [&](const model::ObservedLink& link) {
    return link.owner == model::Owner::other &&
           (link.if_id == status.if_id || (link.reqid == status.reqid && status.reqid.value != 0));
  });
  return found == observed.links.end() ? nullptr : &*found;
}

// The link that stands where this tunnel's should, by name or by number.
const model::ObservedLink* taken_by(const DoctorInput& input, const TunnelStatus& status) {
  const model::Observed& observed = input.index.snapshot.observed;
  const model::ObservedLink* named = observed.link(status.device);
  if (named != nullptr && named->owner == model::Owner::other) return named;
  return foreign_with_number(observed, status);
}

bool is_live(model::ChildState state) { return state == model::ChildState::installed; }

// What an SA of the tunnel's connection is for: by its name, else the interface, because swanctl.conf may call it anything.
const model::ChildStatus* purpose_of(const model::ChildSa& child, const TunnelStatus& status) {
  const auto named = std::ranges::find(status.children, child.name, &model::ChildStatus::name);
  if (named != status.children.end()) return &*named;
  const auto device =
      std::ranges::find_if(status.children, [](const model::ChildStatus& it) { return it.mode == model::ChildMode::vti; });
  return device == status.children.end() ? nullptr : &*device;
}

// The policies that charon installs go with its SAs, whatever reqid it chose: several peers behind one interface have one each.
bool may_choose_reqids(const model::Tunnel& tunnel) {
  return std::holds_alternative<model::ExternalIke>(tunnel.ike) &&
         std::ranges::all_of(model::child_configs(tunnel),
                             [](const model::ChildConfig& config) { return config.policies == model::PolicyOwner::charon; });
}

void judge_numbers(const DoctorInput& input, const model::Tunnel& tunnel, const TunnelStatus& status,
                   const model::ChildSa& child, DoctorFindings& findings) {
  const model::ChildStatus* wanted = purpose_of(child, status);
  if (wanted == nullptr || wanted->mode != model::ChildMode::vti) return;
  const bool has_if_ids = !model::is_freebsd(input.host.system);
  const bool any_reqid = has_if_ids && may_choose_reqids(tunnel);
  const bool reqid_fits = any_reqid || child.reqid == wanted->reqid;
  const bool if_ids_fit = !has_if_ids || (child.if_id_in == wanted->if_id && child.if_id_out == wanted->if_id);
  if (reqid_fits && if_ids_fit) return;
  if (!has_if_ids) {
    findings.say(Verdict::error, name_of(status),
                 fmt::format("CHILD_SA {}#{} has reqid {}; {} has reqid {}", child.name, child.id, child.reqid.value,
                             wanted->device.text(), wanted->reqid.value),
                 fmt::format("set reqid of connection {0} to this number; vtictl down {1}, then up {1}",
                             model::connection_of(tunnel), tunnel.name));
    return;
  }
  findings.say(Verdict::error, name_of(status),
               fmt::format("CHILD_SA {}#{} has reqid {} and if_ids {} and {}; {} has reqid {} and if_id {}", child.name,
                           child.id, child.reqid.value, child.if_id_in.value, child.if_id_out.value, wanted->device.text(),
                           wanted->reqid.value, wanted->if_id.value),
               fmt::format("set {0} of connection {1} to these numbers; vtictl down {2}, then up {2}",
                           any_reqid ? "if_id_in and if_id_out" : "reqid, if_id_in and if_id_out", model::connection_of(tunnel),
                           tunnel.name));
}

}  // namespace

// Conflicts over devices have a check of their own.
void look_at_problems(const DoctorInput& input, DoctorFindings& findings) {
  const model::SnapshotView& snapshot = input.index.snapshot;
  for (const model::Problem& problem : snapshot.problems) {
    if (problem.severity == model::Severity::caveat) continue;
    if (std::ranges::find(snapshot.plan.problems, problem) != snapshot.plan.problems.end()) continue;
    const Verdict verdict = problem.severity == model::Severity::error ? Verdict::error : Verdict::warning;
    findings.say(verdict, problem.object, problem.text, problem.remedy);
  }
}

void look_at_charon_version(const DoctorInput& input, DoctorFindings& findings) {
  const model::CharonVersion& version = input.index.snapshot.sas.version;
  if (!version.is_known()) {
    findings.unread("charon", {"charon has never answered", model::charon_status(input.host.system), 0});
  } else if (version.can_deadlock()) {
    findings.say(Verdict::warning, "charon",
                 fmt::format("strongSwan {} can deadlock on its control socket (before 5.9.11)", version.text()));
  }
}

void look_at_devices(const DoctorInput& input, DoctorFindings& findings) {
  for_each_enabled(input, [&](const TunnelStatus& status) {
    const model::ObservedLink* link = input.index.snapshot.observed.link(status.device);
    if (taken_by(input, status) != nullptr) return;
    if (link == nullptr) {
      findings.say(Verdict::error, status.device.text(), fmt::format("the device of {} is missing", status.name));
    } else if (!link->up) {
      findings.say(Verdict::error, status.device.text(), fmt::format("the device of {} is down", status.name));
    }
  });
}

void look_at_taken_places(const DoctorInput& input, DoctorFindings& findings) {
  for_each_enabled(input, [&](const TunnelStatus& status) {
    const model::ObservedLink* other = taken_by(input, status);
    if (other == nullptr) return;
    const std::string_view system = input.host.system;
    const std::uint32_t number = model::is_freebsd(system) ? status.reqid.value : status.if_id.value;
    const std::string what = other->name == status.device ? "name" : fmt::format("{} {}", model::link_number(system), number);
    findings.say(
        Verdict::error, other->name.text(),
        fmt::format("has the {} that {} needs, and vtid did not make it", what, status.name),
        fmt::format("{}, or give {} another \"unit\"", model::delete_link(system, other->name.text()), name_of(status)));
  });
}

void look_at_device_mtus(const DoctorInput& input, DoctorFindings& findings) {
  for_each_enabled(input, [&](const TunnelStatus& status) {
    const model::ObservedLink* link = input.index.snapshot.observed.link(status.device);
    if (link == nullptr || link->owner != model::Owner::vtid || status.mtu == 0 || link->mtu == status.mtu) return;
    findings.say(Verdict::warning, status.device.text(), fmt::format("has mtu {}, and should have {}", link->mtu, status.mtu));
  });
}

// While charon replaces one by another it has two: the old one is REKEYING or REKEYED then.
void look_at_duplicates(const DoctorInput& input, DoctorFindings& findings) {
  if (!sas_are_known(input, findings)) return;
  std::map<net::ReqId, int> live;
  for (const auto& [id, child] : input.index.snapshot.sas.children) {
    if (is_live(child.state) && !child.for_one_cpu) ++live[child.reqid];
  }
  for (const TunnelStatus& status : input.index.snapshot.tunnels) {
    const auto found = live.find(status.reqid);
    if (found == live.end() || found->second <= std::max(status.children_wanted, 1)) continue;
    findings.say(
        Verdict::warning, name_of(status),
        fmt::format("has {} CHILD_SAs of reqid {} at once", found->second, status.reqid.value),
        fmt::format("let one end initiate (\"start\": \"none\" at the other); vtictl down {0}, then up {0} ends them all",
                    status.name));
  }
}

void look_at_sa_numbers(const DoctorInput& input, DoctorFindings& findings) {
  if (!sas_are_known(input, findings)) return;
  const model::SaTable& sas = input.index.snapshot.sas;
  const auto& connections = input.index.names.connections;
  for (const auto& [id, child] : sas.children) {
    const auto ike = sas.ikes.find(child.ike_id);
    const auto connection = ike == sas.ikes.end() ? connections.end() : connections.find(ike->second.name);
    if (connection == connections.end() || !child.carries()) continue;
    const TunnelStatus* status = input.index.status_of(connection->second);
    const auto tunnel = input.index.tunnels.find(connection->second);
    if (status == nullptr || tunnel == input.index.tunnels.end()) continue;
    judge_numbers(input, *tunnel->second, *status, child, findings);
  }
}

void look_at_orphaned_sas(const DoctorInput& input, DoctorFindings& findings) {
  if (!sas_are_known(input, findings)) return;
  const net::ReqId lowest = net::reqid_of(net::kLowestUnit);
  const net::ReqId highest = net::reqid_of(net::kHighestUnit);
  for (const auto& [id, child] : input.index.snapshot.sas.children) {
    if (child.reqid < lowest || child.reqid > highest || input.index.snapshot.tunnel_by_reqid.contains(child.reqid)) continue;
    if (!child.carries()) continue;
    findings.say(
        Verdict::warning, fmt::format("sas/{}", child.name),
        fmt::format("CHILD_SA {}#{} has reqid {}, and no tunnel of the file has", child.name, id, child.reqid.value),
        fmt::format("swanctl --terminate --child-id {}; if its connection is yours, give it a reqid outside of {} to {}", id,
                    lowest.value, highest.value));
  }
}

void look_at_routes(const DoctorInput& input, DoctorFindings& findings) {
  const Index& index = input.index;
  for (const NamedRoute& named : named_routes(index)) {
    const auto& [name, object, route] = named;
    const model::Route* wanted = index.wanted(named);
    if (wanted != nullptr && !index.holds(*wanted)) {
      findings.say(Verdict::warning, object, fmt::format("{} via {} is not installed", name, route.via),
                   fmt::format("vtictl explain \"{}\"", name));
    } else if (!index.is_usable(route.via) && route.when_down == model::WhenDown::keep) {
      findings.say(
          Verdict::warning, object, fmt::format("{} goes to {}, which does not answer", name, route.via),
          fmt::format("vtictl explain {} says why; \"when_down\": \"withdraw\" lets another route take over", route.via));
    }
  }
}

}  // namespace vtid::control
