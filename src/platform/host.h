// Reads what the system says of itself for a diagnosis: settings, drop counters, policies and routes of others, and charon's
// own settings file. Each fact by itself: what cannot be read says why and keeps nothing else from being read. Never writes.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "model/host_facts.h"

namespace vtid::platform {

[[nodiscard]] model::HostFacts read_host(const model::HostQuestion& question);

// The kernel's counters of dropped IPsec packets, as they stand.
[[nodiscard]] Result<std::vector<model::DropCounter>> read_drops();

// Those of charon's settings file: the one that STRONGSWAN_CONF names in vtid's own environment, else `usual`. vtid may not
// look into charon's environment (that would take CAP_SYS_PTRACE); that the file names the socket at which charon answers is
// the proof that it is charon's.
void read_charon_settings(model::HostFacts& facts, const model::HostQuestion& question, const std::string& usual);

// What the process at the other end of charon's socket is called; empty when it does not answer.
[[nodiscard]] std::string name_of_process(std::int32_t pid);

inline constexpr std::size_t kMostDevices = 4096;  // whose settings are read: each costs a few files

}  // namespace vtid::platform
