#include "ctl/read_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "unit/ctl/vtictl.h"

namespace vtid::ctl {
namespace {

class ReadFile : public testing::Test {
 protected:
  ReadFile() { ::mkfifo(fifo.c_str(), 0600); }
  ~ReadFile() override { std::filesystem::remove(fifo); }
  const std::string fifo = (std::filesystem::temp_directory_path() / ("vtictl-fifo-" + std::to_string(::getpid()))).string();
};

TEST_F(ReadFile, WaitsForAPipe) {
  std::jthread writer([this] { std::ofstream(fifo) << "text"; });
  EXPECT_EQ(read_file(fifo, 4), "text");
}
TEST_F(ReadFile, TakesNoMoreThanItMay) {
  EXPECT_EQ(read_file("/dev/zero", 1'000).error().text, "/dev/zero is longer than 1000 bytes");
}
TEST_F(ReadFile, TakesNoFolder) { EXPECT_EQ(read_file("/", 1).error().text, "/ is a folder"); }
TEST_F(ReadFile, SaysWhatIsNotThere) {
  EXPECT_EQ(read_file("/none", 1).error().text, "cannot open /none: No such file or directory");
}

TEST(Answers, ThatCannotBeWrittenAreNoSuccess) {
  std::ofstream full("/dev/full");
  std::ostringstream err;
  const std::vector<std::string> words{"import", "swanctl",
                                       std::string(VTID_SOURCE_DIR) + "/tests/golden/foreign/swanctl/linux.conf"};
  EXPECT_EQ(run("vtictl", words, full, err), kRefused);
  EXPECT_TRUE(err.str().contains("vtictl: cannot write what was asked for to the standard output\n")) << err.str();
}

}  // namespace
}  // namespace vtid::ctl
