// The peer's side of a tunnel, in the words of what the peer runs: local and remote changed places, the same algorithms, and
// what its administrator has to do besides. Secrets are not in it: a place to write them is.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "control/index.h"

namespace vtid::control {

enum class ExportFormat : std::uint8_t { vtid, swanctl, libreswan, pfsense, vyos };  // protocol::kExportFormats
[[nodiscard]] std::optional<ExportFormat> parse_export_format(std::string_view name);

// An error for a tunnel that no such peer can have: one of swanctl.conf's own ("external"), and static SAs but for vtid.
[[nodiscard]] Result<std::string> export_peer(const model::Tunnel& tunnel, ExportFormat format, const Index& index);

}  // namespace vtid::control
