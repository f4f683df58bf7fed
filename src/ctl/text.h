// The daemon's answers as text for people: one function per answer, each from the whole result to whole lines.
#pragma once

#include <string>

#include "ctl/json.h"
#include "ctl/options.h"

namespace vtid::ctl {

using Renderer = std::string (*)(const Json& result, const Options& options);

[[nodiscard]] std::string render_status(const Json& result, const Options& options);
[[nodiscard]] std::string render_list(const Json& result, const Options& options);  // a table per kind
[[nodiscard]] std::string render_show(const Json& result, const Options& options);
[[nodiscard]] std::string render_explain(const Json& result, const Options& options);
[[nodiscard]] std::string render_plan(const Json& result, const Options& options);
[[nodiscard]] std::string render_doctor(const Json& result, const Options& options);
[[nodiscard]] std::string render_outcome(const Json& result, const Options& options);     // the daemon's own sentence
[[nodiscard]] std::string render_plain_text(const Json& result, const Options& options);  // the text as it is
[[nodiscard]] std::string render_event(const Json& event, const Options& options);

[[nodiscard]] Json names_in(const Json& result, const Options& options);             // of a list, as an array
[[nodiscard]] std::string render_names(const Json& result, const Options& options);  // of a list, one a line

// A problem a line, and its remedy below it.
[[nodiscard]] std::string print_problems(const Json& problems, const Display& display);

// "0 B", "999 B", "1.5 KiB", "12.0 GiB".
[[nodiscard]] std::string print_bytes(double bytes);

}  // namespace vtid::ctl
