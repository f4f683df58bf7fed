// The daemon's figures for a monitoring system: OpenMetrics 1.0, or the text format 0.0.4 of Prometheus, which differ in how
// they name counters and in the end. docs/metrics.md has every name; there are as many series as the file has tunnels,
// children, gateways, members of groups, routes and rules, times their states.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "control/index.h"

namespace vtid::control {

enum class MetricsFormat : std::uint8_t { openmetrics, prometheus };  // protocol::kMetricsFormats
[[nodiscard]] std::optional<MetricsFormat> parse_metrics_format(std::string_view name);

[[nodiscard]] std::string render_metrics(const Index& index, MetricsFormat format);

}  // namespace vtid::control
