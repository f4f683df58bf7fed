// Files of pfSense, OPNsense, swanctl, ipsec.conf and VyOS against NAME.json, the file that they become, and NAME.notes, the
// files beside it and all that is not carried over; of bad/ against the error. VTID_WRITE_GOLDEN=1 writes them again; read the
// difference.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <set>
#include <sstream>

#include "config/parse.h"
#include "config/print.h"
#include "foreign/import.h"
#include "foreign/plain.h"
#include "support/golden.h"

namespace vtid::foreign {
namespace {

namespace fs = std::filesystem;

const fs::path kFolder = fs::path(VTID_SOURCE_DIR) / "tests/golden/foreign";

// What lies beside swanctl.conf: certificates and keys of the configuration's golden files.
Result<std::string> read_beside(std::string_view name) {
  const std::string file(name.substr(name.find('/') + 1));
  const bool key = name.starts_with("private/");
  const fs::path path = fs::path(VTID_SOURCE_DIR) / "tests/golden/config/files" / file;
  if (key == file.ends_with(".key") && fs::exists(path)) return test::file_contents(path);
  return fail(fmt::format("cannot open {}: No such file or directory", name));
}

// Names of those files as they would lie there: keys are in private.
std::vector<std::string> list_beside(std::string_view folder) {
  if (folder == "x509ca" || folder == "ipsec.d/cacerts") return {"ca.pem"};
  std::vector<std::string> names;
  if (folder != "private" && folder != "ipsec.d/private") return names;
  for (const auto& entry : fs::directory_iterator(fs::path(VTID_SOURCE_DIR) / "tests/golden/config/files")) {
    if (entry.path().extension() == ".key") names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

std::vector<fs::path> files(std::string_view folder) {
  std::vector<fs::path> result;
  for (const auto& entry : fs::directory_iterator(kFolder / folder)) {
    const auto extension = entry.path().extension();
    if (extension == ".xml" || extension == ".conf" || extension == ".boot") result.push_back(entry.path());
  }
  std::ranges::sort(result);
  return result;
}

// Beside an ipsec.conf its secrets lie, and what ipsec.d has of certificates and keys.
Result<std::string> read_beside_ipsec(const fs::path& path, std::string_view name) {
  if (name == "ipsec.secrets") return test::file_contents(fs::path(path).replace_extension(".secrets"));
  constexpr std::string_view kIpsecFolder = "ipsec.d/";
  if (!name.starts_with(kIpsecFolder)) return fail(fmt::format("cannot open {}: No such file or directory", name));
  return read_beside(name.substr(kIpsecFolder.size()));
}

Result<Imported> carry_over(const fs::path& path, const std::string& secrets_folder) {
  const std::string text = test::file_contents(path), file = path.filename().string(),
                    folder = path.parent_path().filename().string();
  const Wish wish{secrets_folder, "/etc/swanctl"};
  if (folder == "bad" && path.extension() == ".xml") return import_pfsense(text, file, wish);
  if (folder == "bad") return import_swanctl(text, file, wish, {read_beside, list_beside});
  const auto source = recognise(text);
  if (!source) return std::unexpected(source.error());
  EXPECT_EQ(name_of(*source).word, folder);
  const auto read = [&](std::string_view name) {
    return folder == "ipsec" ? read_beside_ipsec(path, name) : read_beside(name);
  };
  return import_from(*source, text, file, wish, {read, list_beside});
}

void expect_golden(fs::path golden, std::string_view extension, const std::string& output) {
  test::expect_golden(golden.replace_extension(extension), output);
}

// As the daemon would find the file with all that belongs to it.
config::Parsed parse(const Imported& imported) {
  return config::parse(imported.text, "vtid.json", [&](std::string_view name) -> Result<std::string> {
    const auto kept = std::ranges::find(imported.files, name, &KeptFile::name);
    if (kept != imported.files.end()) return kept->bytes;
    constexpr std::string_view kBeside = "/etc/swanctl/";
    return name.starts_with(kBeside) ? read_beside(name.substr(kBeside.size())) : fail("there is none");
  });
}

std::string title_of_case(const testing::TestParamInfo<fs::path>& file) {
  return file.param.stem().string() + '_' + file.param.extension().string().substr(1);
}

class Carried : public testing::TestWithParam<fs::path> {};
class Refused : public testing::TestWithParam<fs::path> {};

TEST_P(Carried, BecomesItsGoldenFile) {
  const auto imported = carry_over(GetParam(), "secrets");
  ASSERT_TRUE(imported.has_value()) << imported.error().text;
  expect_golden(GetParam(), ".json", imported->text);
}

TEST_P(Carried, ListsWhatWasNotCarriedOver) {
  const auto imported = carry_over(GetParam(), "secrets");
  ASSERT_TRUE(imported.has_value()) << imported.error().text;
  std::string notes;
  for (const KeptFile& file : imported->files) notes += fmt::format("{} of {} bytes\n", file.name, file.bytes.size());
  for (const Note& note : imported->notes) notes += print(note, GetParam().filename().string()) + '\n';
  expect_golden(GetParam(), ".notes", notes);
}

TEST_P(Carried, IsAcceptedAndSaysNoMoreThanItHasTo) {
  const auto imported = carry_over(GetParam(), "secrets");
  ASSERT_TRUE(imported.has_value()) << imported.error().text;
  const config::Parsed parsed = parse(*imported);
  ASSERT_TRUE(parsed.config.has_value()) << config::print(parsed.errors.front());
  EXPECT_EQ(print_plain(*parsed.config), imported->text);
  Imported whole = *imported;
  whole.text = config::print_canonical(*parsed.config);
  const config::Parsed again = parse(whole);
  ASSERT_TRUE(again.config.has_value()) << config::print(again.errors.front());
  EXPECT_EQ(print_plain(*again.config), imported->text);
}

TEST_P(Carried, TellsNoSecretUnasked) {
  const auto imported = carry_over(GetParam(), "");
  ASSERT_TRUE(imported.has_value()) << imported.error().text;
  EXPECT_TRUE(imported->files.empty());
  const auto with_files = carry_over(GetParam(), "secrets");
  for (const KeptFile& file : with_files->files) {
    EXPECT_EQ(imported->text.find(file.bytes), std::string::npos);
  }
}

TEST_P(Carried, TellsWhereEachThingWent) {
  const auto imported = carry_over(GetParam(), "secrets");
  const std::string table = explain(*imported, GetParam().filename().string());
  for (const Note& note : imported->notes)
    EXPECT_NE(table.find(note.text.substr(0, note.text.find('\n'))), std::string::npos) << note.text;
  for (const Origin& origin : imported->origins) EXPECT_NE(table.find(origin.became), std::string::npos) << origin.became;
  EXPECT_FALSE(imported->origins.empty());
}

TEST_P(Carried, SaysInCommentsWhatItSaysBesides) {
  const auto imported = carry_over(GetParam(), "secrets");
  const std::string file = GetParam().filename().string(), text = commented(*imported, file);
  std::string without;
  std::multiset<std::string> comments;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.find_first_not_of(' ');
    if (first != std::string::npos && line.compare(first, 3, "// ") == 0)
      comments.insert(line.substr(first + 3));
    else
      without += line + '\n';
  }
  EXPECT_EQ(without, imported->text);
  for (const Note& note : imported->notes) EXPECT_EQ(comments.count(print(note, file)), 1U) << print(note, file);
  Imported whole = *imported;
  whole.text = text;
  EXPECT_TRUE(parse(whole).config.has_value());
}

TEST_P(Refused, SaysWhereAndWhatToDo) {
  const auto imported = carry_over(GetParam(), "");
  ASSERT_FALSE(imported.has_value());
  expect_golden(GetParam(), GetParam().extension().string() + ".error",
                fmt::format("{}\n  remedy: {}\n", imported.error().text, imported.error().remedy));
}

INSTANTIATE_TEST_SUITE_P(Pfsense, Carried, testing::ValuesIn(files("pfsense")), title_of_case);
INSTANTIATE_TEST_SUITE_P(Swanctl, Carried, testing::ValuesIn(files("swanctl")), title_of_case);
INSTANTIATE_TEST_SUITE_P(Opnsense, Carried, testing::ValuesIn(files("opnsense")), title_of_case);
INSTANTIATE_TEST_SUITE_P(IpsecConf, Carried, testing::ValuesIn(files("ipsec")), title_of_case);
INSTANTIATE_TEST_SUITE_P(Vyos, Carried, testing::ValuesIn(files("vyos")), title_of_case);
INSTANTIATE_TEST_SUITE_P(Foreign, Refused, testing::ValuesIn(files("bad")), title_of_case);

}  // namespace
}  // namespace vtid::foreign
