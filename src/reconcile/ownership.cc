#include "reconcile/ownership.h"

#include <fmt/format.h>

#include <map>

namespace vtid::reconcile {

Conflicts::Conflicts(const model::Desired& desired, const model::Observed& observed) {
  std::map<net::IfId, const model::ObservedLink*> foreign_ids;
  for (const model::ObservedLink& link : observed.links) {
    if (link.owner == model::Owner::other && link.if_id) foreign_ids.emplace(*link.if_id, &link);
  }
  for (const auto& wanted : desired.links) {
    const model::ObservedLink* named = observed.link(wanted.value.name);
    const auto numbered = foreign_ids.find(wanted.value.if_id);
    if (named != nullptr && named->owner == model::Owner::other) {
      block(wanted,
            fmt::format("a link named {} exists that vtid did not make ({})", named->name.text(),
                        named->kind.empty() ? "no kind" : named->kind),
            fmt::format("rename or delete it (ip link delete {0}), or give {1} another \"unit\"", named->name.text(),
                        wanted.because));
    } else if (numbered != foreign_ids.end()) {
      const model::ObservedLink& other = *numbered->second;
      block(wanted,
            fmt::format("{} has if_id {}, which {} needs, and vtid did not make it", other.name.text(),
                        wanted.value.if_id.value, wanted.value.name.text()),
            fmt::format("delete it (ip link delete {0}), or give {1} another \"unit\"", other.name.text(), wanted.because));
    }
  }
}

void Conflicts::block(const model::Wanted<model::Link>& wanted, std::string text, std::string remedy) {
  devices_.insert(wanted.value.name);
  if_ids_.insert(wanted.value.if_id);
  problems_.push_back({model::Severity::error, wanted.because, std::move(text), std::move(remedy)});
}

}  // namespace vtid::reconcile
