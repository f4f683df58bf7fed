// Texts as pfctl of FreeBSD 14 prints them, by print_rule(), print_status() and pfctl_show_rules() of its sources.
#include "platform/freebsd/pf_listing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace vtid::platform {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(PfListing, TellsWhetherPfIsOn) {
  EXPECT_TRUE(pf_is_enabled("Status: Enabled for 0 days 00:00:08           Debug: Urgent\n\nState Table   Total   Rate\n"));
  EXPECT_FALSE(pf_is_enabled("Status: Disabled for 0 days 00:00:08          Debug: Urgent\n"));
  EXPECT_FALSE(pf_is_enabled(""));
}

const std::string kMainRules =
    "scrub in all fragment reassemble\n"
    "pass quick on lo0 all flags S/SA keep state\n"
    "anchor \"vtid\" all\n"
    "block drop all\n";

TEST(PfListing, FindsTheAnchorsThatWhatIsOursNeeds) {
  const PfLists ours{
      "block drop in quick on enc0 all label \"default\"\n",
      "no nat on ipsec1 inet from 10.1.1.0/24 to any\nrdr on ipsec1 inet proto tcp from any to 10.6.106.1 port = http-alt -> "
      "10.1.0.10 port 80\nbinat on ipsec1 inet from 10.1.3.0/24 to any -> 10.9.3.0/24\n"};
  EXPECT_THAT(
      missing_references(ours, {kMainRules, "nat-anchor \"vtid\" all\nrdr-anchor \"vtid\" all\nbinat-anchor \"vtid\" all\n"}),
      IsEmpty());
  EXPECT_THAT(missing_references(ours, {"block drop all\n", "rdr-anchor \"vtid\" all\n"}),
              ElementsAre("nat-anchor \"vtid\"", "binat-anchor \"vtid\"", "anchor \"vtid\""));
  EXPECT_THAT(missing_references({}, {}), IsEmpty());
}

TEST(PfListing, AnAnchorWithConditionsOrOfAnotherNameDoesNotLeadThere) {
  const PfLists ours{"block drop in quick on enc0 all label \"default\"\n", ""};
  for (const char* line : {"anchor \"vtid\" in on em0 all\n", "anchor \"vtid/*\" all\n", "nat-anchor \"vtid\" all\n", ""}) {
    EXPECT_THAT(missing_references(ours, {line, ""}), ElementsAre("anchor \"vtid\"")) << line;
  }
  EXPECT_THAT(missing_references(ours, {"anchor \"*\" all\n", ""}), IsEmpty());
}

TEST(PfListing, FindsRulesThatDecideBeforeOurs) {
  const auto found = [](const std::string& rules) { return forestalling_rules(rules, {"vtid", "enc0"}); };
  EXPECT_THAT(found(kMainRules), IsEmpty());
  EXPECT_THAT(found("pass in quick on em0 inet proto tcp from any to any port = ssh flags S/SA keep state\n" + kMainRules),
              IsEmpty());
  EXPECT_THAT(found("pass quick all flags S/SA keep state\n" + kMainRules),
              ElementsAre("pass quick all flags S/SA keep state"));
  EXPECT_THAT(found("pass in quick on enc0 inet from 10.0.0.0/8 to any\n" + kMainRules), testing::SizeIs(1));
  EXPECT_THAT(found("pass out quick all flags S/SA keep state\n" + kMainRules), IsEmpty());
  EXPECT_THAT(found("pass in quick proto esp all keep state\n" + kMainRules), IsEmpty());
  EXPECT_THAT(found(kMainRules + "pass quick all flags S/SA keep state\n"), IsEmpty());
}

TEST(PfListing, ASealIsReadAsItWasWritten) {
  const PfFingerprint fingerprint{"if_ipsec", PfKeeps::rules, "0123456789abcdef", "fedcba9876543210"};
  EXPECT_EQ(print_pf_fingerprint(fingerprint),
            "pass in quick inet from 255.255.255.255 to 255.255.255.255 no state label \"vtid if_ipsec rules 0123456789abcdef "
            "fedcba9876543210\"\n");
  EXPECT_EQ(
      read_pf_fingerprint("pass in quick inet from 255.255.255.255 to 255.255.255.255 no state label \"vtid if_ipsec rules "
                          "0123456789abcdef fedcba9876543210\"\n"),
      fingerprint);
  constexpr std::size_t kLongestLabel = 63;  // PF_RULE_LABEL_SIZE, sys/netpfil/pf/pf.h
  EXPECT_LE(std::string("vtid if_ipsec nothing 0123456789abcdef fedcba9876543210").size(), kLongestLabel);
  for (const char* other : {"", "pass all\n", "pass all label \"theirs\"\n", "pass all label \"vtid enc some a b\"\n"}) {
    EXPECT_FALSE(read_pf_fingerprint(other)) << other;
  }
}

// What pfctl of FreeBSD 15.1 printed of an anchor and its fingerprint: the fingerprint's rule is the last line, translations
// begin with "no nat".
std::string captured(const std::string& name) {
  std::ifstream file(std::string(VTID_SOURCE_DIR) + "/tests/golden/filter/pfctl_15.1_" + name + ".txt");
  return {std::istreambuf_iterator(file), {}};
}

TEST(PfListing, TheFingerprintOfARealListingFitsIt) {
  const std::string all = captured("enc");
  const std::size_t last = all.rfind("pass in quick inet from 255.255.255.255");
  ASSERT_NE(last, std::string::npos);
  const auto fingerprint = read_pf_fingerprint(all.substr(last));
  ASSERT_TRUE(fingerprint);
  EXPECT_EQ(*fingerprint, (PfFingerprint{"enc", PfKeeps::rules, "2dc633b8ab5f1ae0", digest(PfLists{all.substr(0, last), ""})}));
}

TEST(PfListing, ARealListingOfEachKindNeedsItsAnchors) {
  const std::string all = captured("if_ipsec");
  const std::size_t nat = all.find("no nat on");
  ASSERT_NE(nat, std::string::npos);
  const PfLists ours{all.substr(0, nat), all.substr(nat)};
  EXPECT_THAT(missing_references(ours, {"", ""}),
              ElementsAre("nat-anchor \"vtid\"", "rdr-anchor \"vtid\"", "binat-anchor \"vtid\"", "anchor \"vtid\""));
  EXPECT_THAT(forestalling_rules(ours.rules, {"vtid", "ipsec1"}), testing::SizeIs(9));
}

TEST(PfListing, ADigestTellsRulesFromTranslations) {
  EXPECT_NE(digest(PfLists{"a\n", "b\n"}), digest(PfLists{"a\nb\n", ""}));
  EXPECT_NE(digest(PfLists{"a\n", ""}), digest(PfLists{"", "a\n"}));
}

// label, evaluations, packets, bytes, packets and bytes in, packets and bytes out, states.
TEST(PfListing, CountsWhatRulesHaveMetByTheirLabels) {
  const auto counters = read_pf_labels(
      "rules/0 120 10 8400 6 5000 4 3400 2\n"
      "rules/0 30 1 84 1 84 0 0 1\n"
      "rules/1 90 0 0 0 0 0 0 0\n"
      "default 12 5 300 5 300 0 0 0\n"
      "nonsense\n"
      "odd x y z\n");
  EXPECT_EQ(counters.at("rules/0"), (model::RuleCounters{11, 8484}));
  EXPECT_EQ(counters.at("rules/1"), (model::RuleCounters{0, 0}));
  EXPECT_EQ(counters.at("default"), (model::RuleCounters{5, 300}));
  EXPECT_EQ(counters.size(), 3U);
}

TEST(PfListing, ComplaintsAreToldWithoutWhatIsAlwaysSaid) {
  EXPECT_EQ(
      pf_complaint("No ALTQ support in kernel\nALTQ related functions disabled\nstdin:3: syntax error\npfctl: Syntax error in "
                   "config file: pf rules not loaded\n"),
      "stdin:3: syntax error");
  EXPECT_EQ(pf_complaint("pfctl: /dev/pf: Permission denied\n"), "/dev/pf: Permission denied");
  EXPECT_EQ(pf_complaint("No ALTQ support in kernel\n"), "");
}

}  // namespace
}  // namespace vtid::platform
