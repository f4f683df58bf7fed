#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "control/doctor_looks.h"

namespace vtid::control {
namespace {

// net/xfrm/xfrm_proc.c, Documentation/networking/xfrm_proc.rst.
struct DropMeaning {
  std::string_view name;
  Verdict verdict;  // while it grows
  std::string_view text;
  std::string_view remedy;
};

constexpr std::array kDropMeanings{
    DropMeaning{"XfrmInNoStates", Verdict::warning, "ESP came with an SPI that this host has no SA for",
                "the peer uses an SA that is gone here: vtictl rekey the tunnel, or wait for dead-peer detection; ip xfrm "
                "state lists ours"},
    DropMeaning{"XfrmInNoPols", Verdict::warning, "decrypted packets belonged to no policy",
                "is the tunnel's device there and up, with the SA's if_id? vtictl list interfaces, ip xfrm state"},
    DropMeaning{"XfrmInTmplMismatch", Verdict::warning, "packets came in clear, or by another SA than their policy asks for",
                "ip xfrm policy: does a policy without if_id cover them, and does the peer send them by this tunnel?"},
    DropMeaning{"XfrmInStateProtoError", Verdict::warning, "packets could not be decrypted or authenticated",
                "the two ends have different keys, or packets were damaged: vtictl rekey the tunnel"},
    DropMeaning{"XfrmInStateSeqError", Verdict::warning, "packets came twice, or too late for the replay window",
                "reordering on the way: set charon.replay_window = 128 or more in strongswan.conf"},
    DropMeaning{"XfrmInStateMismatch", Verdict::warning,
                "packets came with UDP encapsulation that their SA does not have, or without",
                "NAT on the way changed: vtictl rekey the tunnel"},
    DropMeaning{"XfrmOutStateSeqError", Verdict::warning, "an SA has used up its sequence numbers",
                "let it rekey sooner (\"rekey\" of the child)"},
    DropMeaning{"XfrmOutNoStates", Verdict::caveat, "packets were to leave by a tunnel that had no SA",
                "it was not up yet: vtictl status"},
    DropMeaning{"XfrmInPolBlock", Verdict::caveat, "a policy blocks what came", "ip xfrm policy lists those with action block"},
    DropMeaning{"XfrmOutPolBlock", Verdict::caveat, "a policy blocks what was to leave",
                "ip xfrm policy lists those with action block"}};
constexpr DropMeaning kOtherDrop{"", Verdict::caveat, "the kernel dropped packets",
                                 "see Documentation/networking/xfrm_proc.rst of the kernel"};

const DropMeaning& meaning_of(std::string_view name) {
  const auto found = std::ranges::find(kDropMeanings, name, &DropMeaning::name);
  return found == kDropMeanings.end() ? kOtherDrop : *found;
}

}  // namespace

void look_at_drops(const DoctorInput& input, DoctorFindings& findings) {
  if (!input.host.drops) return findings.unread("", input.host.drops.error());
  for (const model::DropCounter& counter : *input.host.drops) {
    if (counter.since_start == 0) continue;
    const DropMeaning& meaning = meaning_of(counter.name);
    if (counter.since_last == 0) {
      findings.say(Verdict::caveat, counter.name,
                   fmt::format("{}: {} since vtid started, none since doctor last looked", meaning.text, counter.since_start),
                   std::string(meaning.remedy));
    } else {
      findings.say(meaning.verdict, counter.name,
                   fmt::format("{}: {} since doctor last looked, {} since vtid started", meaning.text, counter.since_last,
                               counter.since_start),
                   std::string(meaning.remedy));
    }
  }
}

}  // namespace vtid::control
