#include "daemon/config_files.h"

#include <gtest/gtest.h>

#include <thread>

#include "unit/daemon/folder.h"

namespace vtid::daemon {
namespace {

constexpr const char* kPskInFile = R"({ "file": "psk" })";
constexpr const char* kPskInText = R"({ "text": "only-a-test" })";

std::string with_psk(const std::string& psk, const std::string& more = "") {
  return R"({ "tunnels": { "hq": { "unit": 1,
  "ike": { "local": { "address": "192.0.2.1" }, "remote": { "address": "198.51.100.1" },
           "auth": { "psk": )" +
         psk + R"( } },
  "children": { "v4": { "mode": "vti", "local": "10.6.106.1/30", "remote": "10.6.106.2" } } } })" +
         more + "}";
}

std::string first(const std::vector<config::Finding>& findings) {
  return findings.empty() ? "" : findings.front().pointer + " " + findings.front().text;
}
std::string first_remedy(const std::vector<config::Finding>& findings) {
  return findings.empty() ? "" : findings.front().remedy;
}

class ConfigFile : public testing::Test {
 protected:
  ConfigFile() {
    folder.write("psk", "secret\n");
    folder.write("vtid.json", with_psk(kPskInFile));
  }
  config::Parsed read() { return read_config(folder.at("vtid.json"), {}); }
  config::Parsed check() { return check_config(folder.at("vtid.json"), {}); }
  // The error that a plan for a file with this secret gets.
  std::string draft(const std::string& name) {
    const auto running = read().config.value();
    return first(parse_draft(with_psk(R"({ "file": ")" + name + "\" }"), "draft.json", folder.path(), running, {}).errors);
  }
  std::string not_read(const std::string& name) {
    return "/tunnels/hq/ike/auth/psk/file \"" + name + "\" is not read: by the control socket only files below " +
           folder.path().string() + " are read, and no links";
  }
  const test::TestFolder folder;
};

TEST_F(ConfigFile, IsReadWithItsSecret) {
  EXPECT_EQ(std::get<model::PskAuth>(std::get<model::Ike>(read().config.value().tunnels.at(0).ike).auth).psk.secret.reveal(),
            "secret");
}

TEST_F(ConfigFile, ThatIsMissingIsAFinding) {
  EXPECT_EQ(first(read_config(folder.at("none"), {}).errors),
            " cannot open " + folder.at("none") + ": No such file or directory");
}

TEST_F(ConfigFile, ThatIsAFifoIsRefusedAtOnce) {
  ASSERT_EQ(::mkfifo(folder.at("fifo").c_str(), 0600), 0);
  EXPECT_EQ(first(read_config(folder.at("fifo"), {}).errors), " " + folder.at("fifo") + " is not a regular file");
}

TEST_F(ConfigFile, ThatOthersMayWriteIsRefused) {
  folder.write("vtid.json", with_psk(kPskInFile), 0666);
  EXPECT_EQ(first(read().errors), " " + folder.at("vtid.json") + " can be written by others (mode 0666)");
}

TEST_F(ConfigFile, InAFolderThatOthersMayWriteIsRefused) {
  ::chmod(folder.path().c_str(), 0777);
  EXPECT_EQ(first_remedy(read().errors), "chmod go-w " + folder.path().string());
}

TEST_F(ConfigFile, BehindALinkIsJudgedWhereItLies) {
  ASSERT_EQ(::mkdir(folder.at("open").c_str(), 0700), 0);
  folder.write("open/real.json", with_psk(kPskInText));
  ASSERT_EQ(::symlink("open/real.json", folder.at("link.json").c_str()), 0);
  ::chmod(folder.at("open").c_str(), 0777);
  EXPECT_EQ(first_remedy(read_config(folder.at("link.json"), {}).errors), "chmod go-w " + folder.at("open"));
}

TEST_F(ConfigFile, MayNotRunWhatOthersMayWrite) {
  folder.write("alarm", "#!/bin/sh\n", 0777);
  folder.write("vtid.json", with_psk(kPskInFile, R"(, "on_change": { "command": [")" + folder.at("alarm") + "\"] }"));
  EXPECT_EQ(first(read().errors), "/on_change/command/0 " + folder.at("alarm") + " can be written by others (mode 0777)");
}

TEST_F(ConfigFile, OnlyWarnsOfSecretsThatOthersRead) {
  folder.write("vtid.json", with_psk(kPskInText), 0644);
  const auto parsed = read();
  EXPECT_TRUE(parsed.config.has_value());
  EXPECT_EQ(first(parsed.warnings), "/tunnels/hq/ike/auth/psk/text can be read by others: the file has mode 0644");
  EXPECT_EQ(parsed.warnings.at(0).line, 3);
}

TEST_F(ConfigFile, ThatOthersReadMayNameFiles) {
  folder.write("vtid.json", with_psk(kPskInFile), 0644);
  EXPECT_EQ(first(read().warnings), "");
}

TEST_F(ConfigFile, AsADraftOnlyWarns) {
  folder.write("vtid.json", with_psk(kPskInFile), 0666);
  EXPECT_TRUE(check().config.has_value());
  EXPECT_EQ(first_remedy(check().warnings), "chmod go-w " + folder.at("vtid.json"));
}

TEST_F(ConfigFile, AsADraftMayComeThroughAPipe) {
  ASSERT_EQ(::mkfifo(folder.at("fifo").c_str(), 0600), 0);
  std::jthread writer([this] { std::ofstream(folder.at("fifo")) << with_psk(kPskInText); });
  EXPECT_TRUE(check_config(folder.at("fifo"), {}).config.has_value());
}

TEST_F(ConfigFile, ASecretLosesOneNewline) {
  folder.write("two", "x\n\n");
  EXPECT_EQ(file_readers(folder.path()).secret("two"), "x\n");
}

TEST_F(ConfigFile, ASecretThatOthersCanReadIsRefused) {
  folder.write("psk", "x", 0640);
  const auto refused = file_readers(folder.path()).secret("psk");
  EXPECT_EQ(refused.error().text, folder.at("psk") + " can be read by others (mode 0640)");
  EXPECT_EQ(refused.error().remedy, "chmod 600 " + folder.at("psk"));
}

TEST_F(ConfigFile, ASecretMustBeAFile) {
  EXPECT_EQ(file_readers(folder.path()).secret(".").error().text, folder.at(".") + " is not a regular file");
}

TEST_F(ConfigFile, AKeyIsClosedToOthersAndKeepsItsBytes) {
  folder.write("key", "der\n");
  EXPECT_EQ(file_readers(folder.path()).key("key"), "der\n");
  folder.write("key", "der\n", 0644);
  EXPECT_EQ(file_readers(folder.path()).key("key").error().remedy, "chmod 600 " + folder.at("key"));
}

TEST_F(ConfigFile, ACertificateIsReadByAllAndWrittenByNone) {
  folder.write("ca.pem", "pem\n", 0644);
  EXPECT_EQ(file_readers(folder.path()).open("ca.pem"), "pem\n");
  folder.write("ca.pem", "pem\n", 0666);
  EXPECT_EQ(file_readers(folder.path()).open("ca.pem").error().remedy, "chmod go-w " + folder.at("ca.pem"));
  EXPECT_EQ(file_readers(folder.path(), Judged::as_draft).open("ca.pem"), "pem\n");
}

TEST_F(ConfigFile, APlanReadsFilesBelowTheFolder) {
  ASSERT_EQ(::mkdir(folder.at("keys").c_str(), 0700), 0);
  folder.write("keys/other", "x");
  EXPECT_EQ(draft("keys/other"), "");
  EXPECT_EQ(draft(folder.at("keys/other")), "");
  EXPECT_EQ(draft("keys/none"),
            "/tunnels/hq/ike/auth/psk/file cannot open " + folder.at("keys/none") + ": No such file or directory");
}

TEST_F(ConfigFile, APlanTellsNothingOfFilesElsewhere) {
  const test::TestFolder other;
  other.write("there", "x");
  for (const std::string& name : {other.at("there"), other.at("not-there"), std::string("../x"), std::string("a/../../x"),
                                  folder.path().string() + "/../x"}) {
    EXPECT_EQ(draft(name), not_read(name));
  }
}

TEST_F(ConfigFile, ReplacedKeepsItsModeAndTheLinkThatLeadsToIt) {
  ASSERT_EQ(::chmod(folder.at("vtid.json").c_str(), 0640), 0);
  ASSERT_EQ(::symlink("vtid.json", folder.at("link.json").c_str()), 0);
  ASSERT_TRUE(replace_config(folder.at("link.json"), "{ \"tunnels\": {} }").has_value());
  struct stat status {};
  ASSERT_EQ(::lstat(folder.at("link.json").c_str(), &status), 0);
  EXPECT_TRUE(S_ISLNK(status.st_mode));
  ASSERT_EQ(::lstat(folder.at("vtid.json").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0640U);
  EXPECT_TRUE(check().config->tunnels.empty());
}

TEST_F(ConfigFile, ReplacedOnlyWhereNobodyElseMayWrite) {
  ASSERT_EQ(::chmod(folder.path().c_str(), 0777), 0);
  EXPECT_FALSE(replace_config(folder.at("vtid.json"), "{}").has_value());
}

TEST_F(ConfigFile, APlanFollowsNoLink) {
  ASSERT_EQ(::symlink("/etc", folder.at("etc").c_str()), 0);
  ASSERT_EQ(::symlink("/etc/none", folder.at("none").c_str()), 0);
  for (const char* name : {"etc/shadow", "etc/none", "none"}) EXPECT_EQ(draft(name), not_read(name));
}

TEST_F(ConfigFile, APlanReadsWhatTheRunningFileNames) {
  const test::TestFolder other;
  other.write("psk", "x");
  folder.write("vtid.json", with_psk(R"({ "file": ")" + other.at("psk") + "\" }"));
  EXPECT_EQ(draft(other.at("psk")), "");
}

}  // namespace
}  // namespace vtid::daemon
