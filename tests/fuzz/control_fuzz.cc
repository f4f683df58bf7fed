// Any bytes on either control socket: every line that comes back is JSON and ends with its only newline, and no request is
// longer than it may be.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "control/dispatch.h"
#include "control/framing.h"
#include "support/site.h"

namespace {

using namespace vtid;

constexpr std::size_t kUsual = 512;  // so that over-long lines happen
constexpr std::size_t kLongest = 4096;

void expect_line(const std::string& line) {
  if (line.empty()) return;
  if (line.find('\n') != line.size() - 1 || !nlohmann::json::accept(line)) std::abort();
}

void serve(std::string_view line, control::Access access, const model::Snapshot& site) {
  const control::Action action = control::dispatch(line, access, site);
  if (const auto* say = std::get_if<control::Respond>(&action)) return expect_line(say->line);
  if (const auto* follow = std::get_if<control::Subscribe>(&action)) return expect_line(follow->line);
  const auto& ask = std::get<control::Execute>(action);
  expect_line(ask.reply(model::Answer{"done", site.plan}, site));
  expect_line(ask.reply(fail(std::string(line), "try again", 1), site));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const model::Snapshot site = control::test::snapshot();
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::size_t step = size == 0 ? 1 : 1 + data[0];
  for (const auto access : {control::Access::view, control::Access::full}) {
    control::Framer framer(kUsual, kLongest, [&] { return access == control::Access::full; });
    for (std::string_view rest = bytes; !rest.empty(); rest.remove_prefix(std::min(step, rest.size()))) {
      framer.feed(rest.substr(0, step));
      while (const auto line = framer.next()) {
        if (line->text.size() > kLongest || line->text.contains('\n')) std::abort();
        if (line->too_long) expect_line(control::too_long_line(access));
        serve(line->text, access, site);
      }
    }
  }
  return 0;
}
