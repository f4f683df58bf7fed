#include "config/tree.h"

#include <gmock/gmock.h>

namespace vtid::config {
namespace {

int line_in(std::string_view text, std::string_view pointer) {
  Findings findings;
  return line_of(parse_tree(text, findings).value(), pointer);
}

std::vector<std::string> errors_of(std::string_view text) {
  Findings findings;
  const auto tree = parse_tree(text, findings);
  std::vector<std::string> result;
  for (const Finding& error : findings.take("f", tree.value_or(Node{})).errors) result.push_back(print(error));
  return result;
}

TEST(Tree, KnowsTheLineOfAKey) { EXPECT_EQ(line_in("{\n \"a\": 1,\n \"b\":\n 2\n}", "/b"), 3); }
TEST(Tree, KnowsTheLineOfANumberAtALinesEnd) { EXPECT_EQ(line_in("[\n1\n,\n2\n]", "/0"), 2); }
TEST(Tree, KnowsTheLineOfALiteralAtALinesEnd) { EXPECT_EQ(line_in("[\ntrue\n,\nnull\n]", "/1"), 4); }
TEST(Tree, CountsLinesInsideComments) { EXPECT_EQ(line_in("/* 1\n2 */ // 2\n{\n\"a\": 0 }", "/a"), 4); }
TEST(Tree, CountsALineThatEndsInCrLfOnce) { EXPECT_EQ(line_in("{\r\n\"a\": 1,\r\n\"b\": 2\r\n}", "/b"), 3); }
TEST(Tree, FindsEscapedKeys) { EXPECT_EQ(line_in("{\n\"a/b~c\": {\n\"d\": 1 } }", "/a~1b~0c/d"), 3); }
TEST(Tree, GivesTheNearestLineAboveWhatIsMissing) { EXPECT_EQ(line_in("{\n\"a\": {\n\"b\": 1 } }", "/a/x/y"), 2); }

TEST(Tree, ReportsEveryKeyWrittenTwiceWhereItIsWrittenAgain) {
  EXPECT_THAT(errors_of("{ \"a\": { \"b\": 1,\n\"b\": 2 },\n\"a\": { \"c\": 1, \"c\": 2 } }"),
              testing::ElementsAre("f:2: /a/b: is written twice, first in line 1; keep one of them",
                                   "f:3: /a: is written twice, first in line 1; keep one of them",
                                   "f:3: /a/c: is written twice, first in line 3; keep one of them"));
}

TEST(Tree, KeepsTheFirstOfTwoValues) {
  Findings findings;
  const Node tree = parse_tree("{ \"a\": true, \"a\": { \"b\": [1] } }", findings).value();
  EXPECT_EQ(std::get<bool>(std::get<Node::Object>(tree.value).front().node.value), true);
}

TEST(Tree, NamesAnArraysItemByItsIndex) {
  EXPECT_THAT(errors_of("[0, { \"a\": 1, \"a\": 2 }]"),
              testing::ElementsAre("f:1: /1/a: is written twice, first in line 1; keep one of them"));
}

TEST(Tree, RefusesANumberOutOfRange) {
  EXPECT_THAT(errors_of("{ \"a\":\n1e999 }"), testing::ElementsAre("f:2: a number is out of range"));
}

TEST(Tree, AllowsKDeepestNestingLevels) {
  const std::string most = std::string(kDeepestNesting, '[') + std::string(kDeepestNesting, ']');
  EXPECT_THAT(errors_of(most), testing::IsEmpty());
}

TEST(Finding, PrintsControlBytesAsQuestionMarks) {
  EXPECT_EQ(print(Finding{"f", 1, "/a\nb", "text\x1b[0m", ""}), "f:1: /a?b: text?[0m");
}

TEST(Finding, WithoutALinePrintsNone) {
  EXPECT_EQ(print(Finding{"f", 0, "", "cannot be read", "look"}), "f: cannot be read; look");
}

}  // namespace
}  // namespace vtid::config
