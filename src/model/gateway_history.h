// Loss and round trips of gateways over the last hour, for graphs. Bounded: so many gateways, so many samples of each.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "model/gateway.h"

namespace vtid::model {

inline constexpr Duration kHistoryInterval{15'000};  // between two samples
inline constexpr std::size_t kHistorySamples = 240;  // of each gateway: an hour
inline constexpr std::size_t kMostHistories = 256;   // gateways; the first by name

struct HistorySample {
  float rtt_ms = 0;
  int loss_percent = 0;
  bool operator==(const HistorySample&) const = default;
};

class GatewayHistory {
 public:
  using Series = std::deque<std::optional<HistorySample>>;  // the latest last; nothing where nothing was measured

  // A sample of each; those that are not there any more are forgotten.
  void add(const Gateways& gateways) {
    std::erase_if(series_, [&](const auto& entry) { return !gateways.contains(entry.first); });
    for (const auto& [name, health] : gateways) {
      if (!series_.contains(name) && series_.size() >= kMostHistories) continue;
      Series& samples = series_[name];
      const bool measured = health.state != GatewayState::unmonitored && health.state != GatewayState::pending;
      samples.push_back(measured ? std::optional(HistorySample{static_cast<float>(health.rtt_ms), health.loss_percent})
                                 : std::nullopt);
      if (samples.size() > kHistorySamples) samples.pop_front();
    }
  }
  [[nodiscard]] const std::map<std::string, Series>& series() const { return series_; }

 private:
  std::map<std::string, Series> series_;
};

}  // namespace vtid::model
