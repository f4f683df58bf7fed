// Connections in swanctl.conf's words, wherever they were written, and what they become.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "foreign/draft.h"
#include "foreign/settings.h"
#include "foreign/swanctl_auth.h"
#include "net/address.h"

namespace vtid::foreign {

// As a file of another format says it in its own words, at `place`.
inline void put(Section& section, std::string key, std::string value, Place place) {
  section.settings.push_back(
      {std::move(key), std::move(value), place.line, std::move(place.file), false, std::move(place.path)});
}

// A child as vtid.json has it.
struct CarriedChild {
  const Section* section;
  std::string tunnel, child;
  bool own_interface = false;  // of the tunnel's several
  bool enabled = true;
  std::optional<net::Prefix> local{};  // inner; none: it is no VTI child
};

// Each section of `connections` becomes a tunnel, or a note says why not.
std::vector<CarriedChild> carry_connections(Draft& draft, const Section& connections, const SwanctlAuth& auth);
// What nobody has read. Nothing of it is quoted but names: it may be a secret.
void note_unread(Draft& draft, const Section& root);

}  // namespace vtid::foreign
