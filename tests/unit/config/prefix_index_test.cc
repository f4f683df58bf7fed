#include "config/prefix_index.h"

#include <gmock/gmock.h>

namespace vtid::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

net::Prefix prefix(std::string_view text) { return net::parse_prefix(text).value(); }

PrefixIndex<std::string> index_of(std::initializer_list<std::string> prefixes) {
  PrefixIndex<std::string> index;
  for (const std::string& text : prefixes) index.add(prefix(text), text);
  return index;
}

TEST(PrefixIndex, GivesNarrowPrefixesFirst) {
  EXPECT_THAT(index_of({"10.0.0.0/8", "10.6.0.0/16", "10.7.0.0/16"}).covering(prefix("10.6.1.0/24")),
              ElementsAre("10.6.0.0/16", "10.0.0.0/8"));
}
TEST(PrefixIndex, CountsAPrefixAsCoveringItself) {
  EXPECT_THAT(index_of({"10.6.0.1/16"}).covering(prefix("10.6.0.2/16")), ElementsAre("10.6.0.1/16"));
}
TEST(PrefixIndex, DoesNotGiveNarrowerPrefixes) {
  EXPECT_THAT(index_of({"10.6.0.0/16"}).covering(prefix("10.0.0.0/8")), IsEmpty());
}
TEST(PrefixIndex, KeepsFamiliesApart) {
  EXPECT_THAT(index_of({"0.0.0.0/0", "::/0"}).covering(prefix("::1")), ElementsAre("::/0"));
}

}  // namespace
}  // namespace vtid::config
