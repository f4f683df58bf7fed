// `--watch`: the same answer again and again, until interrupted. On a terminal it stands on the whole screen and keys scroll
// it; elsewhere it is printed whenever it has changed.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>

#include "base/clock.h"
#include "ctl/connection.h"
#include "ctl/display.h"

namespace vtid::ctl {

struct Repetition {
  Duration interval{1'000};
  int terminal = -1;  // descriptor of the output; -1: none
  std::string color;  // as --color says
  std::string title;  // what is watched
  bool json = false;  // one line for each change, whatever the output is
};

// `ask` asks the daemon; `render` makes text of its answer, for a display.
[[nodiscard]] Outcome<ExitCode> repeat(const Repetition& repetition, const std::function<Outcome<Json>()>& ask,
                                       const std::function<std::string(const Json&, const Display&)>& render,
                                       std::ostream& out);

// The lines from `first` on; the last ones rather than none.
[[nodiscard]] std::string_view lines_from(std::string_view text, std::size_t& first);

}  // namespace vtid::ctl
