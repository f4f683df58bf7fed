// Which system an interface's routing tables are of.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "config/parse.h"

namespace vtid::config {
namespace {

std::string refusals_of_interface(const std::string& more, const model::Capabilities& system) {
  const auto no_secrets = [](std::string_view) -> Result<std::string> { return fail("there are no secrets here"); };
  const std::string file = fmt::format(R"({{ "tunnels": {{ "hq": {{
    "ike": {{ "local": {{ "address": "192.0.2.1", "id": "a" }}, "remote": {{ "address": "198.51.100.1", "id": "b" }},
             "auth": {{ "psk": {{ "text": "only-a-test" }} }} }},
    "children": {{ "v4": {{ "local": "10.6.1.1/30", "remote": "10.6.1.2" }} }} }} }},
    "interfaces": {{ "VTI": {{ "tunnel": "hq", {} }} }} }})",
                                       more);
  std::string text;
  for (const Finding& finding : parse(file, "vtid.json", no_secrets, system).errors) text += print(finding) + '\n';
  return text;
}

const model::Capabilities kLinux{};
const model::Capabilities kFourFibs{.has_vrfs = false, .fibs = 4};

TEST(Domains, EachSystemHasItsOwnAndRefusesTheOthersByName) {
  EXPECT_EQ(refusals_of_interface(R"("vrf": "red")", kLinux), "");
  EXPECT_EQ(refusals_of_interface(R"("fib": 3)", kFourFibs), "");
  EXPECT_EQ(refusals_of_interface(R"("vrf": "red")", kFourFibs),
            "vtid.json:5: /interfaces/VTI/vrf: this system has no VRFs; see \"fib\"\n");
  EXPECT_EQ(refusals_of_interface(R"("fib": 0)", kLinux),
            "vtid.json:5: /interfaces/VTI/fib: this system has no FIBs; see \"vrf\"\n");
}

TEST(Domains, AFibHasToBeThere) {
  EXPECT_EQ(
      refusals_of_interface(R"("fib": 4)", kFourFibs),
      "vtid.json:5: /interfaces/VTI/fib: there are 4 of them here (the sysctl net.fibs); write 0 to 3, or set net.fibs in "
      "/boot/loader.conf\n");
}

// A default route into the tunnel, whose inside and outside are in these FIBs.
std::string loop_of(int inside, int outside) {
  const auto no_secrets = [](std::string_view) -> Result<std::string> { return fail("there are no secrets here"); };
  const std::string file = fmt::format(R"({{ "tunnels": {{ "hq": {{
    "ike": {{ "local": {{ "address": "192.0.2.1", "id": "a", "fib": {} }}, "remote": {{ "address": "198.51.100.1", "id": "b" }},
             "auth": {{ "psk": {{ "text": "only-a-test" }} }} }},
    "children": {{ "v4": {{ "local": "10.6.1.1/30", "remote": "10.6.1.2" }} }} }} }},
    "interfaces": {{ "VTI": {{ "tunnel": "hq", "fib": {} }} }}, "routes": [ {{ "to": "0.0.0.0/0", "via": "VTI_VTIV4" }} ] }})",
                                       outside, inside);
  const auto errors = parse(file, "vtid.json", no_secrets, kFourFibs).errors;
  return errors.empty() ? "" : print(errors.front());
}

TEST(Domains, ALoopIsLookedForInTheFibOfTheOutside) {
  EXPECT_EQ(loop_of(1, 0), "");
  EXPECT_EQ(loop_of(0, 1), "");
  for (const int both : {0, 1}) EXPECT_NE(loop_of(both, both).find("/routes/0/to"), std::string::npos) << both;
}

TEST(Domains, NothingIsInBoth) {
  EXPECT_EQ(refusals_of_interface(R"("vrf": "red", "fib": 1)", kLinux),
            "vtid.json:5: /interfaces/VTI/fib: stands beside \"vrf\", and no system has both; take it out\n");
}

}  // namespace
}  // namespace vtid::config
