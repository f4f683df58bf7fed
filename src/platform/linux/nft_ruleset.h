// The filter as libnftables' JSON (libnftables-json(5)), and what a listing of it says. Pure: no kernel, no library.
//
// One table, inet vtid, which is replaced as a whole in one transaction. Its base chains accept what they do not decide, so
// other tables have their say too. Our links are known by their group, so a link that comes or goes changes no rule; traffic
// without an interface of its own (policy-based) is known by its security path and, going out, by its route's.
//
// A chain that nothing jumps to holds the fingerprint: a comment that says of which set the table was made and what the kernel
// listed then. A listing that differs from its fingerprint was changed by somebody else.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/error.h"
#include "model/filter.h"

namespace vtid::platform::netlink {

inline constexpr std::string_view kFilterTable = "vtid";  // of family inet

// Commands that put `set` in the table's place.
[[nodiscard]] std::string render_filter(const model::FilterSet& set);
// Commands that add the fingerprint, `listed` being Listing::digest of the table without one.
[[nodiscard]] std::string render_fingerprint(const model::FilterSet& set, std::string_view listed);
[[nodiscard]] std::string render_filter_removal();
[[nodiscard]] std::string render_filter_listing();  // the command that lists the table

// What a listing of the table says. Counters, handles and the version that lists are no part of the digest.
struct Listing {
  std::string digest;
  model::ObservedFilter filter;
  std::map<std::string, model::RuleCounters> counters;  // by comment
  bool operator==(const Listing&) const = default;
};
[[nodiscard]] Result<Listing> read_filter_listing(std::string_view json);

}  // namespace vtid::platform::netlink
