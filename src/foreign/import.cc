#include "foreign/import.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace vtid::foreign {
namespace {

struct Row {
  std::string file;
  int line = 0;
  std::string place, fate;
};

constexpr std::size_t kWidestPlace = 48;

}  // namespace

const SourceName& name_of(Source source) { return *std::ranges::find(kSources, source, &SourceName::source); }

Result<Imported> import_from(Source source, std::string_view text, std::string_view file_name, const Wish& wish,
                             const Beside& beside) {
  switch (source) {
    case Source::pfsense: return import_pfsense(text, file_name, wish);
    case Source::opnsense: return import_opnsense(text, file_name, wish);
    case Source::ipsec_conf: return import_ipsec_conf(text, file_name, wish, beside);
    case Source::vyos: return import_vyos(text, file_name, wish);
    case Source::swanctl: break;
  }
  return import_swanctl(text, file_name, wish, beside);
}

std::string explain(const Imported& imported, std::string_view file_name) {
  std::vector<Row> rows;
  for (const Origin& origin : imported.origins) rows.push_back({origin.file, origin.line, origin.place, origin.became});
  for (const Note& note : imported.notes)
    rows.push_back(
        {note.file, note.line, note.place, fmt::format("- {}{}{}", note.text, note.remedy.empty() ? "" : "; ", note.remedy)});
  std::ranges::stable_sort(rows, {}, [](const Row& row) { return std::tie(row.file, row.line); });
  std::size_t widest = 5;
  for (Row& row : rows) {
    if (row.place.empty()) row.place = "(the whole)";
    widest = std::max(widest, std::min(row.place.size(), kWidestPlace));
  }
  std::string table = fmt::format("{:>6}  {:{}}  {}\n", "LINE", "THERE", widest, "HERE");
  std::string_view file;
  for (const Row& row : rows) {
    if (row.file != file) table += fmt::format("{}:\n", row.file.empty() ? file_name : std::string_view(row.file));
    file = row.file;
    table += fmt::format("{:>6}  {:{}}  {}\n", row.line > 0 ? std::to_string(row.line) : "", row.place, widest, row.fate);
  }
  std::ranges::replace_if(
      table, [](unsigned char c) { return (c < 0x20 && c != '\n') || c == 0x7f; }, '?');
  return table;
}

}  // namespace vtid::foreign
