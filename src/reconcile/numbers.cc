#include "reconcile/numbers.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace vtid::reconcile {
namespace {

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
    if (!unit) return fail(fmt::format("no unit is left for tunnels/{}", name), "at most 32,767 tunnels fit one system");
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
    std::erase_if(numbers_, [&](const auto& entry) { return config.tunnel(entry.first) == nullptr; });
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

// The tunnel of the file, other than `name` and without a pin of its own, that is known to hold `unit`.
const std::string* holder_in_file(const std::map<net::Unit, std::string>& unpinned, const std::string& name, net::Unit unit) {
  const auto found = unpinned.find(unit);
  return found == unpinned.end() || found->second == name ? nullptr : &found->second;
}

}  // namespace

Result<Numbers> allocate(const model::Config& config, const Numbers& known) {
  std::map<net::Unit, std::string> unpinned;
  for (const model::Tunnel& tunnel : config.tunnels) {
    const auto found = known.find(tunnel.name);
    if (!tunnel.unit && found != known.end()) unpinned.emplace(found->second, tunnel.name);
  }
  Allocation allocation(known);
  for (const model::Tunnel& tunnel : config.tunnels) {
    if (!tunnel.unit) continue;
    if (const std::string* holder = holder_in_file(unpinned, tunnel.name, *tunnel.unit)) {
      return fail(
          fmt::format("tunnels/{} asks for unit {}, which tunnels/{} has held so far", tunnel.name, tunnel.unit->value,
                      *holder),
          fmt::format("choose another unit, or give tunnels/{} a \"unit\" of its own (this recreates its interface)", *holder));
    }
    allocation.pin(tunnel.name, *tunnel.unit);
  }
  for (const model::Tunnel& tunnel : config.tunnels) {
    if (auto given = allocation.give(tunnel.name, config); !given) return std::unexpected(given.error());
  }
  return allocation.take();
}

}  // namespace vtid::reconcile
