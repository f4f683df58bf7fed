// Any text as a state file: refused with a reason, or a value that prints to a text which says the same.
#include <cstdint>
#include <cstdlib>

#include "daemon/state_text.h"

namespace {

using namespace vtid;

template <class T>
void check(std::string_view text) {
  const auto value = daemon::parse_state<T>(text);
  if (!value) {
    if (value.error().text.empty()) std::abort();
    return;
  }
  const std::string printed = daemon::print_state(*value);
  const auto again = daemon::parse_state<T>(printed);
  if (again != value || daemon::print_state(*again) != printed) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  check<reconcile::Numbers>(text);
  check<model::Role>(text);
  check<vici::Loaded>(text);
  check<monitor::Memories>(text);
  return 0;
}
