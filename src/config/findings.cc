#include "config/findings.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/one_line.h"
#include "config/parse.h"
#include "config/tree.h"

namespace vtid::config {
namespace {

void add(std::vector<Finding>& findings, Finding finding) {
  if (findings.size() < kMostFindings) return findings.push_back(std::move(finding));
  if (findings.size() == kMostFindings) findings.push_back({});  // counts in `line` until it is taken
  ++findings.back().line;
}

std::vector<Finding> place(std::vector<Finding> findings, std::string_view file, const Node& root) {
  const bool counts = findings.size() > kMostFindings;
  const int more = counts ? findings.back().line : 0;
  if (counts) findings.pop_back();
  for (Finding& finding : findings) {
    finding.file = file;
    if (finding.line == 0) finding.line = line_of(root, finding.pointer);
  }
  std::ranges::stable_sort(findings, {}, &Finding::line);
  if (counts)
    findings.push_back({std::string(file), findings.back().line, "", fmt::format("{} more are not listed", more), ""});
  return findings;
}

}  // namespace

std::string print(const Finding& finding) {
  std::string result = finding.file + ": ";
  if (finding.line > 0) result = fmt::format("{}:{}: ", finding.file, finding.line);
  if (!finding.pointer.empty()) result += finding.pointer + ": ";
  result += finding.text;
  if (!finding.remedy.empty()) result += "; " + finding.remedy;
  return one_line(std::move(result), '?');
}

void Findings::error(std::string pointer, std::string text, std::string remedy, int line) {
  if (errors_.size() < kMostFindings) broken_.insert(pointer);
  add(errors_, {"", line, std::move(pointer), std::move(text), std::move(remedy)});
}

void Findings::warning(std::string pointer, std::string text, std::string remedy) {
  add(warnings_, {"", 0, std::move(pointer), std::move(text), std::move(remedy)});
}

bool Findings::any_under(std::string_view pointer) const {
  if (broken_.contains(pointer)) return true;
  const std::string below = std::string(pointer) + '/';
  const auto next = broken_.lower_bound(below);
  return next != broken_.end() && next->starts_with(below);
}

Findings::Taken Findings::take(std::string_view file, const Node& root) {
  return {place(std::move(errors_), file, root), place(std::move(warnings_), file, root)};
}

}  // namespace vtid::config
