#include "ctl/check.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace vtid::ctl {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Check : public ::testing::Test {
 protected:
  Check() { EXPECT_NE(::mkdtemp(folder_.data()), nullptr); }
  ~Check() override { std::filesystem::remove_all(folder_); }

  // A vtid that says no unless it is called as promised.
  std::vector<std::string> install(int exit) {
    const std::string vtid = folder_ + "/vtid";
    std::ofstream(vtid) << "#!/bin/sh\n[ \"$1 $2 $3\" = '--check --config a.json' ] && exit " << exit << "\nexit 99\n";
    EXPECT_EQ(::chmod(vtid.c_str(), 0755), 0);
    return {folder_ + "/not-there/vtid", vtid};
  }

  std::string folder_ = "/tmp/vtid-check-XXXXXX";
};

TEST_F(Check, IsVtidsOwn) { EXPECT_EQ(run_check(install(4), "a.json"), 4); }
TEST_F(Check, FindsNothingWhenVtidFindsNothing) { EXPECT_EQ(run_check(install(0), "a.json"), 0); }
TEST_F(Check, SaysWhereItLookedForVtid) {
  EXPECT_THAT(run_check({"/nonexistent/vtid"}, "a.json").error().text, HasSubstr("/nonexistent/vtid"));
}

TEST(PlacesOfVtid, AreBesideTheProgramThenInThePath) {
  EXPECT_THAT(places_of_vtid("/opt/bin/vtictl", "/bin:/usr/bin"),
              ElementsAre("/opt/bin/vtid", "/opt/bin/../sbin/vtid", "/bin/vtid", "/usr/bin/vtid", "/usr/local/sbin/vtid",
                          "/usr/sbin/vtid"));
}
TEST(PlacesOfVtid, AreInThePathWhenTheProgramIsNowhere) {
  EXPECT_THAT(places_of_vtid("no-such-vtictl", "/bin"), ElementsAre("/bin/vtid", "/usr/local/sbin/vtid", "/usr/sbin/vtid"));
}

}  // namespace
}  // namespace vtid::ctl
