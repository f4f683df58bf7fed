// What may stand next on vtictl's command line, for the shells' completions: `vtictl __complete WORD...`, whose last word is
// the one that is being typed. packaging/completions holds what each shell makes of it.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "ctl/options.h"

namespace vtid::ctl {

inline constexpr std::string_view kComplete = "__complete";

// The names of a kind that the running daemon has, none where it does not answer; `socket` is empty for the usual ones.
using NamesSource = std::function<std::vector<std::string>(const std::string& socket, const std::string& kind)>;

// A candidate a line, with what it means after a tabulator; ":files" and ":folders" for the shell to add such.
[[nodiscard]] std::string complete(std::span<const std::string> words, std::span<const Syntax> commands,
                                   const NamesSource& names);

}  // namespace vtid::ctl
