#include "control/framing.h"

#include <gmock/gmock.h>

#include <vector>

namespace vtid::control {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

std::vector<Line> feed(Framer& framer, std::string_view bytes) {
  framer.feed(bytes);
  std::vector<Line> lines;
  while (auto line = framer.next()) lines.push_back(*line);
  return lines;
}

std::vector<Line> feed_in_two(std::string_view bytes, std::size_t split) {
  Framer framer(8);
  std::vector<Line> lines = feed(framer, bytes.substr(0, split));
  for (Line& line : feed(framer, bytes.substr(split))) lines.push_back(std::move(line));
  return lines;
}

TEST(Framer, GivesTheSameLinesWhereverTheStreamIsSplit) {
  const std::string_view bytes = "one\n\ntwelve78\nnine-is-too-much\nfour\n";
  std::vector<std::vector<Line>> outcomes;
  for (std::size_t split = 0; split <= bytes.size(); ++split) outcomes.push_back(feed_in_two(bytes, split));
  EXPECT_THAT(outcomes, Each(ElementsAre(Line{"one"}, Line{"twelve78"}, Line{"", true}, Line{"four"})));
}

TEST(Framer, GivesTheSameLinesByteByByte) {
  Framer framer(8);
  std::vector<Line> lines;
  for (const char byte : std::string_view("a\ntwelve78\nnine-is-too-much\nb\n")) {
    for (Line& line : feed(framer, {&byte, 1})) lines.push_back(std::move(line));
  }
  EXPECT_THAT(lines, ElementsAre(Line{"a"}, Line{"twelve78"}, Line{"", true}, Line{"b"}));
}

TEST(Framer, TellsAnOverlongLineBeforeItEnds) {
  Framer framer(8);
  EXPECT_THAT(feed(framer, "nine-is-t"), ElementsAre(Line{"", true}));
}

TEST(Framer, AsksOnceForEachLineThatExceedsTheUsualLength) {
  int asked = 0;
  Framer framer(4, 8, [&] { return ++asked > 0; });
  EXPECT_THAT(feed(framer, "five5\nfour\nsixsix\n"), ElementsAre(Line{"five5"}, Line{"four"}, Line{"sixsix"}));
  EXPECT_EQ(asked, 2);
}

TEST(Framer, LeavesALineOutThatMayNotExceedTheUsualLength) {
  Framer framer(4, 8, [] { return false; });
  EXPECT_THAT(feed(framer, "five5\nfour\n"), ElementsAre(Line{"", true}, Line{"four"}));
}

TEST(Framer, LeavesALineOutThatExceedsTheLongest) {
  Framer framer(4, 8, [] { return true; });
  EXPECT_THAT(feed(framer, "nine-is-too-much\nfour\n"), ElementsAre(Line{"", true}, Line{"four"}));
}

TEST(Framer, HasNothingToSayBeforeANewline) {
  Framer framer(8);
  EXPECT_THAT(feed(framer, "twelve78"), ElementsAre());
}

}  // namespace
}  // namespace vtid::control
