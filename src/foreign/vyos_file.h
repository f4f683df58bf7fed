// config.boot of VyOS, or its list of "set" commands -> a tree of words: a node has those below it, and the last ones are
// values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "foreign/xml.h"

namespace vtid::foreign {

// Elements without text: `interfaces { vti vti0 { mtu 1400 } }` is interfaces > vti > vti0 > mtu > 1400. A value's path is that
// of what it is the value of, so that no note quotes it. The error begins with the line.
[[nodiscard]] Result<Element> parse_vyos(std::string_view text);

// The first value of a node's child, and all of them; both mark what they read.
[[nodiscard]] const std::string& word_of(const Element& node, std::string_view child);
[[nodiscard]] std::vector<std::string> words_below(const Element& node, std::string_view child);

}  // namespace vtid::foreign
