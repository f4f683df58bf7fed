// A listing that libnftables 1.0.6 made on a real kernel of the contract suite's largest set.
#include <gtest/gtest.h>

#include "platform/linux/nft_ruleset.h"
#include "support/golden.h"

namespace vtid::platform::netlink {
namespace {

std::string captured() { return test::file_contents(VTID_SOURCE_DIR "/tests/golden/filter/listing.json"); }

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  const auto at = text.find(what);
  if (at == std::string::npos) ADD_FAILURE() << what << " is not in the listing";
  return at == std::string::npos ? text : text.replace(at, what.size(), by);
}

Listing read(const std::string& json) {
  auto listing = read_filter_listing(json);
  EXPECT_TRUE(listing);
  return listing.value_or(Listing{});
}

TEST(FilterListing, SaysWhatItWasMadeFrom) {
  const Listing listing = read(captured());
  EXPECT_EQ(listing.filter.mode, "if_ipsec");
  EXPECT_EQ(listing.filter.digest.size(), 16U);
  EXPECT_FALSE(listing.filter.altered);
}

TEST(FilterListing, CountersAndHandlesDoNotAlterIt) {
  const std::string counted = replaced(captured(), R"("packets": 0, "bytes": 0)", R"("packets": 7, "bytes": 700)");
  const std::string moved = replaced(captured(), R"("handle": 1,)", R"("handle": 77,)");
  EXPECT_EQ(read(counted).filter, read(captured()).filter);
  EXPECT_EQ(read(moved).filter, read(captured()).filter);
}

// A rule that takes two of nftables has one sum.
TEST(FilterListing, AddsTheCountersOfARuleUp) {
  std::string text = captured();
  const auto web = text.find(R"("comment": "rules/0")");
  ASSERT_NE(web, std::string::npos);
  text = text.substr(0, web) + replaced(text.substr(web), R"("packets": 0, "bytes": 0)", R"("packets": 7, "bytes": 700)");
  const auto second = text.find(R"("comment": "rules/0")", web + 1);
  ASSERT_NE(second, std::string::npos);
  text = text.substr(0, second) + replaced(text.substr(second), R"("packets": 0, "bytes": 0)", R"("packets": 1, "bytes": 60)");
  EXPECT_EQ(read(text).counters.at("rules/0"), (model::RuleCounters{8, 760}));
}

TEST(FilterListing, WhateverElseDiffersAltersIt) {
  for (const auto& [what, by] : {std::pair<std::string_view, std::string_view>{R"("10.1.0.10")", R"("10.1.0.11")"},
                                 {R"({"drop": null})", R"({"accept": null})"},
                                 {R"("policy": "accept")", R"("policy": "drop")"},
                                 {R"("hook": "input")", R"("hook": "ingress")"}}) {
    EXPECT_TRUE(read(replaced(captured(), what, by)).filter.altered) << what;
  }
}

TEST(FilterListing, WithoutItsFingerprintItSaysNothing) {
  EXPECT_EQ(read(replaced(captured(), R"("comment": "vtid if_ipsec)", R"("comment": "seal if_ipsec)")).filter,
            model::ObservedFilter{});
  EXPECT_EQ(read(R"({"nftables": []})").filter, model::ObservedFilter{});
}

TEST(FilterListing, IsNotBelievedToBeWhatItIsNot) {
  for (const auto* text : {"", "[]", "{}", R"({"nftables": {}})", R"({"nftables": [)"})
    EXPECT_FALSE(read_filter_listing(text)) << text;
  EXPECT_TRUE(read_filter_listing(R"({"nftables": [1, null, {"rule": 1}, {"rule": {"expr": [1, {"counter": 1}]}}, []]})"));
}

}  // namespace
}  // namespace vtid::platform::netlink
