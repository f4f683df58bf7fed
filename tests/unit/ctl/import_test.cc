#include "ctl/import.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "vtictl.h"

namespace vtid::ctl {
namespace {

namespace fs = std::filesystem;
using test::Outcome;
using test::vtictl;
using ::testing::HasSubstr;

std::string contents(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator(file), {}};
}

const std::string kSite = VTID_SOURCE_DIR "/tests/golden/foreign/pfsense/site.xml";

class Import : public ::testing::Test {
 protected:
  Import() { fs::remove_all(folder_); }
  ~Import() override { fs::remove_all(folder_); }

  Outcome into_folder() const { return vtictl({"import", "pfsense", kSite, "--secrets-dir", folder_.string()}); }
  [[nodiscard]] static unsigned mode_of(const fs::path& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777U : 0;
  }

  const fs::path folder_ = ::testing::TempDir() + "vtictl-import." + std::to_string(::getpid());  // tests run side by side
};

TEST_F(Import, PrintsTheFile) { EXPECT_THAT(vtictl({"import", "pfsense", kSite}).out, HasSubstr("\"to_headquarters\"")); }
TEST_F(Import, ExitsWithZeroThoughSomethingIsNotCarriedOver) { EXPECT_EQ(vtictl({"import", "pfsense", kSite}).exit, 0); }
TEST_F(Import, ListsWhatIsNotCarriedOverWithItsPlace) {
  EXPECT_THAT(vtictl({"import", "pfsense", kSite}).err, HasSubstr("site.xml:254: ipsec/uniqueids: is not carried over"));
}
TEST_F(Import, PrintsNoSecret) {
  const Outcome outcome = into_folder();
  EXPECT_EQ((outcome.out + outcome.err).find("a secret & nothing else"), std::string::npos);
}
TEST_F(Import, SecretsAreFilesThatOnlyTheirOwnerReads) {
  into_folder();
  EXPECT_EQ(mode_of(folder_ / "to_headquarters.psk"), 0600U);
}
TEST_F(Import, AndSoIsTheirFolder) {
  into_folder();
  EXPECT_EQ(mode_of(folder_), 0700U);
}
TEST_F(Import, AFileHoldsItsSecret) {
  into_folder();
  EXPECT_EQ(contents(folder_ / "to_headquarters.psk"), "a secret & nothing else");
}
TEST_F(Import, TheFileNamesThem) {
  EXPECT_THAT(into_folder().out, HasSubstr("\"file\": \"" + folder_.string() + "/to_headquarters.psk\""));
}
TEST_F(Import, WritesOverNoFile) {
  fs::create_directory(folder_);
  std::ofstream(folder_ / "con2.psk") << "mine";
  EXPECT_THAT(into_folder().err, HasSubstr("con2.psk is there already"));
  EXPECT_EQ(contents(folder_ / "con2.psk"), "mine");
}
TEST_F(Import, WritesNoneWhenOneIsInTheWay) {
  fs::create_directory(folder_);
  std::ofstream(folder_ / "con2.psk") << "mine";
  EXPECT_EQ(into_folder().out, "");
  EXPECT_FALSE(fs::exists(folder_ / "to_headquarters.psk"));
}
TEST_F(Import, ExitsWithOneWhenTheFileCannotBeRead) { EXPECT_EQ(vtictl({"import", "swanctl", "/nonexistent.conf"}).exit, 1); }
TEST_F(Import, ExitsWithOneWhenTheFileIsOfAnotherKind) {
  EXPECT_EQ(vtictl({"import", "pfsense", VTID_SOURCE_DIR "/conf/vtid.example.json"}).exit, 1);
}
TEST_F(Import, ExitsWithTwoForAnUnknownSource) { EXPECT_EQ(vtictl({"import", "pfsenze", kSite}).exit, 2); }
TEST_F(Import, RecognisesWhatItIsGiven) {
  EXPECT_THAT(vtictl({"import", kSite}).out, HasSubstr("\"to_headquarters\""));
  EXPECT_THAT(vtictl({"import", VTID_SOURCE_DIR "/tests/golden/foreign/swanctl/linux.conf"}).out, HasSubstr("\"dual\""));
}
TEST_F(Import, SaysWhatItIsThatCannotBeImported) {
  const Outcome outcome = vtictl({"import", VTID_SOURCE_DIR "/tests/golden/foreign/bad/strongswan.conf"});
  EXPECT_EQ(outcome.exit, 1);
  EXPECT_THAT(outcome.err, HasSubstr("is a strongswan.conf"));
}
TEST_F(Import, SaysSoToWhoNamesAnotherSource) {
  EXPECT_THAT(vtictl({"import", "opnsense", kSite}).err, HasSubstr("vtictl import pfsense FILE"));
}
TEST_F(Import, TakesTheFilesOfEverySource) {
  const std::string files = VTID_SOURCE_DIR "/tests/golden/foreign/";
  EXPECT_THAT(vtictl({"import", files + "opnsense/legacy.xml"}).out, HasSubstr("\"hq\""));
  EXPECT_THAT(vtictl({"import", files + "ipsec/libreswan.conf"}).out, HasSubstr("\"networks\""));
  EXPECT_THAT(vtictl({"import", files + "vyos/rolling.boot"}).out, HasSubstr("\"vti1\""));
}
TEST_F(Import, SaysInCommentsWhatItSaysBesides) {
  EXPECT_THAT(vtictl({"import", "--comments", kSite}).out,
              HasSubstr("// " + kSite + ":254: ipsec/uniqueids: is not carried over"));
}
TEST_F(Import, IsPlainJsonElse) { EXPECT_THAT(vtictl({"import", kSite}).out, Not(HasSubstr("// "))); }

// One end's swanctl.conf: its address, the peer's, and the proposals.
std::string end_of_pair(const std::string& own, const std::string& peer, const std::string& proposals) {
  return "connections {\n t {\n local_addrs = " + own + "\n remote_addrs = " + peer + "\n proposals = " + proposals +
         "\n local {\n auth = psk\n }\n remote {\n auth = psk\n }\n children {\n c {\n if_id_in = 1\n if_id_out = 1\n "
         "esp_proposals = "
         "aes128gcm16-x25519\n local_ts = " +
         (own < peer ? "10.6.0.1" : "10.6.0.2") + "/30, 0.0.0.0/0\n remote_ts = " + (own < peer ? "10.6.0.2" : "10.6.0.1") +
         ", 0.0.0.0/0\n start_action = start\n }\n }\n }\n}\nsecrets {\n ike {\n secret = shared\n }\n}\n";
}
class ImportOfPair : public Import {
 protected:
  ImportOfPair() {
    fs::create_directory(folder_);
    write("here", end_of_pair("192.0.2.1", "198.51.100.1", "aes256-sha256-x25519"));
    write("there", end_of_pair("198.51.100.1", "192.0.2.1", "aes256-sha256-x25519"));
    write("elsewhere", end_of_pair("198.51.100.1", "192.0.2.1", "aes128-sha1-modp1024"));
  }
  void write(const char* name, const std::string& text) const { std::ofstream(folder_ / name) << text; }
  [[nodiscard]] std::string file(const char* name) const { return (folder_ / name).string(); }
};
TEST_F(ImportOfPair, SaysWhetherItWouldMeetThePeersFile) {
  const Outcome meets = vtictl({"import", file("here"), "--peer", file("there")});
  EXPECT_EQ(meets.exit, 0) << meets.err;
  EXPECT_THAT(meets.err, HasSubstr("they would meet"));
  EXPECT_THAT(meets.out, HasSubstr("\"tunnels\""));
  const Outcome fails = vtictl({"import", file("here"), "--peer", file("elsewhere")});
  EXPECT_EQ(fails.exit, 4);
  EXPECT_THAT(fails.err, HasSubstr("they would not meet"));
}
TEST_F(ImportOfPair, ComparesFilesOfOtherSystemsAsTheyAre) {
  EXPECT_EQ(vtictl({"compare", file("here"), file("there")}).exit, 0);
  EXPECT_EQ(vtictl({"compare", file("here"), file("elsewhere")}).exit, 4);
  write("there.json", vtictl({"import", file("there"), "--secrets-dir", file("secrets")}).out);
  EXPECT_EQ(vtictl({"compare", file("here"), file("there.json")}).exit, 0);
}

TEST_F(Import, ExplainsWhereEachThingWentAndWritesNothing) {
  const Outcome outcome = vtictl({"import", kSite, "--explain", "--secrets-dir", folder_.string()});
  EXPECT_EQ(outcome.exit, 0);
  EXPECT_THAT(outcome.out, HasSubstr("tunnels/to_headquarters\n"));
  EXPECT_THAT(outcome.out, HasSubstr("ipsec/uniqueids"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("\"tunnels\"")));
  EXPECT_FALSE(fs::exists(folder_));
}

}  // namespace
}  // namespace vtid::ctl
