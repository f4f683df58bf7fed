#include "foreign/xml.h"

#include <gtest/gtest.h>

namespace vtid::foreign {
namespace {

Element parse(std::string_view text) { return parse_xml(text).value(); }
std::string error(std::string_view text) { return parse_xml(text).error().text; }

TEST(Xml, KnowsTheLineOfEachElement) {
  EXPECT_EQ(parse("<a>\n<!-- <b> \n -->\n<b/>\n<c x='>'>\n<d/></c></a>").at("c").at("d").line, 6);
}
TEST(Xml, NumbersElementsThatShareAName) { EXPECT_EQ(parse("<a><b/><c/><b><d/></b></a>").children[2].at("d").path, "b[2]/d"); }
TEST(Xml, ReadsCdataAsText) { EXPECT_EQ(parse("<a><b><![CDATA[x < <y> &amp;]]></b></a>").value("b"), "x < <y> &amp;"); }
TEST(Xml, ReadsItsFiveEntitiesAndNumbers) { EXPECT_EQ(parse("<a><b>&lt;&amp;&#65;</b></a>").value("b"), "<&A"); }
TEST(Xml, PassesOverAttributesAndInstructions) {
  EXPECT_EQ(parse("<?xml version='1.0'?><a b='c'><?php ?><d/></a>").children.size(), 1U);
}
TEST(Xml, TrimsTextAndTakesControlCharactersOut) { EXPECT_EQ(parse("<a><b>\n  x\ty \n</b></a>").value("b"), "x y"); }
TEST(Xml, LeavesSpacesWithinATextAlone) { EXPECT_EQ(parse("<a><b>x  y</b></a>").value("b"), "x  y"); }
TEST(Xml, AnElementThatIsNotThereIsEmpty) { EXPECT_EQ(parse("<a/>").at("b").at("c").value("d"), ""); }
TEST(Xml, RefusesATagThatClosesAnother) { EXPECT_EQ(error("<a>\n<b>\n</c></a>"), "line 3: </c> does not close <b> of line 2"); }
TEST(Xml, RefusesDeclaredEntities) {
  EXPECT_EQ(error("<!DOCTYPE a [<!ENTITY b 'c'>]><a/>"), "line 1: declares entities of its own");
}
TEST(Xml, RefusesANulByte) {
  EXPECT_EQ(error(std::string_view("<a>\n\0</a>", 9)), "line 2: holds a NUL byte, so it is no XML");
}
TEST(Xml, RefusesWhatNestsTooDeep) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "<a>";
  EXPECT_EQ(error(text), "line 1: more than 64 elements within each other");
}

}  // namespace
}  // namespace vtid::foreign
