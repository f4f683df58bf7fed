// What is not ours and stands where something of ours should be. Such things are shown and never removed.
#pragma once

#include <set>
#include <vector>

#include "model/capabilities.h"
#include "model/desired.h"
#include "model/observed.h"
#include "model/op.h"

namespace vtid::reconcile {

class Conflicts {
 public:
  Conflicts(const model::Desired& desired, const model::Observed& observed, const model::Capabilities& system);

  // Whether this device of ours cannot be made because another owner has its name or its number.
  [[nodiscard]] bool blocks(const net::IfName& device) const { return devices_.contains(device); }
  [[nodiscard]] bool blocks(net::IfId if_id) const { return if_ids_.contains(if_id); }
  [[nodiscard]] const std::vector<model::Problem>& problems() const { return problems_; }

 private:
  void block(const model::Wanted<model::Link>& wanted, std::string text, std::string remedy);

  std::set<net::IfName> devices_;
  std::set<net::IfId> if_ids_;
  std::vector<model::Problem> problems_;
};

}  // namespace vtid::reconcile
