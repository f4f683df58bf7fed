#include "ctl/capture.h"

#include <gmock/gmock.h>

namespace vtid::ctl {
namespace {

using ::testing::HasSubstr;

// One CHILD_SA for both VTI children, and tunnel mode beside it.
Json hq() {
  return Json::parse(R"({
    "name": "hq", "local": "192.0.2.1", "remote": "198.51.100.1", "outer_device": "wan",
    "child_sas": [ { "name": "hq", "device": "ipsec1" }, { "name": "lan", "device": "" } ],
    "children": [ { "name": "v4", "mode": "vti" }, { "name": "v6", "mode": "vti" }, { "name": "lan", "mode": "tunnel" } ] })");
}

Json split() {
  return Json::parse(R"({
    "name": "split", "local": "any", "remote": "any", "outer_device": "",
    "child_sas": [ { "name": "v4", "device": "ipsec2" }, { "name": "v6", "device": "ipsec3" } ],
    "children": [ { "name": "v4", "mode": "vti" }, { "name": "v6", "mode": "vti" } ] })");
}

std::string command(const Json& tunnel, const CaptureQuestion& question) {
  const auto words = capture_command(tunnel, question);
  return words ? print_command(*words) : words.error().text + "; " + words.error().remedy;
}

TEST(Capture, OfATunnelIsOnItsInterface) { EXPECT_EQ(command(hq(), {}), "tcpdump -n -i ipsec1"); }
TEST(Capture, OfAChildThatSharesTheInterfaceIsOnThat) { EXPECT_EQ(command(hq(), {.child = "v6"}), "tcpdump -n -i ipsec1"); }
TEST(Capture, OfAChildWithAnInterfaceIsOnItsOwn) { EXPECT_EQ(command(split(), {.child = "v6"}), "tcpdump -n -i ipsec3"); }
TEST(Capture, IsOnTheCommonDeviceWhereThereIsOne) {
  EXPECT_EQ(command(split(), {.inner_device = "enc0"}), "tcpdump -n -i enc0");
}
TEST(Capture, HasTheArgumentsOfTheUser) {
  EXPECT_EQ(command(hq(), {.arguments = {"-c", "5", "tcp port 443"}}), "tcpdump -n -i ipsec1 -c 5 'tcp port 443'");
}
TEST(Capture, OfTheOutsideIsEspAndIkeBetweenTheTwoEnds) {
  EXPECT_EQ(command(hq(), {.outer = true, .arguments = {"-v"}}),
            "tcpdump -n -i wan -v '(esp or udp port 500 or udp port 4500) and host 192.0.2.1 and host 198.51.100.1'");
}
TEST(Capture, OfTheOutsideIsOfAnyPeerWhereAnyMayCall) {
  Json tunnel = hq();
  tunnel["remote"] = "any";
  EXPECT_EQ(command(tunnel, {.outer = true}), "tcpdump -n -i wan '(esp or udp port 500 or udp port 4500) and host 192.0.2.1'");
}
TEST(Capture, OfSeveralInterfacesAsksForOne) {
  EXPECT_EQ(command(split(), {}), "split has several interfaces; name one of split/v4 (ipsec2), split/v6 (ipsec3)");
}
TEST(Capture, OfAChildThatIsNotThereSaysWhichAre) {
  EXPECT_EQ(command(hq(), {.child = "v5"}), "hq has no child \"v5\"; there are v4, v6, lan");
}
TEST(Capture, OfTunnelModeOffersTheOutside) {
  EXPECT_EQ(command(hq(), {.child = "lan"}), "hq/lan has no interface; capture its outer packets: --outer");
}
TEST(Capture, OfTheOutsideNeedsAnAddress) {
  EXPECT_EQ(command(split(), {.outer = true}),
            "no device of this host has the outer address of split; vtictl up split: its SAs say which it is");
}

TEST(PrintCommand, QuotesForAShell) { EXPECT_EQ(print_command({"a", "", "it's", "$x"}), "a '' 'it'\\''s' '$x'"); }

TEST(Become, SaysWhatToInstall) {
  const Error error = become({"no-such-tcpdump", "-n"});
  EXPECT_THAT(error.text, HasSubstr("cannot run no-such-tcpdump"));
  EXPECT_THAT(error.remedy, HasSubstr("install the package no-such-tcpdump"));
}

TEST(Become, IsTheCommandWithEveryWordAsItIs) {
  EXPECT_EXIT(static_cast<void>(become({"/bin/sh", "-c", "[ \"$1\" = 'a b' ] && exit 7", "sh", "a b"})),
              ::testing::ExitedWithCode(7), "");
}

}  // namespace
}  // namespace vtid::ctl
