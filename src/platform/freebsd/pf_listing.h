// What pfctl prints, read: is pf on, does the main ruleset lead to our anchor, what stands in it, what its rules have met.
// Pure.
//
// How a change by others is found. pfctl prints no rule as it was given: lists become rules, words become numbers, the number
// of an ICMP type becomes a word, differently from release to release. So the text that was loaded is not compared with what is
// printed. After loading, the anchor's rules and translations are printed once, and a digest of that goes, with one of the
// wanted values, into the label of a rule in the anchor "vtid/seal", to which nothing leads: it is never evaluated, and pf
// keeps a label letter for letter. A look compares the print with the second digest (has anybody changed it?) and the wanted
// values with the first. A load is one transaction of pf's, the fingerprint a second; without a fingerprint the anchor filters
// all the same and is written again. `-o none` keeps pfctl from merging rules into tables with names of its own.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/filter.h"

namespace vtid::platform {

// How much hangs on the filter.
enum class PfKeeps : std::uint8_t { rules, mode, nothing };  // tunnels closed; packets where the mode says; neither

struct PfFingerprint {
  std::string mode;  // "enc", "if_ipsec"
  PfKeeps keeps = PfKeeps::nothing;
  std::string digest;   // of the wanted set
  std::string listing;  // of what pf listed
  bool operator==(const PfFingerprint&) const = default;
};

[[nodiscard]] PfKeeps keeps_of(const model::FilterSet& set);
[[nodiscard]] std::string print_pf_fingerprint(const PfFingerprint& fingerprint);  // a ruleset
[[nodiscard]] std::optional<PfFingerprint> read_pf_fingerprint(std::string_view rules);

// The two lists of an anchor, and the digest that a fingerprint has of them.
struct PfLists {
  std::string rules;
  std::string nat;
  [[nodiscard]] bool empty() const { return rules.empty() && nat.empty(); }
  bool operator==(const PfLists&) const = default;
};
[[nodiscard]] std::string digest(const PfLists& lists);

[[nodiscard]] bool pf_is_enabled(std::string_view info);  // pfctl -s info

// What is missing in the main ruleset for what stands in ours: "anchor \"vtid\"" and so on, as lines of pf.conf.
[[nodiscard]] std::vector<std::string> missing_references(const PfLists& ours, const PfLists& main);

// Rules of the main ruleset that decide before ours are asked: pass, quick, for one of `devices` or for everything.
[[nodiscard]] std::vector<std::string> forestalling_rules(std::string_view main_rules, const std::vector<std::string>& devices);

// pfctl -s labels. Rules of one label count as one, as a rule of the file may be several of pf's.
[[nodiscard]] std::map<std::string, model::RuleCounters> read_pf_labels(std::string_view text);

// The first line of what pfctl complains of, without its name; not what it says of ALTQ whenever it runs.
[[nodiscard]] std::string pf_complaint(std::string_view errors);

}  // namespace vtid::platform
