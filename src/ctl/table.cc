#include "ctl/table.h"

#include <algorithm>
#include <span>

#include "base/printable.h"

namespace vtid::ctl {
namespace {

const std::string& shown(const std::string& cell) {
  static const std::string kEmpty = "-";
  return cell.empty() ? kEmpty : cell;
}

}  // namespace

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

void Table::add(std::vector<std::string> cells) {
  for (std::string& cell : cells) cell = printable(cell);
  rows_.push_back(std::move(cells));
}

std::string Table::print() const {
  const std::vector<std::string>& titles = rows_.front();
  const bool titled = std::ranges::any_of(titles, [](const std::string& title) { return !title.empty(); });
  const std::span body = std::span(rows_).subspan(1);
  std::vector<std::size_t> widths(titles.size(), 0);
  for (std::size_t column = 0; column < titles.size(); ++column) {
    if (std::ranges::all_of(body, [&](const auto& row) { return row[column].empty(); })) continue;
    for (const auto& row : rows_) widths[column] = std::max(widths[column], width_of(shown(row[column])));
  }
  std::string text;
  for (const auto& row : titled ? std::span(rows_) : body) {
    std::string line;
    for (std::size_t column = 0; column < row.size(); ++column) {
      if (widths[column] == 0) continue;
      const std::string& cell = shown(row[column]);
      line += cell + std::string(widths[column] - width_of(cell) + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

}  // namespace vtid::ctl
