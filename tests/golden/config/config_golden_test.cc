// Every file of good/ and bad/ against its .out: warnings and the canonical file, or the complete list of errors.
// VTID_WRITE_GOLDEN=1 writes the .out files again; read the difference before you keep it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iterator>

#include "support/config_round_trip.h"
#include "support/golden.h"
#include "support/golden_config_files.h"

namespace vtid::config {
namespace {

namespace fs = std::filesystem;

const fs::path kFolder = fs::path(VTID_SOURCE_DIR) / "tests/golden/config";

constexpr auto* read_secret = test::read_golden_config_file;

std::vector<fs::path> files(std::string_view folder) {
  std::vector<fs::path> result;
  for (const auto& entry : fs::directory_iterator(kFolder / folder)) {
    if (entry.path().extension() == ".json") result.push_back(entry.path());
  }
  std::ranges::sort(result);
  return result;
}

std::string lines(const std::vector<Finding>& findings, std::string_view prefix) {
  std::string result;
  for (const Finding& finding : findings) result += fmt::format("{}{}\n", prefix, print(finding));
  return result;
}

fs::path golden_of(fs::path input) { return input.replace_extension(".out"); }

std::string name_of(const testing::TestParamInfo<fs::path>& file) { return file.param.stem().string(); }

class Good : public testing::TestWithParam<fs::path> {};
class Bad : public testing::TestWithParam<fs::path> {};

TEST_P(Good, PrintsAsItsGoldenFile) {
  const Parsed parsed = parse(test::file_contents(GetParam()), GetParam().filename().string(), read_secret);
  ASSERT_EQ(lines(parsed.errors, ""), "");
  test::expect_golden(golden_of(GetParam()), lines(parsed.warnings, "warning: ") + print_canonical(*parsed.config));
}

TEST_P(Good, CanonicalTextIsTheSameConfiguration) {
  const Parsed parsed = parse(test::file_contents(GetParam()), "file", read_secret);
  EXPECT_EQ(round_trip_fault(parsed.config.value(), read_secret), "");
}

TEST_P(Bad, IsRefusedWithTheFindingsOfItsGoldenFile) {
  const Parsed parsed = parse(test::file_contents(GetParam()), GetParam().filename().string(), read_secret);
  ASSERT_FALSE(parsed.config.has_value());
  test::expect_golden(golden_of(GetParam()), lines(parsed.errors, "") + lines(parsed.warnings, "warning: "));
}

INSTANTIATE_TEST_SUITE_P(Config, Good, testing::ValuesIn(files("good")), name_of);
INSTANTIATE_TEST_SUITE_P(Config, Bad, testing::ValuesIn(files("bad")), name_of);

}  // namespace
}  // namespace vtid::config
