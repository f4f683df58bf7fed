// ipsec.conf(5) and ipsec.secrets(5), as strongSwan's starter and libreswan read them: text -> sections of keys, with "also",
// "alsoflip" and "%default" taken over. What was asked for is marked. For one thread at a time.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "foreign/settings.h"

namespace vtid::foreign {

struct IpsecConf {
  std::vector<Section> conns, authorities;  // "conn", "ca": all of their own and of what they take over
  Section setup;                            // "config setup"
  std::vector<Setting> includes;            // patterns that gave no file, with their lines
};

// The error begins with the line, and with the file when it is an included one.
[[nodiscard]] Result<IpsecConf> parse_ipsec_conf(std::string_view text, const Includer& includer);

// Sections "ike-0" and so on, as under "secrets" of a swanctl.conf; `others` names what is no pre-shared key.
struct IpsecSecrets {
  std::vector<Section> secrets;
  std::vector<Setting> others;    // the key is its kind: "RSA", "EAP"
  std::vector<std::string> keys;  // RSA, in DER: those that stand in the file itself
};
[[nodiscard]] IpsecSecrets parse_ipsec_secrets(std::string_view text, const std::string& file, const Includer& includer);

}  // namespace vtid::foreign
