#include "control/json_text.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace vtid::control {
namespace {

const std::vector<std::string> kTexts{"",         "plain text", "\"",          "back\\slash", "line\nfeed",
                                      "\x01\x7f", "é",          "broken \xff", "a/b"};
const std::vector<double> kNumbers{0, -0.0, 0.1, -3, 21.352, 1e300, std::numeric_limits<double>::infinity()};

template <class To>
void put_all(To& to) {
  for (const std::string& text : kTexts) to.add("text " + text, text);
  for (const double number : kNumbers) to.add("number " + std::to_string(number), number);
  to.add("none", Json());
  to.add("tree", Json{{"a", 1}, {"b", {true, nullptr}}});
  to.add("yes", true);
  to.add("int", -7);
  to.add("small", std::uint32_t{4'294'967'295});
  to.add("large", std::uint64_t{18'446'744'073'709'551'615U});
  to.add_all("empty", std::vector<int>{}, [](auto& each, int value) { each.add("value", value); });
  to.add_all("rows", std::vector<int>{1, 2, 3}, [](auto& each, int row) {
    each.add("row", row);
    each.add_all("cells", std::vector<int>(static_cast<std::size_t>(row), row),
                 [](auto& cell, int) { cell.add("is", "here"); });
  });
}

TEST(JsonText, SaysWhatTheTreeSays) {
  Json tree;
  {
    JsonTree to(tree);
    put_all(to);
  }
  std::string text;
  {
    JsonText to(text);
    put_all(to);
  }
  EXPECT_EQ(text, dump(tree));
}

TEST(JsonText, OfNothingIsAnEmptyObject) {
  std::string text;
  { const JsonText to(text); }
  Json tree;
  { const JsonTree to(tree); }
  EXPECT_EQ(text, "{}");
  EXPECT_EQ(text, dump(tree));
}

}  // namespace
}  // namespace vtid::control
