#include "reconcile/numbers.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace vtid::reconcile {
namespace {

struct Holder {
  std::string name;
  std::string object;  // of the file: "tunnels/hq/children/v4"
  std::optional<net::Unit> pin;
};

// Enabled or not, so that enabling one moves nothing.
std::vector<Holder> holders_of(const model::Config& config) {
  std::vector<Holder> holders;
  for (const model::Tunnel& tunnel : config.tunnels) {
    const bool apart = model::has_interface_per_child(tunnel);
    if (apart && tunnel.unit) holders.push_back({tunnel.name, "tunnels/" + tunnel.name, tunnel.unit});  // for later
    for (const model::Child& child : tunnel.children) {
      if (child.mode != model::ChildMode::vti) continue;
      if (!apart) {
        holders.push_back({tunnel.name, "tunnels/" + tunnel.name, tunnel.unit});
        break;
      }
      holders.push_back(
          {tunnel.name + '/' + child.name, fmt::format("tunnels/{}/children/{}", tunnel.name, child.name), child.unit});
    }
  }
  return holders;
}

class Allocation {
 public:
  explicit Allocation(const Numbers& known) : numbers_(known) {
    for (const auto& [holder, unit] : known) taken_.insert(unit);
  }

  void pin(const std::string& name, net::Unit unit) {
    release(name);
    std::erase_if(numbers_, [unit](const auto& entry) { return entry.second == unit; });
    hold(name, unit);
  }

  Result<void> give(const std::string& name, const model::Config& config) {
    if (numbers_.contains(name)) return {};
    auto unit = lowest_free();
    if (!unit) {
      forget_all_but(config);
      unit = lowest_free();
    }
    if (!unit) return fail(fmt::format("no unit is left for {}", name), "at most 32,767 interfaces fit one system");
    hold(name, *unit);
    return {};
  }

  [[nodiscard]] Numbers take() { return std::move(numbers_); }

 private:
  void hold(const std::string& name, net::Unit unit) {
    numbers_[name] = unit;
    taken_.insert(unit);
  }
  void release(const std::string& name) {
    const auto found = numbers_.find(name);
    if (found == numbers_.end()) return;
    taken_.erase(found->second);
    numbers_.erase(found);
  }
  void forget_all_but(const model::Config& config) {
    std::erase_if(numbers_, [&](const auto& entry) {
      return config.tunnel(std::string_view(entry.first).substr(0, entry.first.find('/'))) == nullptr;
    });
    taken_.clear();
    for (const auto& [holder, unit] : numbers_) taken_.insert(unit);
  }
  // Starts where the last search ended: giving N units costs N steps, not N squared.
  std::optional<net::Unit> lowest_free() {
    for (; next_ <= net::kHighestUnit; ++next_.value) {
      if (!taken_.contains(next_)) return next_;
    }
    next_ = net::kLowestUnit;
    return std::nullopt;
  }

  Numbers numbers_;
  std::set<net::Unit> taken_;
  net::Unit next_ = net::kLowestUnit;
};

}  // namespace

Result<Numbers> allocate(const model::Config& config, const Numbers& known) {
  const std::vector<Holder> holders = holders_of(config);
  std::map<net::Unit, const Holder*> unpinned;
  for (const Holder& holder : holders) {
    const auto found = known.find(holder.name);
    if (!holder.pin && found != known.end()) unpinned.emplace(found->second, &holder);
  }
  Allocation allocation(known);
  for (const Holder& holder : holders) {
    if (!holder.pin) continue;
    if (const auto other = unpinned.find(*holder.pin); other != unpinned.end()) {
      return fail(
          fmt::format("{} asks for unit {}, which {} has held so far", holder.object, holder.pin->value, other->second->object),
          fmt::format("choose another unit, or give {} a \"unit\" of its own (this recreates its interface)",
                      other->second->object));
    }
    allocation.pin(holder.name, *holder.pin);
  }
  for (const Holder& holder : holders) {
    if (auto given = allocation.give(holder.name, config); !given) return std::unexpected(given.error());
  }
  return allocation.take();
}

}  // namespace vtid::reconcile
