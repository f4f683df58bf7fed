#include "platform/freebsd/pf_listing.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/number.h"

namespace vtid::platform {
namespace {

constexpr std::string_view kFingerprintWord = "vtid";
constexpr std::string_view kBlank = " \t\r";

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const auto end = text.find_first_of(separators);
    if (end != 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return parts;
}

std::vector<std::string_view> lines_of(std::string_view text) { return split(text, "\n"); }
std::vector<std::string_view> words_of(std::string_view line) { return split(line, kBlank); }

std::string_view print(PfKeeps keeps) {
  switch (keeps) {
    case PfKeeps::rules: return "rules";
    case PfKeeps::mode: return "mode";
    case PfKeeps::nothing: return "nothing";
  }
  std::abort();
}

std::optional<PfKeeps> read_keeps(std::string_view word) {
  for (const PfKeeps keeps : {PfKeeps::rules, PfKeeps::mode, PfKeeps::nothing}) {
    if (print(keeps) == word) return keeps;
  }
  return std::nullopt;
}

// `anchor "vtid" all` of print_rule(), sbin/pfctl/pfctl_parser.c. One with conditions leads there only sometimes.
bool leads_to_us(std::string_view list, std::string_view kind) {
  return std::ranges::any_of(lines_of(list), [&](std::string_view line) {
    const auto words = words_of(line);
    return words.size() == 3 && words[0] == kind && (words[1] == "\"vtid\"" || words[1] == "\"*\"") && words[2] == "all";
  });
}

bool any_begins(std::string_view list, std::string_view word) {
  return std::ranges::any_of(lines_of(list), [&](std::string_view line) {
    const auto words = words_of(line);
    return !words.empty() && (words[0] == word || (words[0] == "no" && words.size() > 1 && words[1] == word));
  });
}

// "on em0" of a rule; nothing: on all.
std::string_view device_of(const std::vector<std::string_view>& words) {
  const auto found = std::ranges::find(words, "on");
  return found == words.end() || found + 1 == words.end() ? std::string_view{} : *(found + 1);
}

}  // namespace

PfKeeps keeps_of(const model::FilterSet& set) {
  if (set.filters) return PfKeeps::rules;
  return set.is_restrictive() ? PfKeeps::mode : PfKeeps::nothing;
}

// No packet comes from there, should somebody lead pf to it.
std::string print_pf_fingerprint(const PfFingerprint& fingerprint) {
  return fmt::format("pass in quick inet from 255.255.255.255 to 255.255.255.255 no state label \"{} {} {} {} {}\"\n",
                     kFingerprintWord, fingerprint.mode, print(fingerprint.keeps), fingerprint.digest, fingerprint.listing);
}

std::optional<PfFingerprint> read_pf_fingerprint(std::string_view rules) {
  constexpr std::string_view kLabel = "label \"";
  const auto begin = rules.find(kLabel);
  if (begin == std::string_view::npos) return std::nullopt;
  std::string_view label = rules.substr(begin + kLabel.size());
  label = label.substr(0, label.find('"'));
  const auto words = words_of(label);
  if (words.size() != 5 || words[0] != kFingerprintWord) return std::nullopt;
  const auto keeps = read_keeps(words[2]);
  if (!keeps) return std::nullopt;
  return PfFingerprint{std::string(words[1]), *keeps, std::string(words[3]), std::string(words[4])};
}

std::string digest(const PfLists& lists) {
  return model::digest(fmt::format("{}:{}\n{}", lists.rules.size(), lists.rules, lists.nat));
}

// "Status: Enabled for 0 days 00:00:08           Debug: Urgent"
bool pf_is_enabled(std::string_view info) { return info.find("Status: Enabled") != std::string_view::npos; }

std::vector<std::string> missing_references(const PfLists& ours, const PfLists& main) {
  std::vector<std::string> missing;
  for (const std::string_view kind : {"nat", "rdr", "binat"}) {
    const std::string anchor = fmt::format("{}-anchor", kind);
    if (any_begins(ours.nat, kind) && !leads_to_us(main.nat, anchor)) missing.push_back(anchor + " \"vtid\"");
  }
  if (!ours.rules.empty() && !leads_to_us(main.rules, "anchor")) missing.emplace_back("anchor \"vtid\"");
  return missing;
}

std::vector<std::string> forestalling_rules(std::string_view main_rules, const std::vector<std::string>& devices) {
  std::vector<std::string> found;
  for (const std::string_view line : lines_of(main_rules)) {
    const auto words = words_of(line);
    if (words.empty() || (words[0] == "anchor" && leads_to_us(line, "anchor"))) break;
    if (words[0] != "pass" || std::ranges::find(words, "quick") == words.end()) continue;
    if (std::ranges::find(words, "out") != words.end()) continue;
    const std::string_view device = device_of(words);
    const auto has = [&](std::string_view word) { return std::ranges::find(words, word) != words.end(); };
    const bool takes_all = device.empty() && has("all") && !has("proto");
    if (takes_all || std::ranges::find(devices, device) != devices.end()) found.emplace_back(line);
  }
  return found;
}

// "rules/0 12 3 252 3 252 0 0 1": evaluations, packets, bytes, and what they are made of.
std::map<std::string, model::RuleCounters> read_pf_labels(std::string_view text) {
  constexpr std::size_t kPackets = 2, kBytes = 3;
  std::map<std::string, model::RuleCounters> counters;
  for (const std::string_view line : lines_of(text)) {
    const auto words = words_of(line);
    if (words.size() <= kBytes) continue;
    const auto packets = parse_number<std::uint64_t>(words[kPackets]);
    const auto bytes = parse_number<std::uint64_t>(words[kBytes]);
    if (!packets || !bytes) continue;
    model::RuleCounters& item = counters[std::string(words[0])];
    item.packets += *packets;
    item.bytes += *bytes;
  }
  return counters;
}

std::string pf_complaint(std::string_view errors) {
  constexpr std::string_view kName = "pfctl: ";
  for (std::string_view line : lines_of(errors)) {
    if (line.find("ALTQ") != std::string_view::npos) continue;
    if (line.starts_with(kName)) line.remove_prefix(kName.size());
    return std::string(line);
  }
  return {};
}

}  // namespace vtid::platform
