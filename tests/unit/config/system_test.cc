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

// pf has one condition for a destination, and compares a DSCP with the congestion bits beside it.
TEST(System, WhatPfCannotMatchIsRefusedByName) {
  constexpr std::string_view kFile = R"({ "tunnels": {}, "rules": [ { "on": "ipsec", "action": "pass", "dscp": "ef" } ],
    "interfaces": { "LAN": { "device": "lan0" } }, "policy_routes": [
      { "name": "a", "in": "LAN", "to_not": "10.0.0.0/8", "via": "routes" },
      { "name": "b", "in": "LAN", "to": "10.0.0.0/8", "to_not": "10.1.0.0/16", "via": "routes" } ] })";
  EXPECT_EQ(listed(parse(kFile, "vtid.json", no_secret, model::Capabilities{}).errors), "");
  EXPECT_EQ(
      listed(parse(kFile, "vtid.json", no_secret, {.has_rules = false, .sees_dscp = false}).errors),
      "vtid.json:1: /rules/0/dscp: cannot be matched on this system: pf compares the congestion bits with it; take it out\n"
      "vtid.json:3: /policy_routes/0/to_not: needs \"to\" on this system: pf has one condition for a destination, which keeps "
      "this host's own addresses out; write networks in \"to\", or an entry before it with \"via\": \"routes\"\n");
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

// Two tunnels to one peer, by these gateways, more of the file, and more of gateway B.
std::string ways_to_one_peer(std::string_view first, std::string_view second, const model::Capabilities& system,
                             std::string_view more = {}, std::string_view more_of_b = {}) {
  const auto tunnel = [](std::string_view name, int n, std::string_view gateway) {
    return fmt::format(R"("{}": {{ "ike": {{ "local": {{ "gateway": "{}", "id": "{}" }},
      "remote": {{ "address": "198.51.100.1", "id": "b" }}, "auth": {{ "psk": {{ "text": "only-a-test" }} }} }},
      "children": {{ "v4": {{ "local": "10.6.{}.1/30", "remote": "10.6.{}.2" }} }} }})",
                       name, gateway, name, n, n);
  };
  const Parsed parsed =
      parse(fmt::format(R"({{ "tunnels": {{ {}, {} }}, "interfaces": {{ "WAN": {{ "device": "em0" }} }}, "gateways": {{
        "A": {{ "interface": "WAN", "address": "192.0.2.253" }},
        "B": {{ "interface": "WAN", "address": "192.0.2.254"{} }} }}{} }})",
                        tunnel("one", 1, first), tunnel("two", 2, second), more_of_b, more),
            "vtid.json", no_secret, system);
  std::string text;
  for (const Finding& finding : parsed.errors) text += finding.pointer.substr(9) + ": " + finding.text + '\n';
  return text;
}

TEST(System, WithoutRoutingRulesWhoeverSendsToAPeerGoesOneWay) {
  const model::Capabilities one_way{.has_rules = false};
  const std::string rest = ", and this system has one way to an address\n";
  EXPECT_EQ(ways_to_one_peer("A", "A", one_way), "");
  EXPECT_EQ(ways_to_one_peer("A", "B", {}), "");
  EXPECT_EQ(ways_to_one_peer("A", "B", one_way), "two/ike/local/gateway: tunnels/one goes to 198.51.100.1 by A" + rest);
  constexpr std::string_view kRoute = R"(, "routes": [ { "to": "198.51.100.1/32", "via": "B" } ])";
  EXPECT_EQ(ways_to_one_peer("B", "B", one_way, kRoute), "");
  EXPECT_EQ(ways_to_one_peer("B", "A", one_way, kRoute),
            "two/ike/local/gateway: the route to 198.51.100.1/32 goes to 198.51.100.1 by B" + rest);
  constexpr std::string_view kProbed = R"(, "monitor": { "address": "198.51.100.1" })";
  EXPECT_EQ(ways_to_one_peer("B", "B", one_way, {}, kProbed), "");
  EXPECT_EQ(ways_to_one_peer("A", "B", one_way, {}, kProbed),
            "one/ike/local/gateway: the monitor of gateways/B goes to 198.51.100.1 by B" + rest);
}

const model::Capabilities kWithoutSome{
    .lacks = {{.begins = "3des", .name = "3DES"}, {.begins = "aes", .holds = "ccm", .name = "AES-CCM"}}};

TEST(System, WhatTheKernelDoesNotHaveIsRefusedByName) {
  const Parsed parsed = parse_child(R"(, "proposals": ["aes256gcm16", "3des-sha1", "aes128ccm16"])", kWithoutSome);
  EXPECT_EQ(
      listed(parsed.errors),
      "vtid.json:4: /tunnels/hq/children/v4/proposals: 3des-sha1 needs 3DES, which this system's kernel does not have; take "
      "another, like aes256gcm16 or aes256-sha256, at both ends\n");
  EXPECT_EQ(listed(parse_child(R"(, "proposals": ["aes256gcm16"])", kWithoutSome).errors), "");
  EXPECT_EQ(listed(parse_child(R"(, "proposals": ["3des-sha1"])", {}).errors), "");
  EXPECT_EQ(listed(parse_child(R"(, "enabled": false, "proposals": ["3des-sha1"])", kWithoutSome).errors).find("3DES"),
            std::string::npos);
}

TEST(System, SoIsTheAlgorithmOfAStaticSa) {
  const auto sa = [](const char* spi, const char* algorithm, std::size_t digits, char digit) {
    return fmt::format(R"({{ "spi": "{}", "algorithm": "{}", "key": {{ "text": "{}" }} }})", spi, algorithm,
                       std::string(digits, digit));
  };
  const Parsed parsed =
      parse(fmt::format(R"({{ "tunnels": {{ "lab": {{ "outer": {{ "local": "192.0.2.1", "remote": "198.51.100.1" }},
        "keys": {{ "in": {}, "out": {} }}, "children": {{ "v4": {{ "local": "10.6.1.1/30", "remote": "10.6.1.2" }} }} }} }} }})",
                        sa("0x1001", "aes128ccm16", 38, '1'), sa("0x1002", "aes128gcm16", 40, '2')),
            "vtid.json", no_secret, kWithoutSome);
  EXPECT_EQ(listed(parsed.errors),
            "vtid.json:2: /tunnels/lab/keys/in/algorithm: aes128ccm16 needs AES-CCM, which this system's kernel does not have; "
            "take another, like aes256gcm16 or aes256-sha256, at both ends\n");
}

TEST(System, WhatItsSasCannotHaveIsRefusedByName) {
  const model::Capabilities plain{.sa_options = false, .largest_replay_window = 2'040};
  const std::string all = R"(, "dscp": "in", "ecn": true, "df": "clear", "mark_in": "1", "mark_out": "1", "offload": "auto",
      "replay_window": 2041)";
  const std::string at = "vtid.json:4: /tunnels/hq/children/v4/";
  const std::string no = ": is not to be had of an SA on this system; take it out";
  EXPECT_EQ(
      listed(parse_child(all, plain).errors),
      at + "dscp" + no + "\n" + at + "ecn" + no + ", and see the sysctls net.inet.ipsec.ecn and net.inet6.ipsec6.ecn\n" + at +
          "df" + no + ", and see the sysctl net.inet.ipsec.dfbit\n" + at + "mark_in" + no + ", and tag packets in pf.conf\n" +
          at + "mark_out" + no + "\n" + at + "offload" + no +
          "\nvtid.json:5: /tunnels/hq/children/v4/replay_window: 2041 is more than this system can be told; write at most "
          "2040\n");
  EXPECT_EQ(listed(parse_child(all, {}).errors), "");
  EXPECT_EQ(listed(parse_child(R"(, "offload": "none", "replay_window": 2040, "rekey_bytes": "1G")", plain).errors), "");
}

TEST(System, AnAddressIsNotFollowedWhereNobodyTellsItsState) {
  const auto said = [](const model::Capabilities& system) {
    return listed(parse(R"({ "tunnels": {}, "role": { "address": "192.0.2.10" } })", "vtid.json", no_secret, system).errors);
  };
  EXPECT_EQ(said({.address_has_state = false}),
            "vtid.json:1: /role/address: cannot be followed: this system tells devd alone which node has a CARP address; take "
            "it out, and let devd run vtictl role (docs/freebsd.md)\n");
  EXPECT_EQ(said({}), "");
}

TEST(System, ArpProbesAreRefusedWhereThereAreNone) {
  const auto said = [](const model::Capabilities& system) {
    return listed(parse(R"({ "tunnels": {}, "interfaces": { "WAN": { "device": "eth0" } }, "gateways": {
      "W": { "interface": "WAN", "address": "192.0.2.254", "monitor": { "targets": [ {}, { "kind": "arp" } ] } } } })",
                        "vtid.json", no_secret, system)
                      .errors);
  };
  EXPECT_EQ(said({.asks_arp = false}),
            "vtid.json:2: /gateways/W/monitor/targets/1/kind: this system does not ask for IPv4 neighbours; write \"icmp\" or "
            "\"tcp\"\n");
  EXPECT_EQ(said({}), "");
}

}  // namespace
}  // namespace vtid::config
