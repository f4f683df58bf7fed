// What a rule or a translation of pfSense matches, in the words of vtid.json: "protocol", "from", "to", "from_ports", "ports",
// "icmp_types". All of it or an error that says what cannot be said: a rule that matched more would be another rule.
#pragma once

#include <set>

#include "foreign/pfsense.h"

namespace vtid::foreign {

// Of <ipprotocol>; `otherwise` when there is none.
[[nodiscard]] std::set<net::Family> families_of(const Element& rule, std::set<net::Family> otherwise);

// Adds the keys to `json`. With `wider` it never fails: what cannot be said is left out, so that more is matched, and goes
// there with its reason.
[[nodiscard]] Result<void> add_traffic(Work& work, const Element& rule, const std::set<net::Family>& families, Json& json,
                                       std::vector<std::string>* wider = nullptr);

// One end, <source> or <destination>, as an array of networks; empty: any.
[[nodiscard]] Result<std::vector<net::Prefix>> end_of(const Work& work, const Element& end,
                                                      const std::set<net::Family>& families);
// The same as words of vtid.json: aliases of several are lists.
[[nodiscard]] Result<std::vector<std::string>> end_words(Work& work, const Element& end, const std::set<net::Family>& families);
[[nodiscard]] Json json_of(const std::vector<net::Prefix>& networks);

// The name of an element in a rule or in its ends that nobody has read and no release writes there; empty: there is none.
[[nodiscard]] std::string unknown_part(const Element& rule);
// Literal, or an alias of one.
[[nodiscard]] std::optional<net::Address> one_address(const Work& work, std::string_view text);

}  // namespace vtid::foreign
