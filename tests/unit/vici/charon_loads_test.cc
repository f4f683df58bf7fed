// charon gets the connections that are wanted, and only those requests that are needed.
#include <gtest/gtest.h>

#include "support/charon_wire.h"
#include "support/worlds.h"

namespace vtid::vici {
namespace {

using test::ScriptedCharon;

class CharonLoads : public testing::Test {
 protected:
  static WantedConnection wanted(const std::string& name, std::uint32_t unit) {
    return make_connection(test::tunnel(name), {{name, net::Unit{unit}}}).value();
  }
  std::vector<WantedConnection> both() const { return {wanted("hq", 1), wanted("lab", 2)}; }
  std::set<std::string> loaded() const {
    std::set<std::string> names;
    for (const auto& [name, connection] : server.connections) names.insert(name);
    return names;
  }
  int sent() {
    int sum = 0;
    for (const std::string command :
         {"load-conn", "load-shared", "load-authority", "load-cert", "unload-conn", "unload-shared", "unload-authority"})
      sum += server.served[command];
    server.served.clear();
    return sum;
  }

  ScriptedCharon server;
  Charon charon{{}, [] { return 0U; }};
  test::CharonWire wire{charon, server};
};

using Names = std::set<std::string>;

TEST_F(CharonLoads, WhatIsWantedIsLoaded) {
  charon.want(both(), wire.now);
  wire.pass(Duration{0});
  EXPECT_EQ(server.connections.at("hq"), *wanted("hq", 1).connection.find_section("hq"));
  EXPECT_EQ(server.secrets.at("vtid-lab"), wanted("lab", 2).secrets.at(0));
  EXPECT_TRUE(charon.settled());
}

TEST_F(CharonLoads, TheSameAgainSendsNothing) {
  charon.want(both(), wire.now);
  wire.pass(Duration{0});
  sent();
  charon.want(both(), wire.now);
  EXPECT_EQ(charon.take_effects(), std::vector<Effect>{});
  wire.pass(Duration{400'000});
  EXPECT_EQ(sent(), 0);
}

TEST_F(CharonLoads, WhatWaitsIsNeitherLoadedNorTakenAway) {
  WantedConnection waiting = wanted("hq", 1);
  waiting.waits = true;
  charon.want({waiting, wanted("lab", 2)}, wire.now);
  wire.pass(Duration{0});
  EXPECT_EQ(loaded(), Names{"lab"});
  charon.want(both(), wire.now);
  wire.pass(Duration{0});
  EXPECT_EQ(loaded(), (Names{"hq", "lab"}));
  sent();
  charon.want({waiting, wanted("lab", 2)}, wire.now);
  wire.pass(Duration{400'000});
  EXPECT_EQ(sent(), 0);
  EXPECT_EQ(loaded(), (Names{"hq", "lab"}));
}

TEST_F(CharonLoads, WhatLeavesIsUnloadedAndOthersAreLeftAlone) {
  server.connections["theirs"] = Message{};
  charon.want(both(), wire.now);
  wire.pass(Duration{0});
  charon.want({wanted("hq", 1)}, wire.now);
  wire.settle();
  EXPECT_EQ(loaded(), (Names{"hq", "theirs"}));
  EXPECT_FALSE(server.secrets.contains("vtid-lab"));
}

TEST_F(CharonLoads, AForeignConnectionOfOurNameStaysAsItIs) {
  server.connections["hq"] = Message{}.add("version", "1");
  charon.want(both(), wire.now);
  wire.pass(Duration{0});
  EXPECT_EQ(server.connections.at("hq"), Message{}.add("version", "1"));
  EXPECT_EQ(charon.problems().at(0).object, "tunnels/hq");
  charon.initiate(1, "hq", "hq", wire.now);
  wire.settle();
  EXPECT_EQ(charon.take_outcomes(),
            (std::vector<Outcome>{
                {1, fail("charon already has a connection \"hq\" that vtid did not load", charon.problems().at(0).remedy)}}));
}

TEST_F(CharonLoads, ARefusedConnectionDoesNotHinderTheOthers) {
  server.refused_loads["hq"] = "invalid value for: proposals, config discarded";
  charon.want(both(), wire.now);
  wire.pass(Duration{1'000});
  EXPECT_EQ(loaded(), Names{"lab"});
  EXPECT_EQ(charon.problems().at(0).text, "charon refused the connection: invalid value for: proposals, config discarded");
  EXPECT_TRUE(charon.settled());
  server.refused_loads.clear();
  wire.pass(Duration{10'000});
  EXPECT_EQ(loaded(), (Names{"hq", "lab"}));
}

TEST_F(CharonLoads, ANewCharonIsLoadedAnew) {
  charon.want(both(), wire.now);
  wire.pass(Duration{0});
  server.start("Nov 24 05:00:00 2026");
  wire.pass(Duration{15'000});
  EXPECT_EQ(loaded(), (Names{"hq", "lab"}));
}

TEST_F(CharonLoads, ANewVtidFindsItsConnections) {
  charon.want(both(), wire.now);
  wire.pass(Duration{0});
  sent();
  Charon next(charon.loaded(), [] { return 0U; });
  for (const int line : {0, 1, 2}) server.close(line);
  test::CharonWire other(next, server);
  next.want(both(), other.now);
  other.pass(Duration{0});
  EXPECT_EQ(sent(), 2);  // the secrets, because nothing of them is recorded
  EXPECT_EQ(next.loaded(), charon.loaded());
}

TEST_F(CharonLoads, WhatSwanctlUnloadedComesBack) {
  charon.want(both(), wire.now);
  wire.pass(Duration{0});
  server.connections.clear();
  server.secrets.clear();
  wire.pass(Duration{400'000});
  EXPECT_EQ(loaded(), (Names{"hq", "lab"}));
  EXPECT_TRUE(server.secrets.contains("vtid-hq"));
}

TEST_F(CharonLoads, WhatSwanctlUnloadedComesBackWithinSeconds) {
  charon.want(both(), wire.now);
  wire.pass(Duration{60'000});
  sent();
  server.unload_all();
  server.unanswered.insert("load-conn");
  wire.pass(Duration{7'000});
  EXPECT_FALSE(charon.settled());
  server.unanswered.clear();
  server.finish_work(0);
  wire.settle();
  EXPECT_EQ(loaded(), (Names{"hq", "lab"}));
  EXPECT_TRUE(charon.settled());
  EXPECT_EQ(charon.take_unloaded().size(), 2U);
  EXPECT_EQ(sent(), 2);
}

TEST_F(CharonLoads, WhatSwanctlClearedComesBackWithinSeconds) {
  charon.want(both(), wire.now);
  wire.pass(Duration{60'000});
  sent();
  server.clear_credentials();
  wire.pass(Duration{7'000});
  EXPECT_TRUE(server.secrets.contains("vtid-hq") && server.secrets.contains("vtid-lab"));
  EXPECT_EQ(sent(), 2);
  EXPECT_TRUE(charon.settled());
}

TEST_F(CharonLoads, WhoUnloadsAgainAndAgainIsAnsweredLessOften) {
  charon.want(both(), wire.now);
  wire.pass(Duration{60'000});
  sent();
  for (int i = 0; i < 600; ++i) {
    wire.pass(Duration{1'000});
    server.unload_all();
  }
  EXPECT_LE(sent(), 2 * 20);
  wire.pass(Duration{60'000});
  EXPECT_EQ(loaded(), (Names{"hq", "lab"}));
}

TEST_F(CharonLoads, ManyNamesAreLookedAtLessOften) {
  std::vector<WantedConnection> many;
  for (std::uint32_t unit = 1; unit <= 5'000; ++unit) many.push_back(wanted("t" + std::to_string(unit), unit));
  charon.want(many, wire.now);
  wire.pass(Duration{0});
  wire.pass(Duration{60'000});
  server.served.clear();
  wire.pass(Duration{60'000});
  EXPECT_LE(server.served["get-conns"], 5);
  EXPECT_GE(server.served["get-conns"], 3);
}

TEST_F(CharonLoads, AnInitiateThatFindsNothingMakesUsLook) {
  charon.want(both(), wire.now);
  wire.pass(Duration{0});
  server.connections.clear();
  charon.initiate(1, "hq", "hq", wire.now);
  wire.settle();
  EXPECT_EQ(charon.take_outcomes(), (std::vector<Outcome>{{1, fail("CHILD_SA config 'hq' not found")}}));
  EXPECT_EQ(loaded(), (Names{"hq", "lab"}));
}

TEST_F(CharonLoads, AnInitiateWaitsForItsConnectionToBeLoaded) {
  wire.pass(Duration{0});
  charon.want(both(), wire.now);
  charon.initiate(1, "hq", "hq", wire.now);
  wire.settle();
  EXPECT_EQ(charon.take_outcomes(), (std::vector<Outcome>{{1, {}}}));
  EXPECT_EQ(charon.table().children.at(1).reqid, net::ReqId{5001});
}

TEST_F(CharonLoads, PrivateKeysComeAndGoWithTheirTunnel) {
  model::Tunnel tunnel = test::tunnel("hq");
  std::get<model::Ike>(tunnel.ike).auth =
      model::PublicKeyAuth{{"own.pub", {"own"}}, {"own.key", model::Secret("0a1b")}, {"peer.pub", {"theirs"}}, "0a1b"};
  server.keys["theirs"] = Message{};
  charon.want({make_connection(tunnel, {{tunnel.name, net::Unit{1}}}).value()}, wire.now);
  wire.pass(Duration{0});
  EXPECT_EQ(server.keys.at("0a1b"), Message{}.add("type", "any").add("data", "0a1b"));
  EXPECT_EQ(charon.loaded().keys, std::set<std::string>{"0a1b"});
  charon.want({}, wire.now);
  wire.settle();
  EXPECT_FALSE(server.keys.contains("0a1b"));
  EXPECT_TRUE(server.keys.contains("theirs"));
  EXPECT_TRUE(charon.settled());
}

TEST_F(CharonLoads, AuthoritiesAndPpksComeAndGoWithTheirTunnelAndNoOthers) {
  model::Tunnel tunnel = test::tunnel("hq");
  model::CertificateAuth x509{{"own.pem", {"own"}}, {"own.key", model::Secret("0a1b")}, {{"ca.pem"}, {"root"}}, "0a1b"};
  x509.crl_uris = {"http://crl.example.org/x"};
  std::get<model::Ike>(tunnel.ike).auth = x509;
  std::get<model::Ike>(tunnel.ike).ppk = model::Ppk{"ppk-1", {"hq.ppk", model::Secret("post-quantum")}, true};
  server.authorities["theirs"] = Message{};
  server.secrets["theirs"] = Message{};
  const auto made = [&] { return make_connection(tunnel, {{tunnel.name, net::Unit{1}}}).value(); };
  charon.want({made()}, wire.now);
  wire.pass(Duration{0});
  const std::string authority = made().authorities.at(0).elements().front().name;
  EXPECT_EQ(server.authorities.at(authority).list("crl_uris"), Message::List{"http://crl.example.org/x"});
  EXPECT_EQ(server.secrets.at("vtid-hq/ppk").text("data"), "post-quantum");
  EXPECT_NE(charon.problems().at(0).object, "tunnels/hq");
  sent();
  charon.want({made()}, wire.now);
  wire.pass(Duration{400'000});
  EXPECT_EQ(sent(), 0);
  server.authorities.erase(authority);
  wire.pass(Duration{60'000});
  EXPECT_TRUE(server.authorities.contains(authority));
  charon.want({}, wire.now);
  wire.settle();
  EXPECT_EQ(server.authorities.size(), 1U);
  EXPECT_EQ(server.secrets.size(), 1U);
  EXPECT_TRUE(charon.settled());
}

TEST_F(CharonLoads, ACharonThatCannotLookWhoIsRevokedIsAProblem) {
  model::Tunnel tunnel = test::tunnel("hq");
  model::CertificateAuth x509{{"own.pem", {"own"}}, {"own.key", model::Secret("0a1b")}, {{"ca.pem"}, {"root"}}, "0a1b"};
  x509.revocation = model::Revocation::strict;
  std::get<model::Ike>(tunnel.ike).auth = x509;
  std::erase(server.plugins, "revocation");
  charon.want({make_connection(tunnel, {{tunnel.name, net::Unit{1}}}).value()}, wire.now);
  wire.pass(Duration{0});
  EXPECT_EQ(charon.problems().at(0).text,
            "charon runs without its plugin revocation: it cannot find out who is revoked, and refuses the peer");
  EXPECT_EQ(charon.problems().at(0).object, "tunnels/hq");
  EXPECT_TRUE(server.connections.contains("hq"));
}

TEST_F(CharonLoads, FiveHundredTunnelsAreLoadedAndUp) {
  std::vector<WantedConnection> many;
  for (std::uint32_t unit = 1; unit <= 500; ++unit) many.push_back(wanted("t" + std::to_string(unit), unit));
  charon.want(many, wire.now);
  wire.pass(Duration{0});
  for (Ticket unit = 1; unit <= 500; ++unit)
    charon.initiate(unit, "t" + std::to_string(unit), "t" + std::to_string(unit), wire.now);
  wire.settle();
  EXPECT_EQ(charon.take_outcomes().size(), 500U);
  EXPECT_EQ(charon.table().children.size(), 500U);
}

TEST_F(CharonLoads, NoSecretIsInWhatIsShown) {
  server.refused_loads["hq"] = "no";
  server.connections["lab"] = Message{};
  charon.want(both(), wire.now);
  wire.pass(Duration{0});
  std::string shown;
  for (const model::Problem& problem : charon.problems()) shown += problem.text + problem.remedy;
  for (const auto& [name, digest] : charon.loaded().connections) shown += name + digest;
  EXPECT_EQ(shown.find("only-a-test"), std::string::npos);
}

}  // namespace
}  // namespace vtid::vici
