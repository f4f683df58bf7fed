#include "reconcile/kernel_side.h"

#include <algorithm>

namespace vtid::reconcile {
namespace {

// Of selectors as charon writes them: "10.1.0.0/16", "fd00::/8[tcp/443]".
bool has_family(const std::vector<std::string>& selectors, net::Family family) {
  return std::ranges::any_of(selectors, [&](const std::string& selector) {
    const bool is_v6 = selector.substr(0, selector.find('[')).contains(':');
    return is_v6 == (family == net::Family::ipv6);
  });
}

// Between two networks of a family; only tunnel mode forwards.
std::uint8_t needed_policies(const model::ChildSa& child, model::PolicyDirection direction) {
  std::uint8_t bits = 0;
  for (const net::Family family : {net::Family::ipv4, net::Family::ipv6}) {
    if (has_family(child.local_ts, family) && has_family(child.remote_ts, family)) bits |= policy_bit(direction, family);
  }
  return bits;
}

}  // namespace

KernelSide::KernelSide(const model::Observed& observed, const model::SaTable& sas, const model::Capabilities& system)
    : sas_(sas), system_(system) {
  std::set<std::tuple<net::ReqId, net::Address, net::Address>> ways;
  for (const model::CharonsSa& sa : observed.charons_sas) {
    spis_.emplace(sa.reqid, sa.spi);
    ways.emplace(sa.reqid, sa.source, sa.destination);
    if (ways.contains({sa.reqid, sa.destination, sa.source})) both_ways_.insert(sa.reqid);
  }
  for (const model::CharonsPolicies& policies : observed.charons_policies) policies_.emplace(policies.reqid, policies.bits);
}

std::string KernelSide::missing(model::SaIndex::Children children, Use use) const {
  if (!system_.shared_with_charon || (!system_.manages_policies && !use.interface)) return {};
  for (const model::ChildSa* child : children) {
    // The kernel's part of any other state is being changed, or is on its way out.
    const bool settled = child->state == model::ChildState::installed || child->state == model::ChildState::rekeying;
    if (!settled || child->protocol != "ESP" || child->spi_in == 0 || child->reqid.value == 0) continue;
    if (std::string lacking = missing_of(*child, children, use); !lacking.empty()) return lacking;
  }
  return {};
}

bool KernelSide::sends(const model::ChildSa& child, model::SaIndex::Children children) const {
  if (has(child.reqid, child.spi_out)) return true;
  const auto replaced = sas_.replaced.find(child.reqid);
  const bool by_old = replaced != sas_.replaced.end() &&
                      std::ranges::any_of(replaced->second, [&](const auto& sa) { return has(child.reqid, sa.second); });
  return by_old || std::ranges::any_of(children, [&](const model::ChildSa* other) {
           return other != &child && other->ike_id == child.ike_id && other->carries() && has(other->reqid, other->spi_out);
         });
}

std::string KernelSide::missing_of(const model::ChildSa& child, model::SaIndex::Children children, Use use) const {
  std::string text;
  const auto need = [&text](bool there, std::string_view what) {
    if (!there) text += (text.empty() ? "" : ", ") + std::string(what);
  };
  need(has(child.reqid, child.spi_in), "inbound SA");
  need(sends(child, children), "outbound SA");
  if (!system_.manages_policies) return text;
  const auto found = policies_.find(child.reqid);
  const std::uint8_t have = found == policies_.end() ? 0 : found->second;
  if (!use.charons_policies) {
    need(have == 0, "policies of vtid, in whose place charon's are");
    return text;
  }
  for (const auto direction : {model::PolicyDirection::in, model::PolicyDirection::out, model::PolicyDirection::forward}) {
    if (direction == model::PolicyDirection::forward && !use.interface) continue;
    const std::uint8_t bits = needed_policies(child, direction);
    need((have & bits) == bits, "policy " + std::string(print(direction)));
  }
  return text;
}

}  // namespace vtid::reconcile
