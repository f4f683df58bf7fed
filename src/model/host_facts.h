// What the system around vtid says of itself when somebody asks for a diagnosis: settings and counters that others own. Each
// was read, or says why it could not be; what was not read is never taken for a default.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "model/kernel_objects.h"

namespace vtid::model {

struct HostQuestion {
  std::vector<net::IfName> devices;  // of ours: their settings
  std::vector<net::Address> peers;   // the way to each
  std::string vici;                  // where charon answers: "unix:///var/run/charon.vici"
};

// One of the kernel's counters of IPsec packets that it dropped: "XfrmInNoStates".
struct DropCounter {
  std::string name;
  std::uint64_t value = 0;
  std::uint64_t since_start = 0;  // of vtid
  std::uint64_t since_last = 0;   // diagnosis; the first one counts from the start
  bool operator==(const DropCounter&) const = default;
};

// A security policy that takes all traffic of a family in one direction: 0/0 to 0/0, bound to no interface, mark or if_id.
struct CatchAll {
  PolicyDirection direction{};
  net::Family family = net::Family::ipv4;
  std::uint32_t priority = 0;
  bool blocks = false;  // instead of asking for IPsec
  bool operator==(const CatchAll&) const = default;
};

// A chain of the host's firewall that drops the forwarded packets that no rule accepts.
struct ForwardChain {
  std::string family;  // "ip", "ip6", "inet"
  std::string table;
  std::string name;
  std::string maker;                             // "docker", "ufw", "firewalld"; empty: anybody
  std::set<std::string, std::less<>> devices{};  // that a rule lets through by name; "ipsec*": all that begin so
  bool by_other = false;                         // rules let packets through by address, mark or set
  bool operator==(const ForwardChain&) const = default;
};

// Where a packet to a peer leaves.
struct PeerPath {
  net::IfName device;
  std::optional<std::uint32_t> mtu;  // of the path, when the kernel has learned one
  bool operator==(const PeerPath&) const = default;
};

// charon's own settings file, with what it includes: "charon.install_routes" -> "no".
using CharonSettings = std::map<std::string, std::string, std::less<>>;

// Of the section of this program ("charon-systemd"), else of "charon", else `usual`.
[[nodiscard]] std::string charon_setting(const CharonSettings& settings, std::string_view program, std::string_view key,
                                         std::string_view usual);

inline const Error kNobodyLooked{"nobody has looked", "", 0};

struct HostFacts {
  std::string system;                                                // "linux", "freebsd"; empty when nothing was read
  std::map<std::string, Result<std::int64_t>, std::less<>> sysctls;  // by sysctl(8)'s name
  Result<std::vector<DropCounter>> drops = std::unexpected(kNobodyLooked);
  Result<std::vector<CatchAll>> catch_alls = std::unexpected(kNobodyLooked);
  Result<std::vector<ForwardChain>> forward_chains = std::unexpected(kNobodyLooked);
  std::map<net::Address, Result<PeerPath>> paths;
  std::string charon_program;  // "charon-systemd": its section goes before "charon"; empty when unknown
  std::string charon_file;     // which file the settings are of
  Result<CharonSettings> charon = std::unexpected(kNobodyLooked);
};

}  // namespace vtid::model
