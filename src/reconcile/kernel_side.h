// charon's CHILD_SAs held against what the kernel has: what others took away from under them, and what a charon of before left
// behind. Pure.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "model/capabilities.h"
#include "model/observed.h"
#include "model/sa_index.h"
#include "model/sa_table.h"

namespace vtid::reconcile {

class KernelSide {
 public:
  KernelSide(const model::Observed& observed, const model::SaTable& sas, const model::Capabilities& system);

  // What decides which policies a CHILD_SA has.
  struct Use {
    bool interface = true;         // a VTI's, which is in tunnel mode
    bool charons_policies = true;  // false: vtid makes them
  };
  // What the kernel lacks of the first of them that is not whole: "inbound SA, policy out"; empty: they are whole. An SA that
  // was replaced, or its older half, stands in for an outbound one that charon does not give to the kernel yet.
  [[nodiscard]] std::string missing(model::SaIndex::Children children, Use use) const;

  // Whether SAs of this reqid are there in both directions, whoever made them.
  [[nodiscard]] bool carries(net::ReqId reqid) const { return both_ways_.contains(reqid); }

 private:
  [[nodiscard]] bool has(net::ReqId reqid, std::uint32_t spi) const { return spis_.contains({reqid, spi}); }
  [[nodiscard]] bool sends(const model::ChildSa& child, model::SaIndex::Children children) const;
  [[nodiscard]] std::string missing_of(const model::ChildSa& child, model::SaIndex::Children children, Use use) const;

  const model::SaTable& sas_;
  const model::Capabilities system_;
  std::set<std::pair<net::ReqId, std::uint32_t>> spis_;
  std::set<net::ReqId> both_ways_;
  std::map<net::ReqId, std::uint8_t> policies_;
};

}  // namespace vtid::reconcile
