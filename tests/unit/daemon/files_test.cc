#include "daemon/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "unit/daemon/folder.h"

namespace vtid::daemon {
namespace {

struct stat status_of(uid_t owner, gid_t group, mode_t mode) {
  struct stat status {};
  status.st_uid = owner;
  status.st_gid = group;
  status.st_mode = mode;
  return status;
}

std::string remedy(const Result<void>& result) { return result ? "" : result.error().remedy; }
std::string writers(uid_t owner, gid_t group, mode_t mode, Folder folder = Folder::ours) {
  return remedy(check_writers(status_of(owner, group, mode), "/f", folder));
}

TEST(Files, MayBeWrittenByRootAndUs) { EXPECT_EQ(writers(0, 0, 0644) + writers(::geteuid(), 5, 0600), ""); }
TEST(Files, MayNotBelongToAnother) { EXPECT_EQ(writers(::geteuid() + 1, 0, 0600), "chown root /f"); }
TEST(Files, MayNotBeWrittenByAll) { EXPECT_EQ(writers(0, 0, 0646), "chmod go-w /f"); }
TEST(Files, MayNotBeWrittenByAGroup) { EXPECT_EQ(writers(0, 5, 0664), "chmod go-w /f"); }
TEST(Files, MayBeWrittenByRootsGroup) { EXPECT_EQ(writers(0, 0, 0664), ""); }
TEST(Files, MayLieWhereOnlyOwnersRename) { EXPECT_EQ(writers(0, 0, 01777, Folder::shared), ""); }
TEST(Files, MayNotLieWhereEverybodyRenames) { EXPECT_EQ(writers(0, 0, 0777, Folder::shared), "chmod go-w /f"); }
TEST(Files, OfOursMayNotLieWhereEverybodyWrites) { EXPECT_EQ(writers(0, 0, 01777), "chmod go-w /f"); }

TEST(Files, ThatOthersReadSayTheirMode) {
  EXPECT_EQ(check_readers(status_of(0, 0, 0604), "/f").error().text, "can be read by others: the file has mode 0604");
}
TEST(Files, OfRootsGroupAreNotReadByOthers) { EXPECT_TRUE(check_readers(status_of(0, 0, 0640), "/f").has_value()); }

TEST(Files, AreBounded) {
  const test::TestFolder folder;
  folder.write("long", "12345");
  const auto file = open_regular(folder.at("long")).value();
  EXPECT_EQ(read_all(file.fd, folder.at("long"), 4).error().text, folder.at("long") + " is longer than 4 bytes");
}

TEST(Files, ThatAreNoneAreNeverWaitedFor) {
  const test::TestFolder folder;
  ASSERT_EQ(::mkfifo(folder.at("fifo").c_str(), 0600), 0);
  for (const std::string& path : {folder.at("fifo"), folder.path().string(), std::string("/dev/tty"), std::string("/dev/zero")})
    EXPECT_EQ(open_regular(path).error().text, path + " is not a regular file");
}

TEST(Files, BehindALinkAreRefusedWhereLinksAre) {
  const test::TestFolder folder;
  folder.write("real", "text");
  ASSERT_EQ(::symlink("real", folder.at("link").c_str()), 0);
  EXPECT_TRUE(open_regular(folder.at("link")).has_value());
  EXPECT_EQ(open_regular_at(AT_FDCWD, folder.at("link").c_str(), Links::refused, "link").error().text,
            "link is a symbolic link");
}

}  // namespace
}  // namespace vtid::daemon
