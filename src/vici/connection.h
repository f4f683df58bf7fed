// From a tunnel of the file to what charon is asked to load for it: one connection, named like the tunnel, with a child for
// each CHILD_SA. charon never starts, restarts or closes by itself: the supervisor alone decides, so that two ends do not
// fight.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/config.h"
#include "net/names.h"
#include "vici/message.h"
#include "vici/options.h"

namespace vtid::vici {

inline constexpr std::string_view kRevocationList = "X509_CRL";  // type of load-cert

// Requests as charon wants them. `secrets` and `key` hold key material: never print them, never put them into an error.
struct WantedConnection {
  std::string name;
  Message connection = {};            // of load-conn
  std::vector<Message> secrets = {};  // of load-shared, each with the id of a secret of this connection
  // Of load-cert: intermediate CAs, which no connection can name, and lists of revoked certificates. Behind such lists, without
  // data, one of flush-certs: charon goes on with the list that it has cached, however old.
  std::vector<Message> certificates = {};
  std::vector<Message> authorities = {};  // of load-authority, of one section each; connections share equal ones
  std::string key_id = {};                // by which charon knows the private key; empty: the connection needs none
  Message key = {};                       // of load-key
  bool waits = false;                     // for the addresses of an end: meanwhile what charon has of it stays
  bool looked_up = false;                 // remote_addrs are where the peer is called today, and no setting
  bool located = false;                   // local_addrs are where our end is today, and no setting
  std::vector<Requirement> requirements = {};
  std::vector<PluginNeed> plugins = {};
  bool as_before = false;  // as it was wanted last, if it was: none of the above says anything
  bool operator==(const WantedConnection&) const = default;
};

using Units = std::map<std::string, net::Unit>;  // by holder, of every VTI child

// Nothing for an external connection: the administrator loads that one. `resolved` are the addresses of a peer with a host
// name, the one to call first; charon never sees the name (docs/decisions/0010-host-names.md). `located` is where our end is,
// when the file says it by an interface or a gateway; none: it is nowhere now.
[[nodiscard]] std::optional<WantedConnection> make_connection(const model::Tunnel& tunnel, const Units& units,
                                                              const std::vector<net::Address>& resolved = {},
                                                              const std::optional<net::Address>& located = {});

// "vtid-hq": the id under which charon keeps a secret. That of the connection "hq" is "hq", its others are "hq/ppk".
[[nodiscard]] std::string secret_id(const std::string& secret);
[[nodiscard]] std::string secret_of(const Message& load_shared);  // the other way

}  // namespace vtid::vici
