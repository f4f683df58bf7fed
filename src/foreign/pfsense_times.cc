#include <algorithm>

#include "foreign/pfsense.h"

namespace vtid::foreign {
namespace {

long nine_tenths(long lifetime) { return lifetime - (lifetime + 9) / 10; }

// What an empty field stands for: 90 % of the lifetime, else pfSense's default.
long rekey_of(const Element& phase, long otherwise) {
  if (const auto written = number_of(phase.value("rekey_time"))) return *written;
  const long lifetime = number_of(phase.value("lifetime")).value_or(0);
  return lifetime > 0 ? std::max(1L, nine_tenths(lifetime)) : otherwise;
}

}  // namespace

// Releases before 2.5.2 wrote <rekey_enable> and <reauth_enable> for "never", and <margintime> for how long before the end.
PfsenseTimes pfsense_ike_times(const Element& phase1) {
  const bool version1 = phase1.value("iketype") == "ikev1" || phase1.value("iketype").empty();
  const bool never = phase1.has("rekey_enable") && !version1;
  const bool no_reauth = phase1.has("reauth_enable");
  const long lifetime = number_of(phase1.value("lifetime")).value_or(0);
  const long margin = number_of(phase1.value("margintime")).value_or(0);
  PfsenseTimes times{rekey_of(phase1, 14'400), 0};
  if (const auto written = number_of(phase1.value("reauth_time")))
    times.reauth = *written;
  else if (margin > 0 && margin < lifetime)
    times.reauth = lifetime - margin;
  else if (phase1.value("iketype") == "ikev1" && lifetime > 0)
    times.reauth = std::max(1L, nine_tenths(lifetime));
  if (margin > 0 && margin < lifetime && !number_of(phase1.value("rekey_time"))) times.rekey = lifetime - margin;
  if (never) times.rekey = 0;
  if (never || no_reauth) times.reauth = 0;
  if (version1) times.rekey = 0;  // IKEv1 has none
  return times;
}

std::optional<long> pfsense_child_rekey(const Element& phase2) {
  const long otherwise = 3'600;
  const long rekey = rekey_of(phase2, otherwise);
  if (phase2.value("lifetime").empty()) return std::nullopt;
  return rekey;
}

}  // namespace vtid::foreign
