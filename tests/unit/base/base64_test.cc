#include "base/base64.h"

#include <gtest/gtest.h>

namespace vtid {
namespace {

// RFC 4648, section 10.
constexpr std::pair<const char*, const char*> kVectors[] = {{"", ""},
                                                            {"f", "Zg=="},
                                                            {"fo", "Zm8="},
                                                            {"foo", "Zm9v"},
                                                            {"foob", "Zm9vYg=="},
                                                            {"fooba", "Zm9vYmE="},
                                                            {"foobar", "Zm9vYmFy"}};

TEST(Base64, IsThatOfTheRfc) {
  for (const auto& [bytes, text] : kVectors) {
    EXPECT_EQ(encode_base64(bytes), text);
    EXPECT_EQ(decode_base64(text), bytes);
  }
  EXPECT_EQ(decode_base64(encode_base64("\xff\xfe\x01")), "\xff\xfe\x01");
}

TEST(Base64, PassesOverWhiteSpaceAlone) {
  EXPECT_EQ(decode_base64(" Zm9v\r\n\tYmFy "), "foobar");
  for (const char* text : {"Zg", "Zg=", "Zg==Zg==", "Z===", "====", "Zm9v!", "Zm-_"}) {
    EXPECT_EQ(decode_base64(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace vtid
