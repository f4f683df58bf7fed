#include "ctl/table.h"

#include <algorithm>
#include <numeric>
#include <span>

#include "base/printable.h"

namespace vtid::ctl {
namespace {

constexpr std::size_t kGap = 2;  // blanks between columns

const std::string& shown(const std::string& cell) {
  static const std::string kEmpty = "-";
  return cell.empty() ? kEmpty : cell;
}

bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xc0U) == 0x80U; }

std::size_t sum(const std::vector<std::size_t>& numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), std::size_t{0});
}

// Where a line may end: words at blanks; names within a word after these, but addresses nowhere.
constexpr std::string_view kInNames = "_-";

// Of what lies between blanks, and behind each of `marks`.
std::size_t longest_piece(std::string_view text, std::string_view marks) {
  std::size_t longest = 0;
  while (!text.empty()) {
    const std::size_t blank = std::min(text.find(' '), text.size());
    const std::size_t mark = text.find_first_of(marks);
    const std::size_t end = mark < blank ? mark + 1 : blank;
    longest = std::max(longest, width_of(text.substr(0, end)));
    text.remove_prefix(end);
    if (text.starts_with(' ')) text.remove_prefix(1);
  }
  return longest;
}

// The widest of them cut to one width, but none below its floor, until there is room for all.
void shrink(std::vector<std::size_t>& widths, const std::vector<std::size_t>& floors, std::size_t room) {
  const auto cut = [&](std::size_t most) {
    std::vector<std::size_t> result;
    for (std::size_t i = 0; i < widths.size(); ++i) result.push_back(std::max(std::min(widths[i], most), floors[i]));
    return result;
  };
  std::size_t fits = 0, exceeds = widths.empty() ? 0 : *std::ranges::max_element(widths);
  if (sum(widths) <= room) return;
  while (exceeds - fits > 1) {
    const std::size_t most = std::midpoint(fits, exceeds);
    (sum(cut(most)) <= room ? fits : exceeds) = most;
  }
  widths = cut(fits);
}

// Takes off `text` what one line of so many characters holds.
std::string take_line(std::string_view& text, std::size_t width) {
  std::size_t end = 0, characters = 0, blank = std::string_view::npos, mark = blank;
  for (; end < text.size(); ++end) {
    if (!continues(text[end]) && characters++ == width) break;
    if (text[end] == ' ') blank = end;
    if (kInNames.contains(text[end])) mark = end + 1;
  }
  const bool whole = end == text.size() || text[end] == ' ';
  if (!whole) end = std::min({blank != std::string_view::npos ? blank : mark, end});
  std::string line(text.substr(0, end));
  text.remove_prefix(end);
  if (text.starts_with(' ')) text.remove_prefix(1);
  return line;
}

std::string painted(std::string text, Color color) {
  if (color == Color::plain || text.empty()) return text;
  return static_cast<char>(color) + std::move(text) + static_cast<char>(Color::plain);
}

bool has_states(std::string_view title) { return title.empty() || title == "STATE"; }

std::string print_row(const std::vector<std::string>& row, const std::vector<std::string>& titles,
                      const std::vector<std::size_t>& widths, bool color) {
  std::vector<std::string_view> rest;
  for (const std::string& cell : row) rest.emplace_back(shown(cell));
  std::string text;
  const auto is_left = [&] {
    for (std::size_t i = 0; i < rest.size(); ++i)
      if (widths[i] != 0 && !rest[i].empty()) return true;
    return false;
  };
  do {
    std::string line;
    std::size_t blanks = 0;
    for (std::size_t column = 0; column < row.size(); ++column) {
      if (widths[column] == 0) continue;
      std::string cell = take_line(rest[column], widths[column]);
      const std::size_t width = width_of(cell);
      if (!cell.empty())
        line += std::string(blanks, ' ') +
                painted(std::move(cell), color && has_states(titles[column]) ? color_of(row[column]) : Color::plain);
      blanks = (width == 0 ? blanks : 0) + widths[column] - width + kGap;
    }
    text += line + '\n';
  } while (is_left());
  return text;
}

}  // namespace

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return !continues(c); }));
}

void Table::add(std::vector<std::string> cells) {
  for (std::string& cell : cells) cell = printable(cell);
  rows_.push_back(std::move(cells));
}

// 0 for a column that is left out.
std::vector<std::size_t> Table::widths(std::size_t columns) const {
  const std::span body = std::span(rows_).subspan(1);
  std::vector<std::size_t> widths(rows_.front().size(), 0), words = widths, pieces = widths;
  for (std::size_t column = 0; column < widths.size(); ++column) {
    if (std::ranges::all_of(body, [&](const auto& row) { return row[column].empty(); })) continue;
    for (const auto& row : rows_) {
      widths[column] = std::max(widths[column], width_of(shown(row[column])));
      words[column] = std::max(words[column], longest_piece(shown(row[column]), ""));
      pieces[column] = std::max(pieces[column], longest_piece(shown(row[column]), kInNames));
    }
  }
  if (columns == 0) return widths;
  const auto used = static_cast<std::size_t>(std::ranges::count_if(widths, [](std::size_t width) { return width != 0; }));
  const std::size_t between = used == 0 ? 0 : (used - 1) * kGap;
  const std::size_t room = columns > between ? columns - between : 0;
  shrink(widths, words, room);
  shrink(widths, pieces, room);
  for (std::size_t& piece : pieces) piece = std::min<std::size_t>(piece, 1);
  shrink(widths, pieces, room);
  return widths;
}

std::string Table::print(const Display& display) const {
  const std::vector<std::string>& titles = rows_.front();
  const bool titled = std::ranges::any_of(titles, [](const std::string& title) { return !title.empty(); });
  const std::vector<std::size_t> wide = widths(display.columns);
  std::string text;
  for (const auto& row : std::span(rows_).subspan(titled ? 0 : 1)) text += print_row(row, titles, wide, display.color);
  return text;
}

}  // namespace vtid::ctl
