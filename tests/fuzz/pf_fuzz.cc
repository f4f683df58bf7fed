// Any text as what pfctl prints: a fingerprint that is read is written and read the same, what is found stands in the text, and
// a complaint is one line.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "platform/freebsd/pf_listing.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace vtid::platform;
  const std::string text(bytes, bytes + size);
  const std::string half = text.substr(0, size / 2);
  if (const auto fingerprint = read_pf_fingerprint(text))
    require(read_pf_fingerprint(print_pf_fingerprint(*fingerprint)) == fingerprint);
  for (const std::string& rule : forestalling_rules(text, {"enc0", "ipsec1"})) {
    require(!rule.contains('\n') && text.contains(rule));
  }
  for (const auto& [label, counters] : read_pf_labels(text)) require(text.contains(label));
  require(missing_references({text, text}, {half, half}).size() <= 4);
  require(!pf_complaint(text).contains('\n'));
  require(digest(PfLists{text, half}) == digest(PfLists{text, half}));
  (void)pf_is_enabled(text);
  return 0;
}
