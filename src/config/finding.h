// What is wrong with a configuration file and where: file, line, JSON pointer, text and remedy. A finding never holds a
// secret: values are quoted only where a secret cannot stand.
#pragma once

#include <string>

namespace vtid::config {

struct Finding {
  std::string file;     // as the caller named it
  int line = 0;         // from 1; 0 when the file could not be read
  std::string pointer;  // RFC 6901: "/tunnels/hq/ike/rekey"; empty for the whole file
  std::string text;     // "\"4x\" is not a duration"
  std::string remedy;   // what to write instead; may be empty
  bool operator==(const Finding&) const = default;
};

// `vtid.json:12: /tunnels/hq/ike/rekey: "4x" is not a duration; write a whole number and a unit: 500ms, 10s, 5m, 4h, 1d`
// One line whatever the file holds: control bytes are shown as '?'.
[[nodiscard]] std::string print(const Finding& finding);

}  // namespace vtid::config
