#include "foreign/swanctl_words.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <span>

#include "base/number.h"

namespace vtid::foreign {
namespace {

// A key and the value that is as good as none.
using Default = std::pair<std::string_view, std::string_view>;

constexpr std::array kOfConnection{Default{"pull", "yes"},
                                   Default{"dscp", "000000"},
                                   Default{"fragmentation", "yes"},
                                   Default{"childless", "allow"},
                                   Default{"send_cert", "ifasked"},
                                   Default{"send_cert", "always"},
                                   Default{"send_certreq", "yes"},
                                   Default{"ocsp", "reply"},
                                   Default{"ppk_required", "no"},
                                   Default{"mediation", "no"},
                                   Default{"local_port", "500"},
                                   Default{"remote_port", "500"},
                                   Default{"aggressive", "no"},
                                   Default{"vips", ""},
                                   Default{"pools", ""},
                                   Default{"dpd_timeout", "0s"},
                                   Default{"keyingtries", "1"}};

constexpr std::array kOfChild{
    Default{"sha256_96", "no"},       Default{"hostaccess", "no"},    Default{"policies_fwd_out", "no"},
    Default{"ipcomp", "no"},          Default{"inactivity", "0s"},    Default{"inactivity", "0"},
    Default{"priority", "0"},         Default{"mark_in_sa", "no"},    Default{"tfc_padding", "0"},
    Default{"hw_offload", "no"},      Default{"copy_df", "yes"},      Default{"copy_ecn", "yes"},
    Default{"copy_dscp", "out"},      Default{"icmp", "no"},          Default{"per_cpu_sas", "no"},
    Default{"dpd_action", "clear"},   Default{"dpd_action", "none"},  Default{"close_action", "none"},
    Default{"close_action", "clear"}, Default{"updown", ""},          Default{"mark_in", "0"},
    Default{"mark_out", "0"},         Default{"if_id_in", "0"},       Default{"if_id_out", "0"},
    Default{"rekey_bytes", "0"},      Default{"life_bytes", "0"},     Default{"rekey_packets", "0"},
    Default{"life_packets", "0"},     Default{"label_mode", "system"}};

struct GroupWord {
  std::string_view number, word;
};
constexpr std::array kGroups{GroupWord{"1", "modp768"},       GroupWord{"2", "modp1024"},      GroupWord{"5", "modp1536"},
                             GroupWord{"14", "modp2048"},     GroupWord{"15", "modp3072"},     GroupWord{"16", "modp4096"},
                             GroupWord{"17", "modp6144"},     GroupWord{"18", "modp8192"},     GroupWord{"19", "ecp256"},
                             GroupWord{"20", "ecp384"},       GroupWord{"21", "ecp521"},       GroupWord{"22", "modp1024s160"},
                             GroupWord{"23", "modp2048s224"}, GroupWord{"24", "modp2048s256"}, GroupWord{"25", "ecp192"},
                             GroupWord{"26", "ecp224"},       GroupWord{"27", "ecp224bp"},     GroupWord{"28", "ecp256bp"},
                             GroupWord{"29", "ecp384bp"},     GroupWord{"30", "ecp512bp"},     GroupWord{"31", "curve25519"},
                             GroupWord{"32", "curve448"}};

// Of connections, their ends and their children, in the order of the alphabet: swanctl.conf(5).
constexpr std::array kKeys = std::to_array<std::string_view>(
    {"aaa_id",        "aggressive",   "ah_proposals", "auth",          "ca_id",       "cacerts",        "cert_policy",
     "certs",         "childless",    "close_action", "copy_df",       "copy_dscp",   "copy_ecn",       "dpd_action",
     "dpd_delay",     "dpd_timeout",  "dscp",         "eap_id",        "encap",       "esp_proposals",  "file",
     "fragmentation", "groups",       "handle",       "hostaccess",    "hw_offload",  "icmp",           "id",
     "if_id_in",      "if_id_out",    "inactivity",   "interface",     "ipcomp",      "keyingtries",    "label",
     "label_mode",    "life_bytes",   "life_packets", "life_time",     "local_addrs", "local_port",     "local_ts",
     "mark_in",       "mark_in_sa",   "mark_out",     "mediated_by",   "mediation",   "mediation_peer", "mobike",
     "mode",          "module",       "ocsp",         "over_time",     "per_cpu_sas", "policies",       "policies_fwd_out",
     "pools",         "ppk_id",       "ppk_required", "priority",      "proposals",   "pubkeys",        "pull",
     "rand_bytes",    "rand_packets", "rand_time",    "reauth_time",   "rekey_bytes", "rekey_packets",  "rekey_time",
     "remote_addrs",  "remote_port",  "remote_ts",    "replay_window", "reqid",       "revocation",     "round",
     "send_cert",     "send_certreq", "set_mark_in",  "set_mark_out",  "sha256_96",   "slot",           "start_action",
     "tfc_padding",   "unique",       "updown",       "version",       "vips",        "xauth_id"});
static_assert(std::ranges::is_sorted(kKeys));

// They say nothing besides.
void pass_defaults(const Section& section, std::span<const Default> defaults) {
  for (const Setting& setting : section.settings) {
    const bool plain = std::ranges::any_of(
        defaults, [&](const Default& known) { return known.first == setting.key && known.second == setting.value; });
    setting.read |= plain;
  }
}

}  // namespace

bool is_yes(std::string_view word, bool otherwise) {
  if (word == "yes" || word == "true" || word == "1" || word == "enabled") return true;
  if (word == "no" || word == "false" || word == "0" || word == "disabled") return false;
  return otherwise;
}

std::optional<long> any_base(std::string_view text) {
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  } else if (text.size() > 1 && text.starts_with('0')) {
    base = 8;
    text.remove_prefix(1);
  }
  const auto number = parse_number<long>(text, base);
  return number >= 0 ? number : std::nullopt;
}

std::optional<long> seconds_of(std::string_view text) {
  if (text.empty()) return std::nullopt;
  constexpr std::array kUnits{std::pair{'s', 1L}, std::pair{'m', 60L}, std::pair{'h', 3'600L}, std::pair{'d', 86'400L}};
  long factor = 1;
  const char last = static_cast<char>(std::tolower(static_cast<unsigned char>(text.back())));
  const bool hexadecimal = text.starts_with("0x") && last == 'd';
  if (const auto unit = std::ranges::find(kUnits, last, &std::pair<char, long>::first); unit != kUnits.end() && !hexadecimal) {
    factor = unit->second;
    text.remove_suffix(1);
  }
  while (text.ends_with(' ')) text.remove_suffix(1);
  const auto number = any_base(text);
  if (!number || *number > 1'000'000'000) return std::nullopt;
  return *number * factor;
}

std::string action_of(std::string_view written) {
  if (written == "start" || written == "restart") return "start";
  if (written == "trap" || written == "route") return "trap";
  if (written.contains("start")) return "start";  // "trap|start"
  return "none";
}

std::string group_word(std::string_view number) {
  const auto found = std::ranges::find(kGroups, number, &GroupWord::number);
  return found == kGroups.end() ? "" : std::string(found->word);
}

bool is_swanctl_key(std::string_view key) { return std::ranges::binary_search(kKeys, key); }

void pass_connection_defaults(const Section& connection) { pass_defaults(connection, kOfConnection); }

void pass_child_defaults(const Section& child) { pass_defaults(child, kOfChild); }

void told(const Section& section) {
  section.mark();
  for (const Setting& setting : section.settings) setting.read |= is_swanctl_key(setting.key);
  for (const Section& below : section.sections) told(below);
}

}  // namespace vtid::foreign
