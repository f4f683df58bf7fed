#include "reconcile/ownership.h"

#include <fmt/format.h>

#include <map>
#include <string>
#include <variant>

#include "model/words.h"

namespace vtid::reconcile {

namespace {

// The number that SAs find a link by: two links cannot have the same. No number of Linux is one of FreeBSD.
using Number = std::variant<net::IfId, net::ReqId>;

Number number_of(const model::Link& link, const model::Capabilities& system) {
  return system.link_has_if_id ? Number(link.if_id) : Number(link.reqid);
}

std::string print(const Number& number) {
  const auto* if_id = std::get_if<net::IfId>(&number);
  return if_id != nullptr ? fmt::format("if_id {}", if_id->value) : fmt::format("reqid {}", std::get<net::ReqId>(number).value);
}

std::map<Number, const model::ObservedLink*> foreign_numbers(const model::Observed& observed) {
  std::map<Number, const model::ObservedLink*> found;
  for (const model::ObservedLink& link : observed.links) {
    if (link.owner != model::Owner::other) continue;
    if (link.if_id) found.emplace(*link.if_id, &link);
    if (link.reqid) found.emplace(*link.reqid, &link);
  }
  return found;
}

}  // namespace

Conflicts::Conflicts(const model::Desired& desired, const model::Observed& observed, const model::Capabilities& system) {
  const auto numbers = foreign_numbers(observed);
  for (const auto& wanted : desired.links) {
    const model::ObservedLink* named = observed.link(wanted.value.name);
    const auto numbered = numbers.find(number_of(wanted.value, system));
    if (named != nullptr && named->owner == model::Owner::other) {
      block(wanted,
            fmt::format("a link named {} exists that vtid did not make ({})", named->name.text(),
                        named->kind.empty() ? "no kind" : named->kind),
            fmt::format("rename or delete it ({}), or give {} another \"unit\"",
                        model::delete_link(system.system, named->name.text()), wanted.because));
    } else if (numbered != numbers.end()) {
      const model::ObservedLink& other = *numbered->second;
      block(wanted,
            fmt::format("{} has {}, which {} needs, and vtid did not make it", other.name.text(), print(numbered->first),
                        wanted.value.name.text()),
            fmt::format("delete it ({}), or give {} another \"unit\"", model::delete_link(system.system, other.name.text()),
                        wanted.because));
    }
  }
}

void Conflicts::block(const model::Wanted<model::Link>& wanted, std::string text, std::string remedy) {
  devices_.insert(wanted.value.name);
  if_ids_.insert(wanted.value.if_id);
  problems_.push_back({model::Severity::error, wanted.because, std::move(text), std::move(remedy)});
}

}  // namespace vtid::reconcile
