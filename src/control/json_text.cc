#include "control/json_text.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace vtid::control {
namespace {

bool stands_for_itself(unsigned char c) { return c >= ' ' && c < 0x7f && c != '"' && c != '\\'; }

}  // namespace

void JsonText::begin(std::string_view name) {
  if (!std::exchange(empty_, false)) text_ += ',';
  put_string(name);
  text_ += ':';
}

void JsonText::put_string(std::string_view value) {
  if (!std::ranges::all_of(value, stands_for_itself)) return put_tree(value);
  text_ += '"';
  text_ += value;
  text_ += '"';
}

// Most of the measured ones are 0, and a serialiser for each costs more than the number.
void JsonText::put_number(double value) {
  if (value != 0) return put_tree(value);
  text_ += std::signbit(value) ? "-0.0" : "0.0";
}

void JsonText::put_tree(const Json& value) { text_ += dump(value); }

}  // namespace vtid::control
