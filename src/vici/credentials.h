// How the two ends of a tunnel prove who they are, in the words of load-conn, and what charon needs for it besides.
#pragma once

#include "model/config.h"
#include "vici/connection.h"
#include "vici/message.h"

namespace vtid::vici {

[[nodiscard]] Message local_section(const model::Ike& ike);
[[nodiscard]] Message remote_section(const model::Ike& ike);

// Secrets, keys, certificates and authorities, and the plugins that they are for nothing without.
void add_credentials(WantedConnection& wanted, const model::Tunnel& tunnel, const model::Ike& ike);

}  // namespace vtid::vici
