// Both ends as files; the peer's is ours turned round, and one thing in it is another each time.
#include "peers/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/parse.h"

namespace vtid::peers {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view kHere = R"({ "tunnels": { "hq": { "ike": { "local": { "address": "192.0.2.1", "id": "branch" },
    "remote": { "address": "198.51.100.1", "id": "hq" }, "auth": { "psk": { "text": "only-a-test" } },
    "proposals": ["aes256gcm16-prfsha384-ecp384"] },
  "children": { "v4": { "local": "10.6.106.1/30", "remote": "10.6.106.2", "proposals": ["aes256gcm16-ecp384"] },
                "v6": { "local": "fd00:6::1/64", "remote": "fd00:6::2" } } } },
  "interfaces": { "VTI_HQ": { "tunnel": "hq" } }, "routes": [ { "to": "10.20.0.0/16", "via": "VTI_HQ_VTIV4" } ] })";
constexpr std::string_view kThere = R"({ "tunnels": { "branch": { "ike": { "local": { "address": "198.51.100.1", "id": "hq" },
    "remote": { "address": "192.0.2.1", "id": "branch" }, "auth": { "psk": { "text": "only-a-test" } },
    "proposals": ["aes256gcm16-prfsha384-ecp384"] }, "start": "none",
  "children": { "four": { "local": "10.6.106.2/30", "remote": "10.6.106.1", "proposals": ["aes256gcm16-ecp384"] },
                "six": { "local": "fd00:6::2/64", "remote": "fd00:6::1" } } } },
  "interfaces": { "VTI_B": { "tunnel": "branch" } }, "routes": [ { "to": "10.10.0.0/16", "via": "VTI_B_VTIV4" } ] })";

model::Config parse(std::string text) {
  const auto parsed = config::parse(text, "test.json", [](std::string_view) { return Result<std::string>(fail("none")); });
  if (!parsed.config) throw std::runtime_error(config::print(parsed.errors.front()));
  return *parsed.config;
}
std::string edited(std::string_view text, std::string_view from, std::string_view to) {
  std::string result(text);
  const auto at = result.find(from);
  if (at == std::string::npos) throw std::runtime_error("nothing to edit");
  return result.replace(at, from.size(), to);
}
std::vector<Pair> with(std::string_view from, std::string_view to) {
  return compare(parse(std::string(kHere)), parse(edited(kThere, from, to)));
}

std::vector<std::string> differing(const std::vector<Pair>& pairs, Verdict verdict = Verdict::differs) {
  std::vector<std::string> found;
  for (const Pair& pair : pairs)
    for (const Comparison& one : pair.comparisons)
      if (one.verdict == verdict) found.push_back(one.what + ": " + one.text);
  return found;
}

TEST(Compare, TwoEndsThatMeet) {
  const auto pairs = compare(parse(std::string(kHere)), parse(std::string(kThere)));
  ASSERT_EQ(pairs.size(), 1U);
  EXPECT_EQ(pairs[0].peer, "branch");
  EXPECT_THAT(differing(pairs), IsEmpty());
  EXPECT_THAT(differing(pairs, Verdict::unsure), IsEmpty());
  EXPECT_TRUE(would_meet(pairs));
}

TEST(Compare, SaysBothPlacesOfWhatDiffers) {
  const auto pairs = with("\"id\": \"hq\"", "\"id\": \"headquarters\"");
  EXPECT_FALSE(would_meet(pairs));
  EXPECT_THAT(pairs[0].comparisons, Contains(AllOf(Field(&Comparison::text, "\"hq\" here, \"headquarters\" there"),
                                                   Field(&Comparison::local, "/tunnels/hq/ike/remote/id"),
                                                   Field(&Comparison::peer, "/tunnels/branch/ike/local/id"))));
}

struct Edit {
  const char* name;
  const char* from;
  const char* to;
  const char* what;
};
class Mismatch : public testing::TestWithParam<Edit> {};
TEST_P(Mismatch, IsTheOnlyThingThatIsFound) {
  const auto pairs = with(GetParam().from, GetParam().to);
  EXPECT_THAT(differing(pairs), ElementsAre(HasSubstr(GetParam().what)));
  EXPECT_FALSE(would_meet(pairs));
}
INSTANTIATE_TEST_SUITE_P(
    Peers, Mismatch,
    testing::Values(Edit{"address", "\"address\": \"198.51.100.1\"", "\"address\": \"198.51.100.2\"", "address of the peer"},
                    Edit{"own_id", "\"id\": \"branch\"", "\"id\": \"b\"", "identity of this end"},
                    Edit{"psk", "only-a-test", "another", "pre-shared key: not equal"},
                    Edit{"ike_proposal", "prfsha384-ecp384", "prfsha384-modp2048", "IKE proposals: no key exchange in common"},
                    Edit{"esp_proposal", "[\"aes256gcm16-ecp384\"]", "[\"aes256gcm16\"]",
                         "ESP proposals of hq: no key exchange"},
                    Edit{"inner", "\"remote\": \"fd00:6::1\"", "\"remote\": \"fd00:6::3\"",
                         "inner address of this end: fd00:6::1 here, fd00:6::3"},
                    Edit{"child", ",\n                \"six\": { \"local\": \"fd00:6::2/64\", \"remote\": \"fd00:6::1\" }", "",
                         "child v6: has no counterpart"},
                    Edit{"routes", "10.10.0.0/16", "10.20.0.0/16", "routes: each end sends 10.20.0.0/16 to the other"}),
    [](const testing::TestParamInfo<Edit>& edit) { return edit.param.name; });

// Proposals of the peer's phase 1 and of its children, against "aes256gcm16-prfsha384-ecp384" and "aes256gcm16-ecp384".
std::vector<std::string> with_proposals(const std::vector<std::string>& ike, const std::vector<std::string>& esp) {
  model::Config there = parse(std::string(kThere));
  std::get<model::Ike>(there.tunnels[0].ike).proposals = ike;
  for (model::Child& child : there.tunnels[0].children) child.proposals = esp;
  return differing(compare(parse(std::string(kHere)), there));
}

TEST(Compare, ProposalsMeetWhenOneIsInCommonWhateverTheSpelling) {
  EXPECT_THAT(with_proposals({"3des-md5-modp1024", "aes256gcm128-prfsha384-prfsha256-modp2048-ecp384"},
                             {"aes128gcm16-aes256gcm128-ecp384"}),
              IsEmpty());
}
TEST(Compare, ProposalsSayWhatIsMissingOfTheNearestPair) {
  EXPECT_THAT(with_proposals({"3des-md5-modp1024", "aes256gcm16-prfsha384-modp2048"}, {"aes256gcm16-ecp384-esn"}),
              ElementsAre("IKE proposals: no key exchange in common: ecp384 here, modp2048 there",
                          "ESP proposals of hq: no extended sequence numbers in common: noesn here, esn there"));
}

TEST(Compare, NamedNetworksAreTheSameTheOtherWayRound) {
  const auto named = [](std::string_view text, std::string_view child, std::string_view selectors) {
    return parse(edited(text, child, std::string(child) + R"(, "selectors": )" + std::string(selectors)));
  };
  const auto here =
      named(kHere, R"("remote": "fd00:6::2")", R"({ "local": ["10.1.0.0/16", "10.6.106.0/30"], "remote": "10.0.0.0/8" })");
  const auto meets =
      named(kThere, R"("remote": "fd00:6::1")", R"({ "local": "10.0.0.0/8", "remote": ["10.6.106.0/30", "10.1.0.0/16"] })");
  const auto differs = named(kThere, R"("remote": "fd00:6::1")", R"({ "local": "10.0.0.0/8", "remote": "10.1.0.0/16" })");
  EXPECT_THAT(differing(compare(here, meets)), IsEmpty());
  EXPECT_THAT(differing(compare(here, differs)), ElementsAre("selectors of hq: not the same networks"));
  EXPECT_THAT(differing(compare(here, parse(std::string(kThere)))),
              ElementsAre("selectors of hq: named at one end, everything at the other"));
}

TEST(Compare, OneOfSeveralAddressesIsTheOtherEnds) {
  const auto several = [](std::string_view list) {
    return compare(parse(edited(kHere, R"("address": "198.51.100.1")", list)), parse(std::string(kThere)));
  };
  EXPECT_THAT(differing(several(R"("address": ["198.51.100.9", "198.51.100.1"])")), IsEmpty());
  EXPECT_THAT(
      differing(several(R"("address": ["198.51.100.9", "vpn.example.org"])"), Verdict::unsure),
      ElementsAre("address of the peer: 198.51.100.9, vpn.example.org here, 198.51.100.1 there: depends on what the name "
                  "stands for"));
  EXPECT_THAT(differing(several(R"("address": ["198.51.100.9", "198.51.100.8"])")),
              ElementsAre("address of the peer: 198.51.100.9, 198.51.100.8 here, 198.51.100.1 there"));
}

TEST(Compare, WhoCallsFromANetworkHasToBeInIt) {
  const auto from = [](std::string_view place) {
    return compare(parse(std::string(kHere)), parse(edited(kThere, R"("address": "192.0.2.1")", place)));
  };
  EXPECT_THAT(differing(from(R"("address": "192.0.2.0/24")")), IsEmpty());
  EXPECT_THAT(differing(from(R"("address": "192.0.2.0-192.0.2.1")")), IsEmpty());
  EXPECT_THAT(differing(from(R"("address": "192.0.2.2-192.0.2.9")")),
              ElementsAre("address of this end: 192.0.2.1 here, 192.0.2.2-192.0.2.9 there"));
}

TEST(Compare, SomebodyHasToBegin) {
  const auto pairs =
      compare(parse(edited(kHere, "\"children\"", "\"start\": \"none\", \"children\"")), parse(std::string(kThere)));
  EXPECT_THAT(differing(pairs), ElementsAre("start: \"none\" here, \"none\" there"));
}

// What no two valid files alone can show.
TEST(Compare, VersionsAndSwitchesHaveToBeTheSame) {
  model::Config there = parse(std::string(kThere));
  std::get<model::Ike>(there.tunnels[0].ike).version = model::IkeVersion::v1;
  EXPECT_THAT(differing(compare(parse(std::string(kHere)), there)), Contains("IKE version: 2 here, 1 there"));
  there = parse(std::string(kThere));
  there.tunnels[0].enabled = false;
  EXPECT_THAT(differing(compare(parse(std::string(kHere)), there)), ElementsAre("enabled: enabled here, disabled there"));
}

TEST(Compare, WhoKnowsNoAddressCannotBegin) {
  model::Config here = parse(std::string(kHere));
  std::get<model::Ike>(here.tunnels[0].ike).remote.address = model::AnyAddress{};
  EXPECT_THAT(differing(compare(here, parse(std::string(kThere)))), ElementsAre("start: \"start\" here, \"none\" there"));
}

TEST(Compare, APreSharedKeyThatIsNotAtHandIsNotJudged) {
  model::Config there = parse(std::string(kThere));
  std::get<model::PskAuth>(std::get<model::Ike>(there.tunnels[0].ike).auth).psk.secret = model::Secret(std::string());
  const auto pairs = compare(parse(std::string(kHere)), there);
  EXPECT_THAT(differing(pairs, Verdict::unsure), ElementsAre("pre-shared key: not at hand for both ends"));
  EXPECT_TRUE(would_meet(pairs));
}

model::Ike& ike_of(model::Config& config) { return std::get<model::Ike>(config.tunnels[0].ike); }

TEST(Compare, APpkHasToBeTheSameWhereItIsRequired) {
  model::Config here = parse(std::string(kHere)), there = parse(std::string(kThere));
  ike_of(here).ppk = model::Ppk{"ppk-1", {"a", model::Secret("one")}, false};
  EXPECT_THAT(differing(compare(here, there), Verdict::unsure),
              ElementsAre("post-quantum pre-shared key: only one end has it"));
  ike_of(here).ppk->required = true;
  EXPECT_THAT(differing(compare(here, there)), ElementsAre("post-quantum pre-shared key: only one end has it"));
  ike_of(there).ppk = model::Ppk{"ppk-1", {"a", model::Secret("two")}, false};
  EXPECT_THAT(differing(compare(here, there)), ElementsAre("post-quantum pre-shared key: not equal"));
  ike_of(there).ppk->secret.secret = model::Secret("one");
  EXPECT_THAT(differing(compare(here, there)), ElementsAre());
}

TEST(Compare, AnEndSignsAsTheOtherEndAccepts) {
  model::Config here = parse(std::string(kHere)), there = parse(std::string(kThere));
  ike_of(here).signature = {model::signature_schemes()[0]};
  ike_of(there).peer_signature = {model::signature_schemes()[1]};
  EXPECT_THAT(differing(compare(here, there)), ElementsAre("signature of this end: none that both files name"));
  ike_of(there).peer_signature.push_back(model::signature_schemes()[0]);
  EXPECT_THAT(differing(compare(here, there)), ElementsAre());
}

TEST(Compare, FindsTheTunnelOfThatPeerAmongMany) {
  model::Config there = parse(std::string(kThere));
  model::Tunnel other = there.tunnels[0];
  other.name = "other";
  std::get<model::Ike>(other.ike).remote = {*net::parse_address("203.0.113.9"), "elsewhere"};
  there.tunnels.insert(there.tunnels.begin(), other);
  const auto pairs = compare(parse(std::string(kHere)), there);
  ASSERT_EQ(pairs.size(), 1U);
  EXPECT_EQ(pairs[0].peer, "branch");
}

TEST(Compare, StrangersDoNotMeet) {
  model::Config there = parse(std::string(kThere));
  auto& ike = std::get<model::Ike>(there.tunnels[0].ike);
  ike.local = {*net::parse_address("203.0.113.1"), "x"};
  ike.remote = {*net::parse_address("203.0.113.9"), "y"};
  for (model::Child& child : there.tunnels[0].children) child.local = *net::parse_prefix("10.99.0.1/30");
  const auto pairs = compare(parse(std::string(kHere)), there);
  EXPECT_EQ(pairs.size(), 2U);
  EXPECT_FALSE(would_meet(pairs));
}

TEST(Compare, StaticSasAreSentAsTheyAreExpected) {
  const auto file = [](const char* local, const char* remote, const char* in, const char* out, const char* ours,
                       const char* theirs) {
    return std::string(R"({ "tunnels": { "lab": { "outer": { "local": ")") + local + R"(", "remote": ")" + remote +
           R"(" }, "keys": { "in": { "spi": ")" + in + R"(", "algorithm": "aes128gcm16", "key": { "text": ")" +
           std::string(40, '1') + R"(" } }, "out": { "spi": ")" + out + R"(", "algorithm": "aes128gcm16", "key": { "text": ")" +
           std::string(40, '1') + R"(" } } }, "children": { "v4": { "local": ")" + ours + R"(", "remote": ")" + theirs +
           R"(" } } } } })";
  };
  const auto here = parse(file("192.0.2.1", "198.51.100.1", "0x1001", "0x1002", "10.6.107.1/30", "10.6.107.2"));
  EXPECT_TRUE(
      would_meet(compare(here, parse(file("198.51.100.1", "192.0.2.1", "0x1002", "0x1001", "10.6.107.2/30", "10.6.107.1")))));
  EXPECT_THAT(
      differing(compare(here, parse(file("198.51.100.1", "192.0.2.1", "0x1003", "0x1001", "10.6.107.2/30", "10.6.107.1")))),
      ElementsAre("SA to the peer: SPI 0x1002 is sent, 0x1003 come in"));
}

}  // namespace
}  // namespace vtid::peers
