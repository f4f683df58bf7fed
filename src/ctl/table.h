// Columns of text that line up. Counts code points, not bytes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ctl/display.h"

namespace vtid::ctl {

// Characters, of which each is taken for one column.
[[nodiscard]] std::size_t width_of(std::string_view text);

class Table {
 public:
  explicit Table(std::vector<std::string> titles) : rows_{std::move(titles)} {}
  // Each cell in one line, whatever it holds.
  void add(std::vector<std::string> cells);

  // A line per row, two spaces between columns, none at the end of a line; "-" for an empty cell. The titles come first
  // unless they are all empty. Columns that are empty in every row are left out. Where the display is too narrow, cells go on
  // in further lines, broken between words; else within names, after "_" and "-"; and anywhere only if there is no other way.
  // Cells of a column STATE, or of one without a title, have the colour of that state.
  [[nodiscard]] std::string print(const Display& display = {}) const;

 private:
  [[nodiscard]] std::vector<std::size_t> widths(std::size_t columns) const;

  std::vector<std::vector<std::string>> rows_;
};

}  // namespace vtid::ctl
