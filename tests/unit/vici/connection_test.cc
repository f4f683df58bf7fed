#include "vici/connection.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/worlds.h"

namespace vtid::vici {
namespace {

const Units kUnits{{"hq", {7}}, {"hq/v4", {8}}, {"hq/v6", {9}}, {"hq/old", {10}}};

WantedConnection wanted(const model::Tunnel& tunnel) { return make_connection(tunnel, kUnits).value(); }
Message connection(const model::Tunnel& tunnel) { return *wanted(tunnel).connection.find_section(tunnel.name); }
Message child(const model::Tunnel& tunnel) { return *connection(tunnel).find_section("children")->find_section(tunnel.name); }
model::Ike& ike(model::Tunnel& tunnel) { return std::get<model::Ike>(tunnel.ike); }

TEST(Connection, AWholeTunnelBecomesOneConnectionWithOneChild) {
  Message child;
  child.add("mode", "tunnel").add("reqid", "5007").add("if_id_in", "7").add("if_id_out", "7");
  child.add_list("local_ts", {"0.0.0.0/0", "::/0"}).add_list("remote_ts", {"0.0.0.0/0", "::/0"});
  child.add_list("esp_proposals", {"aes128gcm16-modp2048", "aes128-sha256-modp2048"})
      .add("rekey_time", "3240")
      .add("policies", "yes");
  child.add("start_action", "none").add("close_action", "none").add("dpd_action", "clear");
  Message hq;
  hq.add("version", "2").add_list("local_addrs", {"192.0.2.1"}).add_list("remote_addrs", {"198.51.100.1"});
  hq.add_list("proposals", {"aes128-sha256-modp2048"}).add("dpd_delay", "10").add("rekey_time", "25920");
  hq.add("mobike", "no").add("encap", "no").add("keyingtries", "1").add("unique", "never");
  hq.add_section("local", Message{}.add("auth", "psk").add("id", "branch"));
  hq.add_section("remote", Message{}.add("auth", "psk").add("id", "hq"));
  hq.add_section("children", Message{}.add_section("hq", child));
  EXPECT_EQ(wanted(test::tunnel("hq")).connection, Message{}.add_section("hq", hq));
}

TEST(Connection, TheSecretBelongsToThePeerThenToUs) {
  EXPECT_EQ(wanted(test::tunnel("hq")).secrets.at(0),
            Message{}.add("id", "vtid-hq").add("type", "IKE").add("data", "only-a-test").add_list("owners", {"hq", "branch"}));
}

TEST(Connection, AnEndWithoutIdIsItsAddress) {
  model::Tunnel tunnel = test::tunnel("hq");
  ike(tunnel).local.id = ike(tunnel).remote.id = "";
  EXPECT_EQ(connection(tunnel).find_section("local")->text("id"), "192.0.2.1");
  EXPECT_EQ(connection(tunnel).find_section("remote")->text("id"), "198.51.100.1");
  EXPECT_EQ(wanted(tunnel).secrets.at(0).list("owners"), (Message::List{"198.51.100.1", "192.0.2.1"}));
}

TEST(Connection, APeerThatMayBeAnybodyOwnsItsSecretAsAnybody) {
  model::Tunnel tunnel = test::tunnel("hq");
  ike(tunnel).remote = {model::AnyAddress{}, ""};
  EXPECT_EQ(connection(tunnel).list("remote_addrs"), Message::List{"%any"});
  EXPECT_EQ(*connection(tunnel).find_section("remote"), Message{}.add("auth", "psk"));
  EXPECT_EQ(wanted(tunnel).secrets.at(0).list("owners"), (Message::List{"%any", "branch"}));
}

TEST(Connection, ANetworkOrARangeOfCallersIsOne) {
  model::Tunnel tunnel = test::tunnel("hq");
  ike(tunnel).remote = {test::prefix("198.51.100.0/24"), "hq"};
  EXPECT_EQ(connection(tunnel).list("remote_addrs"), Message::List{"198.51.100.0/24"});
  ike(tunnel).remote.address = model::AddressRange{test::address("198.51.100.1"), test::address("198.51.100.9")};
  EXPECT_EQ(connection(tunnel).list("remote_addrs"), Message::List{"198.51.100.1-198.51.100.9"});
  EXPECT_FALSE(wanted(tunnel).waits);
}

TEST(Connection, APeerWithAHostNameIsCalledAtItsAddressesAndWaitsForThem) {
  model::Tunnel tunnel = test::tunnel("hq");
  ike(tunnel).remote.address = model::HostName{"vpn.example.org"};
  EXPECT_TRUE(wanted(tunnel).waits);
  const auto resolved = make_connection(tunnel, kUnits, {test::address("198.51.100.7"), test::address("198.51.100.1")});
  EXPECT_FALSE(resolved->waits);
  EXPECT_EQ(resolved->connection.find_section("hq")->list("remote_addrs"), (Message::List{"198.51.100.7", "198.51.100.1"}));
}

TEST(Connection, BeginsWhereOurEndIsAndWaitsForIt) {
  model::Tunnel tunnel = test::tunnel("hq");
  ike(tunnel).local = {model::AnyAddress{}, "branch"};
  ike(tunnel).local.gateway = "UPLINKS";
  EXPECT_TRUE(wanted(tunnel).waits);
  const auto located = make_connection(tunnel, kUnits, {}, test::address("203.0.113.1"));
  EXPECT_FALSE(located->waits);
  EXPECT_TRUE(located->located);
  EXPECT_EQ(located->connection.find_section("hq")->list("local_addrs"), Message::List{"203.0.113.1"});
}

TEST(Connection, CertificatesNameOursAndThePeersAuthority) {
  model::Tunnel tunnel = test::tunnel("hq");
  ike(tunnel).local.id = ike(tunnel).remote.id = "";
  ike(tunnel).auth = model::CertificateAuth{
      {"own.pem", {"own", "office", "region"}}, {"own.key", model::Secret("only-a-test")}, {{"ca.pem"}, {"root"}}, "0a1b"};
  EXPECT_EQ(*connection(tunnel).find_section("local"), Message{}.add("auth", "pubkey").add_list("certs", {"own"}));
  EXPECT_EQ(*connection(tunnel).find_section("remote"), Message{}.add("auth", "pubkey").add_list("cacerts", {"root"}));
  const WantedConnection made = wanted(tunnel);
  EXPECT_EQ(made.certificates, (std::vector{Message{}.add("type", "X509").add("flag", "NONE").add("data", "office"),
                                            Message{}.add("type", "X509").add("flag", "NONE").add("data", "region")}));
  EXPECT_EQ(made.key, Message{}.add("type", "any").add("data", "only-a-test"));
  EXPECT_EQ(made.key_id, "0a1b");
  EXPECT_TRUE(made.secrets.empty());
}

TEST(Connection, WhatTheFileSaysOfCertificatesArrives) {
  model::Tunnel tunnel = test::tunnel("hq");
  model::CertificateAuth x509{{"own.pem", {"own"}}, {"own.key", model::Secret("only-a-test")}, {}, "0a1b"};
  x509.peer_certificate = {"peer.pem", {"theirs"}};
  x509.send = model::SendCertificate::asked;
  x509.request = false;
  ike(tunnel).auth = x509;
  EXPECT_EQ(*connection(tunnel).find_section("remote"),
            Message{}.add("auth", "pubkey").add("id", "hq").add_list("certs", {"theirs"}));
  EXPECT_EQ(connection(tunnel).text("send_cert"), "ifasked");
  EXPECT_EQ(connection(tunnel).text("send_certreq"), "no");
  x509.ca = {{"ca.pem"}, {"root"}};
  x509.send = model::SendCertificate::always;
  x509.revocation = model::Revocation::if_uri;
  ike(tunnel).auth = x509;
  const Message remote = *connection(tunnel).find_section("remote");
  EXPECT_EQ(remote.list("cacerts"), Message::List{"root"});
  EXPECT_EQ(remote.list("certs"), Message::List{"theirs"});
  EXPECT_EQ(remote.text("revocation"), "ifuri");
  EXPECT_EQ(connection(tunnel).text("send_cert"), "always");
}

TEST(Connection, WhatCasTellIsAskedOfThePeer) {
  model::Tunnel tunnel = test::tunnel("hq");
  model::CertificateAuth x509{
      {"own.pem", {"own"}}, {"own.key", model::Secret("only-a-test")}, {{"a", "b"}, {"old", "new"}}, "0a1b"};
  x509.crl = {{"revoked.crl"}, {"list"}};
  x509.crl_uris = {"http://crl.example.org/x"};
  x509.ocsp_uris = {"https://ocsp.example.org", "ldap://ldap.example.org"};
  x509.ca_id = "asn1dn:C=CH, CN=office";
  x509.policies = {"1.2.3"};
  ike(tunnel).auth = x509;
  const WantedConnection made = wanted(tunnel);
  EXPECT_EQ(*connection(tunnel).find_section("remote"), Message{}
                                                            .add("auth", "pubkey")
                                                            .add("id", "hq")
                                                            .add_list("cacerts", {"old", "new"})
                                                            .add("ca_id", "C=CH, CN=office")
                                                            .add_list("cert_policy", {"1.2.3"}));
  EXPECT_EQ(made.certificates, (std::vector{Message{}.add("type", "X509_CRL").add("flag", "NONE").add("data", "list"),
                                            Message{}.add("type", "X509_CRL")}));
  ASSERT_EQ(made.authorities.size(), 2U);
  const Element& first = made.authorities.front().elements().front();
  EXPECT_TRUE(first.name.starts_with("vtid-") && first.name.size() == 21) << first.name;
  EXPECT_NE(first.name, made.authorities.back().elements().front().name);
  EXPECT_EQ(std::get<Message>(first.content),
            Message{}.add("cacert", "old").add_list("crl_uris", x509.crl_uris).add_list("ocsp_uris", x509.ocsp_uris));
  EXPECT_EQ(made.plugins, (std::vector<PluginNeed>{{{"revocation"}, "it does not look who is revoked"},
                                                   {{"curl", "soup"}, "nobody asks where \"crl_uris\" and \"ocsp_uris\" say"},
                                                   {{"ldap"}, "nobody asks where \"crl_uris\" says ldap"}}));
}

TEST(Connection, EachEndIsToldHowToSign) {
  model::Tunnel tunnel = test::tunnel("hq");
  ike(tunnel).auth =
      model::PublicKeyAuth{{"own.pub", {"own"}}, {"own.key", model::Secret("only-a-test")}, {"peer.pub", {"theirs"}}, "0a1b"};
  const auto scheme = [](std::string_view name) {
    return *std::ranges::find(model::signature_schemes(), name, &model::SignatureScheme::name);
  };
  ike(tunnel).signature = {scheme("ed25519")};
  ike(tunnel).peer_signature = {scheme("rsa-pss-sha256"), scheme("rsa-pss-sha384"), scheme("ecdsa-sha384")};
  EXPECT_EQ(connection(tunnel).find_section("local")->text("auth"), "ike:ed25519-identity");
  EXPECT_EQ(connection(tunnel).find_section("remote")->text("auth"), "ike:rsa/pss-sha256-sha384-ike:ecdsa-sha384");
}

TEST(Connection, APpkIsFoundByItsOwnName) {
  model::Tunnel tunnel = test::tunnel("hq");
  ike(tunnel).ppk = model::Ppk{"ppk-1", {"hq.ppk", model::Secret("post-quantum")}, false};
  EXPECT_EQ(connection(tunnel).text("ppk_id"), "ppk-1");
  EXPECT_EQ(connection(tunnel).find("ppk_required"), nullptr);
  ASSERT_EQ(wanted(tunnel).secrets.size(), 2U);
  EXPECT_EQ(wanted(tunnel).secrets.back(),
            Message{}.add("id", "vtid-hq/ppk").add("type", "PPK").add("data", "post-quantum").add_list("owners", {"ppk-1"}));
  ike(tunnel).ppk->required = true;
  EXPECT_EQ(connection(tunnel).text("ppk_required"), "yes");
}

TEST(Connection, RawKeysNameBothEnds) {
  model::Tunnel tunnel = test::tunnel("hq");
  ike(tunnel).auth =
      model::PublicKeyAuth{{"own.pub", {"own"}}, {"own.key", model::Secret("only-a-test")}, {"peer.pub", {"theirs"}}, "0a1b"};
  EXPECT_EQ(*connection(tunnel).find_section("local"),
            Message{}.add("auth", "pubkey").add("id", "branch").add_list("pubkeys", {"own"}));
  EXPECT_EQ(*connection(tunnel).find_section("remote"),
            Message{}.add("auth", "pubkey").add("id", "hq").add_list("pubkeys", {"theirs"}));
  EXPECT_EQ(wanted(tunnel).key_id, "0a1b");
}

TEST(Connection, PrefixesThatCharonTakesForBytesAreLeftOut) {
  model::Tunnel tunnel = test::tunnel("hq");
  ike(tunnel).local.id = "IPv4:192.0.2.7";
  ike(tunnel).remote.id = "asn1dn:C=CH, CN=hq";
  EXPECT_EQ(connection(tunnel).find_section("local")->text("id"), "192.0.2.7");
  EXPECT_EQ(connection(tunnel).find_section("remote")->text("id"), "C=CH, CN=hq");
  EXPECT_EQ(wanted(tunnel).secrets.at(0).list("owners"), (Message::List{"C=CH, CN=hq", "192.0.2.7"}));
  ike(tunnel).remote.id = "asn1dn:#3000";
  EXPECT_EQ(connection(tunnel).find_section("remote")->text("id"), "asn1dn:#3000");
  ike(tunnel).remote.id = "keyid:192.0.2.1";
  EXPECT_EQ(connection(tunnel).find_section("remote")->text("id"), "keyid:192.0.2.1");
}

TEST(Connection, OptionsOfTheFileArrive) {
  model::Tunnel tunnel = test::tunnel("hq");
  ike(tunnel).mobike = ike(tunnel).encapsulate = true;
  ike(tunnel).dpd = Duration{0};
  const Message made = connection(tunnel);
  EXPECT_EQ((std::vector{made.text("mobike"), made.text("encap"), made.text("dpd_delay"), made.text("version")}),
            (std::vector<std::string_view>{"yes", "yes", "0", "2"}));
}

// Of each child of `tunnel`: its name, its numbers and its selectors.
std::vector<std::string> children(const model::Tunnel& tunnel) {
  std::vector<std::string> lines;
  for (const model::ChildConfig& config : model::child_configs(tunnel)) {
    const Message all = connection(tunnel);
    const Message& made = *all.find_section("children")->find_section(config.name);
    std::string line = config.name + ' ' + std::string(made.text("mode")) + ' ' + std::string(made.text("reqid"));
    for (const std::string_view key : {"local_ts", "remote_ts"}) {
      line += " |";
      for (const std::string& selector : made.list(key)) line += ' ' + selector;
    }
    lines.push_back(line);
  }
  return lines;
}

TEST(Connection, SplitGivesEachChildNumbersAndSelectorsOfItsOwn) {
  model::Tunnel tunnel = test::tunnel("hq");
  ike(tunnel).split = true;
  EXPECT_EQ(children(tunnel),
            (std::vector<std::string>{"v4 tunnel 5008 | 0.0.0.0/0 | 0.0.0.0/0", "v6 tunnel 5009 | ::/0 | ::/0"}));
}

TEST(Connection, SiblingsOfAFamilyDifferInTheirSelectors) {
  model::Tunnel tunnel = test::tunnel("hq", 2);
  ike(tunnel).split = true;
  tunnel.children[1] = test::child("old", "10.6.1.1/30", "10.6.1.2");
  tunnel.children[1].enabled = false;  // counts all the same: the peer need not have disabled it
  tunnel.children.push_back(test::child("v6", "10.6.3.1/30", "10.6.3.2"));
  EXPECT_EQ(children(tunnel),
            (std::vector<std::string>{"v4 tunnel 5008 | 0.0.0.0/1 128.0.0.0/1 | 0.0.0.0/1 128.0.0.0/1",
                                      "v6 tunnel 5009 | 0.0.0.0/2 64.0.0.0/2 128.0.0.0/1 | 0.0.0.0/2 64.0.0.0/2 128.0.0.0/1"}));
}

TEST(Connection, Version1NegotiatesOnePairAChild) {
  model::Tunnel tunnel = test::tunnel("hq");
  ike(tunnel).version = model::IkeVersion::v1;
  EXPECT_EQ(children(tunnel),
            (std::vector<std::string>{"v4 tunnel 5008 | 0.0.0.0/0 | 0.0.0.0/0", "v6 tunnel 5009 | ::/0 | ::/0"}));
  EXPECT_EQ(connection(tunnel).text("dpd_timeout"), "60");
}

TEST(Connection, OtherModesHaveTheirNetworksAndNoNumbers) {
  model::Tunnel tunnel = test::tunnel("hq");
  tunnel.children[0].mode = model::ChildMode::tunnel;
  tunnel.children[0].local_networks = {test::prefix("10.1.0.0/24"), test::prefix("10.2.0.0/24")};
  tunnel.children[0].remote_networks = {test::prefix("10.3.0.0/24")};
  tunnel.children[1].mode = model::ChildMode::transport;
  EXPECT_EQ(children(tunnel),
            (std::vector<std::string>{"v4 tunnel  | 10.1.0.0/24 10.2.0.0/24 | 10.3.0.0/24", "v6 transport  | |"}));
}

TEST(Connection, ADisabledChildIsNotAsked) {
  model::Tunnel tunnel = test::tunnel("hq");
  ike(tunnel).split = true;
  tunnel.children[0].enabled = false;
  EXPECT_EQ(children(tunnel), (std::vector<std::string>{"v6 tunnel 5009 | ::/0 | ::/0"}));
}

TEST(Connection, ThePolicyOwnerDecidesWhetherCharonInstallsPolicies) {
  model::Tunnel tunnel = test::tunnel("hq");
  tunnel.children.front().policies = model::PolicyOwner::vtid;
  EXPECT_EQ(child(tunnel).text("policies"), "no");
}

TEST(Connection, OnlyATunnelOnDemandIsATrap) {
  model::Tunnel tunnel = test::tunnel("hq");
  tunnel.start = model::Start::trap;
  EXPECT_EQ(child(tunnel).text("start_action"), "trap");
}

TEST(Connection, AnExternalConnectionIsNotOurs) {
  model::Tunnel tunnel = test::tunnel("hq");
  tunnel.ike = model::ExternalIke{"theirs"};
  EXPECT_EQ(make_connection(tunnel, kUnits), std::nullopt);
}

}  // namespace
}  // namespace vtid::vici
