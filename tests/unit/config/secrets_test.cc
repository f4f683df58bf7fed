// Secrets come from the reader as they are, and leave in no finding and no canonical text.
#include <gmock/gmock.h>

#include "config/parse.h"
#include "config/print.h"

namespace vtid::config {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string with_psk(std::string_view psk) {
  return R"({"tunnels": {"hq": {"ike": {"remote": {"address": "198.51.100.1"}, "auth": {"psk": )" + std::string(psk) +
         R"(}}, "children": {"v4": {"local": "10.0.0.1/30", "remote": "10.0.0.2"}}}}})";
}

std::string secret_of(const Parsed& parsed) {
  const auto& ike = std::get<model::Ike>(parsed.config.value().tunnels.at(0).ike);
  return std::get<model::PskAuth>(ike.auth).psk.secret.reveal();
}

Result<std::string> read_bytes(std::string_view name) { return std::string("\0\n of ", 6) + std::string(name); }

TEST(Secrets, AreTheReadersBytes) {
  EXPECT_EQ(secret_of(parse(with_psk(R"({"file": "a/b.psk"})"), "f", read_bytes)), std::string("\0\n of a/b.psk", 13));
}
TEST(Secrets, AreTheFilesText) { EXPECT_EQ(secret_of(parse(with_psk(R"({"text": "xyzzy"})"), "f", read_bytes)), "xyzzy"); }
TEST(Secrets, AreNotPrinted) {
  EXPECT_THAT(print_canonical(parse(with_psk(R"({"text": "xyzzy"})"), "f", read_bytes).config.value()),
              Not(HasSubstr("xyzzy")));
}

class Misplaced : public testing::TestWithParam<std::string_view> {};

TEST_P(Misplaced, SecretIsInNoFinding) {
  const Parsed parsed = parse(with_psk(GetParam()), "f", read_bytes);
  ASSERT_FALSE(parsed.errors.empty());
  for (const Finding& finding : parsed.errors) EXPECT_THAT(print(finding), Not(HasSubstr("xyzzy")));
}

INSTANTIATE_TEST_SUITE_P(Secrets, Misplaced,
                         testing::Values(R"("xyzzy")", R"(["xyzzy"])", R"({"text": "xyzzy\u0007"})", R"({"text": xyzzy})",
                                         R"({"text": 'xyzzy'})", R"({"text" "xyzzy"})", R"({"text": "xyzzy)",
                                         R"({"text": "xyzzy", "file": "hq.psk"})", R"({"text": "xyzzy" "x": 1})"));

}  // namespace
}  // namespace vtid::config
