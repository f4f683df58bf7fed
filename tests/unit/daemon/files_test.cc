#include "daemon/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace vtid::daemon {
namespace {

class Files : public testing::Test {
 protected:
  Files() { std::filesystem::create_directories(folder); }
  ~Files() override { std::filesystem::remove_all(folder); }
  void write(const std::string& name, const std::string& text, mode_t mode) {
    ASSERT_TRUE(write_text(folder / name, text).has_value());
    ASSERT_EQ(::chmod((folder / name).c_str(), mode), 0);
  }
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / ("vtid-files-" + std::to_string(::getpid()));
};

TEST_F(Files, ASecretLosesOneNewline) {
  write("psk", "two\n\n", 0600);
  EXPECT_EQ(secret_reader(folder)("psk"), "two\n");
}

TEST_F(Files, ASecretThatOthersCanReadIsRefused) {
  write("psk", "x", 0640);
  const auto refused = secret_reader(folder)("psk");
  EXPECT_EQ(refused.error().text, (folder / "psk").string() + " can be read by others (mode 0640)");
  EXPECT_EQ(refused.error().remedy, "chmod 600 " + (folder / "psk").string());
}

TEST_F(Files, ASecretMustBeAFile) {
  EXPECT_EQ(secret_reader(folder)(".").error().text, (folder / ".").string() + " is not a regular file");
}

TEST_F(Files, AKeyIsClosedToOthersAndKeepsItsBytes) {
  write("key", "der\n", 0600);
  EXPECT_EQ(file_readers(folder).key("key"), "der\n");
  write("key", "der\n", 0644);
  EXPECT_EQ(file_readers(folder).key("key").error().remedy, "chmod 600 " + (folder / "key").string());
}

TEST_F(Files, ACertificateIsOpenToAllAndKeepsItsBytes) {
  write("ca.pem", "pem\n", 0644);
  EXPECT_EQ(file_readers(folder).open("ca.pem"), "pem\n");
  EXPECT_EQ(file_readers(folder).open(".").error().text, (folder / ".").string() + " is not a regular file");
}

TEST_F(Files, AMissingConfigurationIsAFinding) {
  EXPECT_EQ(read_config(folder / "none").errors.at(0).text,
            "cannot open " + (folder / "none").string() + ": No such file or directory");
}

TEST_F(Files, WritingReplacesTheWholeAndKeepsItClosed) {
  write("state", "long old text", 0644);
  ASSERT_TRUE(write_text(folder / "state", "new").has_value());
  EXPECT_EQ(read_text(folder / "state"), "new");
  EXPECT_EQ(std::filesystem::status(folder / "state").permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

}  // namespace
}  // namespace vtid::daemon
