// What a file means, or may not say, on a system that cannot do all that another can.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "config/parse.h"
#include "config/print.h"

namespace vtid::config {
namespace {

const model::Capabilities kOwnPolicies{.manages_policies = false};

Result<std::string> no_secret(std::string_view) { return fail("there are no secrets here"); }

// One tunnel "hq" with a VTI child "v4" that says `more`.
Parsed parse_child(const std::string& more, const model::Capabilities& system) {
  return parse(fmt::format(R"({{ "tunnels": {{ "hq": {{
    "ike": {{ "local": {{ "address": "192.0.2.1", "id": "a" }}, "remote": {{ "address": "198.51.100.1", "id": "b" }},
             "auth": {{ "psk": {{ "text": "only-a-test" }} }} }},
    "children": {{ "v4": {{ "local": "10.6.1.1/30", "remote": "10.6.1.2"{} }} }} }} }} }})",
                           more),
               "vtid.json", no_secret, system);
}

std::string listed(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& finding : findings) text += print(finding) + '\n';
  return text;
}

TEST(System, AnOwnerOfPoliciesIsNotFollowedWhereInterfacesMakeTheirOwn) {
  const Parsed parsed = parse_child(R"(, "policies": "charon")", kOwnPolicies);
  EXPECT_EQ(
      listed(parsed.warnings),
      "vtid.json:4: /tunnels/hq/children/v4/policies: is not followed: on this system the tunnel's interface makes its own "
      "policies; take it out\n");
  EXPECT_EQ(parsed.config->tunnels[0].children[0].policies, model::PolicyOwner::interface);
}

TEST(System, WhatIsNotSaidOrIsHarmlessIsNoWarning) {
  EXPECT_EQ(listed(parse_child("", kOwnPolicies).warnings), "");
  EXPECT_EQ(listed(parse_child(R"(, "policies": "vtid")", kOwnPolicies).warnings), "");
  EXPECT_EQ(listed(parse_child(R"(, "policies": "charon")", {}).warnings), "");
}

TEST(System, TheCanonicalFileSaysNoOwnerThatIsNotFollowedAndStaysTheSame) {
  const auto once = parse_child(R"(, "policies": "charon")", kOwnPolicies);
  const std::string canonical = print_canonical(*once.config);
  EXPECT_EQ(canonical.find("policies"), std::string::npos);
  const auto again = parse(canonical, "canonical.json", no_secret, kOwnPolicies);
  EXPECT_EQ(listed(again.warnings).find("policies"), std::string::npos);
  EXPECT_EQ(print_canonical(*again.config), canonical);
}

}  // namespace
}  // namespace vtid::config
