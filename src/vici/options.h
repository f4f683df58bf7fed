// What the file may say about SAs beyond what a tunnel needs, in the words of load-conn, and since when charon knows them.
#pragma once

#include <string>
#include <vector>

#include "model/charon_version.h"
#include "model/config.h"
#include "vici/message.h"

namespace vtid::vici {

void add_ike_options(Message& section, const model::Ike& ike);
void add_child_options(Message& section, const model::ChildConfig& config);

// Something of a connection that older charons refuse, with the connection.
struct Requirement {
  std::string what;  // "\"childless\": \"prefer\""
  model::CharonRelease since;
  bool operator==(const Requirement&) const = default;
};
[[nodiscard]] std::vector<Requirement> requirements_of(const model::Tunnel& tunnel);

// What a connection is not what the file says without. charon loads it all the same.
struct PluginNeed {
  std::vector<std::string> any_of;  // names of plugins: "curl"
  std::string without;              // what happens then: "nobody fetches its lists"
  bool operator==(const PluginNeed&) const = default;
};

}  // namespace vtid::vici
