#include "vici/loader.h"

#include <gtest/gtest.h>

namespace vtid::vici {
namespace {

constexpr TimePoint kNow{Duration{1'000}};
const std::string kCharon = "boot 1, process 100";
const std::string kAnother = "boot 1, process 200";

WantedConnection wanted(const std::string& name, const std::string& remote = "192.0.2.2", const std::string& psk = "secret") {
  return {name,
          Message{}.add_section(name, Message{}.add_list("remote_addrs", {remote})),
          {Message{}.add("id", secret_id(name)).add("data", psk)}};
}

WantedConnection with_key(const std::string& name, const std::string& key, const std::string& intermediate = "") {
  WantedConnection connection{name, Message{}.add_section(name, Message{}.add("certificate of", key))};
  connection.key_id = key;
  connection.key = Message{}.add("data", "private half of " + key);
  if (!intermediate.empty()) connection.certificates = {Message{}.add("data", intermediate)};
  return connection;
}

// Runs every step that is due, charon agreeing, and says which they were.
std::vector<std::string> run(Loader& loader, TimePoint now = kNow) {
  std::vector<std::string> commands;
  while (const auto step = loader.next_step(now)) {
    commands.push_back(step->command + " " + step->name);
    loader.on_done(*step, {}, now);
  }
  return commands;
}

using Commands = std::vector<std::string>;

class LoaderTest : public testing::Test {
 protected:
  explicit LoaderTest() { connect({}); }
  void connect(const Inventory& inventory, const std::string& charon = kCharon) {
    loader.on_disconnected();
    loader.on_charon(charon);
    loader.on_inventory(inventory);
  }
  Inventory everything() const {
    Inventory inventory;
    for (const auto& [name, text] : loader.loaded().connections) inventory.connections.insert(name);
    for (const std::string& name : loader.loaded().secrets) inventory.secrets.insert(secret_id(name));
    inventory.keys = loader.loaded().keys;
    inventory.authorities = loader.loaded().authorities;
    return inventory;
  }
  Loader loader{{}, [] { return 0U; }};
};

TEST_F(LoaderTest, TheSecretGoesBeforeItsConnection) {
  loader.want({wanted("hq")});
  EXPECT_EQ(run(loader), (Commands{"load-shared hq", "load-conn hq"}));
}

TEST_F(LoaderTest, WhatIsWantedAsBeforeIsNotLookedAtAgain) {
  const WantedConnection hq_as_before{.name = "hq", .as_before = true};
  loader.want({wanted("hq"), wanted("lab")});
  run(loader);
  const Loaded loaded = loader.loaded();
  loader.want({hq_as_before, wanted("lab")});
  EXPECT_FALSE(loader.busy_with("hq"));
  EXPECT_TRUE(loader.busy_with("lab"));
  EXPECT_EQ(run(loader), Commands{});
  EXPECT_EQ(loader.loaded(), loaded);
  connect({}, kAnother);
  EXPECT_EQ(run(loader), (Commands{"load-shared hq", "load-conn hq", "load-shared lab", "load-conn lab"}));
  loader.want({hq_as_before});
  EXPECT_EQ(run(loader), (Commands{"unload-conn lab", "unload-shared lab"}));
}

TEST_F(LoaderTest, NothingIsWantedAsItWasWhenItWasNot) {
  loader.want({WantedConnection{.name = "hq", .as_before = true}});
  EXPECT_EQ(loader.wanted(), 0U);
  EXPECT_EQ(run(loader), Commands{});
}

TEST_F(LoaderTest, ARecordAnnouncesWhatIsToBeLoadedSoThatItNeedNotBeMadeForEach) {
  loader.want({wanted("hq"), wanted("lab")});
  const auto first = loader.next_step(kNow);
  EXPECT_TRUE(loader.is_ahead_of_record());
  const Loaded record = loader.record();
  EXPECT_EQ(record.connections, (std::map<std::string, std::string>{{"hq", ""}, {"lab", ""}}));
  EXPECT_EQ(record.secrets, (std::set<std::string>{"hq", "lab"}));
  loader.on_done(*first, {}, kNow);
  run(loader);
  EXPECT_FALSE(loader.is_ahead_of_record());
  EXPECT_EQ(loader.record(), loader.loaded());
  loader.want({wanted("hq", "192.0.2.9"), wanted("lab")});
  run(loader);
  EXPECT_TRUE(loader.is_ahead_of_record());
}

TEST_F(LoaderTest, WhatWasAnnouncedToACharonIsNotSaidOfAnother) {
  loader.want({wanted("hq"), wanted("lab")});
  (void)loader.record();
  connect({}, kAnother);
  (void)loader.next_step(kNow);
  EXPECT_TRUE(loader.is_ahead_of_record());
}

TEST_F(LoaderTest, WhatWasAnnouncedAndIsNotWantedAnyMoreIsRecordedAnew) {
  loader.want({wanted("hq"), wanted("lab")});
  (void)loader.record();
  const auto revision = loader.loaded_revision();
  loader.want({wanted("hq")});
  EXPECT_NE(loader.loaded_revision(), revision);
  EXPECT_FALSE(loader.record().connections.contains("lab"));
}

TEST_F(LoaderTest, TheSameSetAgainNeedsNothing) {
  loader.want({wanted("hq"), wanted("lab")});
  run(loader);
  loader.want({wanted("hq"), wanted("lab")});
  EXPECT_EQ(run(loader), Commands{});
  EXPECT_TRUE(loader.settled());
}

TEST_F(LoaderTest, OnlyWhatChangedIsLoadedAgain) {
  loader.want({wanted("hq"), wanted("lab")});
  run(loader);
  loader.want({wanted("hq", "192.0.2.9"), wanted("lab")});
  EXPECT_EQ(run(loader), Commands{"load-conn hq"});
  loader.want({wanted("hq", "192.0.2.9"), wanted("lab", "192.0.2.2", "other")});
  EXPECT_EQ(run(loader), Commands{"load-shared lab"});
}

TEST_F(LoaderTest, WhatIsNoLongerWantedIsUnloaded) {
  loader.want({wanted("hq")});
  run(loader);
  loader.want({});
  EXPECT_EQ(run(loader), (Commands{"unload-conn hq", "unload-shared hq"}));
  EXPECT_EQ(loader.loaded(), (Loaded{kCharon, {}, {}}));
}

TEST_F(LoaderTest, ANewVtidLoadsOnlySecretsAgain) {
  loader.want({wanted("hq")});
  run(loader);
  Loader next(loader.loaded(), [] { return 0U; });
  next.want({wanted("hq")});
  next.on_charon(kCharon);
  next.on_inventory(everything());
  EXPECT_EQ(run(next), Commands{"load-shared hq"});
}

TEST_F(LoaderTest, BeforeTheFileIsKnownNothingIsUnloaded) {
  loader.want({wanted("hq")});
  run(loader);
  Loader next(loader.loaded(), [] { return 0U; });
  next.on_charon(kCharon);
  next.on_inventory(everything());
  EXPECT_EQ(run(next), Commands{});
  next.want({});
  EXPECT_EQ(run(next), (Commands{"unload-conn hq", "unload-shared hq"}));
}

TEST_F(LoaderTest, AnotherCharonGetsEverything) {
  loader.want({wanted("hq")});
  run(loader);
  connect({}, kAnother);
  EXPECT_EQ(run(loader), (Commands{"load-shared hq", "load-conn hq"}));
}

TEST_F(LoaderTest, WhatACharonThatIsNotKnownMayHaveOfUsIsLoadedOverAndNeverSomebodyElses) {
  const std::vector<std::pair<std::string, std::string>> unknown{{kCharon, ""}, {"", kCharon}, {"", ""}};
  for (const auto& [before, now] : unknown) {
    Loader first({}, [] { return 0U; });
    first.on_charon(before);
    first.on_inventory({});
    first.want({wanted("hq")});
    run(first);
    Loader next(first.loaded(), [] { return 0U; });
    next.want({wanted("hq")});
    next.on_charon(now);
    next.on_inventory({{"hq"}, {"vtid-hq"}});
    EXPECT_EQ(run(next), (Commands{"load-shared hq", "load-conn hq"})) << before << " then " << now;
    EXPECT_EQ(next.problems(), std::vector<model::Problem>{});
    EXPECT_EQ(next.loaded().charon, now);
  }
}

TEST_F(LoaderTest, AConnectionThatACharonOfLaterHasIsItsAdministrators) {
  loader.want({wanted("hq")});
  run(loader);
  connect({{"hq"}, {}}, kAnother);
  EXPECT_EQ(run(loader), Commands{});
  EXPECT_EQ(loader.problems().size(), 1U);
}

TEST_F(LoaderTest, AnInitiateWaitsUntilItIsKnownWhatCharonHas) {
  loader.want({wanted("hq")});
  run(loader);
  EXPECT_FALSE(loader.busy_with("hq"));
  loader.on_disconnected();
  EXPECT_TRUE(loader.busy_with("hq"));
  EXPECT_FALSE(loader.busy_with("theirs"));
  loader.on_charon(kAnother);
  EXPECT_TRUE(loader.busy_with("hq"));
  loader.on_inventory({});
  EXPECT_TRUE(loader.busy_with("hq"));
  run(loader);
  EXPECT_FALSE(loader.busy_with("hq"));
}

TEST_F(LoaderTest, WhatOthersUnloadedIsToldOnce) {
  loader.want({wanted("hq"), with_key("lab", "k1")});
  run(loader);
  (void)loader.take_unloaded();
  EXPECT_TRUE(loader.on_inventory({}));
  EXPECT_FALSE(loader.settled());
  std::vector<std::string> told;
  for (const Unloaded& unloaded : loader.take_unloaded()) told.push_back(print(unloaded));
  EXPECT_EQ(told,
            (std::vector<std::string>{"the connection hq", "the connection lab", "the secret of hq", "the private key k1"}));
  run(loader);
  EXPECT_FALSE(loader.on_inventory(everything()));
  EXPECT_EQ(loader.take_unloaded(), std::vector<Unloaded>{});
  EXPECT_TRUE(loader.settled());
}

TEST_F(LoaderTest, AnInventoryThatWasRefusedSaysNothing) {
  loader.want({wanted("hq")});
  run(loader);
  EXPECT_FALSE(loader.on_inventory({.connections = {}, .secrets = {}, .whole = false}));
  EXPECT_EQ(run(loader), Commands{});
}

TEST_F(LoaderTest, WhoeverClearedTheSecretsClearedTheCertificatesToo) {
  loader.want({wanted("hq"), with_key("lab", "k1", "office")});
  run(loader);
  loader.on_inventory({{"hq", "lab"}, {}, {"k1"}});
  EXPECT_EQ(run(loader), (Commands{"load-shared hq", "load-cert lab", "load-conn lab"}));
}

TEST_F(LoaderTest, WhatOthersUnloadedIsLoadedAgain) {
  loader.want({wanted("hq"), wanted("lab")});
  run(loader);
  loader.on_inventory({{"lab"}, {"vtid-hq"}});
  EXPECT_EQ(run(loader), (Commands{"load-conn hq", "load-shared lab"}));
}

TEST_F(LoaderTest, SomebodyElsesConnectionIsNotReplaced) {
  loader.want({wanted("hq")});
  connect({{"hq"}, {}});
  EXPECT_EQ(run(loader), Commands{});
  EXPECT_EQ(loader.problems(),
            (std::vector<model::Problem>{
                {model::Severity::error, "tunnels/hq", "charon already has a connection \"hq\" that vtid did not load",
                 "rename the tunnel, remove that connection, or adopt it with \"ike\": {\"external\": \"hq\"}"}}));
  loader.on_inventory({});
  EXPECT_EQ(run(loader), (Commands{"load-shared hq", "load-conn hq"}));
}

TEST_F(LoaderTest, ALoadWhoseAnswerWasLostIsStillOurs) {
  loader.want({wanted("hq")});
  const auto secret = loader.next_step(kNow);
  loader.on_done(*secret, {}, kNow);
  (void)loader.next_step(kNow);
  connect({{"hq"}, {"vtid-hq"}});
  EXPECT_EQ(loader.problems(), std::vector<model::Problem>{});
  EXPECT_EQ(run(loader), Commands{"load-conn hq"});
}

TEST_F(LoaderTest, TheRecordSaysOursBeforeCharonHearsOfIt) {
  WantedConnection open = wanted("hq");
  open.secrets = {};
  loader.want({open});
  (void)loader.next_step(kNow);
  EXPECT_EQ(loader.loaded().connections, (std::map<std::string, std::string>{{"hq", ""}}));
}

TEST_F(LoaderTest, ARefusedLoadIsAProblemAndIsTriedAgainLater) {
  loader.want({wanted("hq")});
  loader.on_done(*loader.next_step(kNow), {}, kNow);
  loader.on_done(*loader.next_step(kNow), fail("invalid value for: proposals, config discarded"), kNow);
  EXPECT_EQ(loader.next_step(kNow), std::nullopt);
  EXPECT_TRUE(loader.settled());
  EXPECT_EQ(loader.refusal("hq")->text, "charon refused the connection: invalid value for: proposals, config discarded");
  EXPECT_EQ(run(loader, *loader.next_deadline()), Commands{"load-conn hq"});
  EXPECT_EQ(loader.problems(), std::vector<model::Problem>{});
}

TEST_F(LoaderTest, ARefusedLoadIsTriedAtOnceWhenItChanges) {
  loader.want({wanted("hq")});
  loader.on_done(*loader.next_step(kNow), {}, kNow);
  loader.on_done(*loader.next_step(kNow), fail("no"), kNow);
  loader.want({wanted("hq", "192.0.2.9")});
  EXPECT_EQ(run(loader), Commands{"load-conn hq"});
}

TEST_F(LoaderTest, AWishThatChangesWhileItIsLoadedIsLoadedAgain) {
  loader.want({wanted("hq")});
  loader.on_done(*loader.next_step(kNow), {}, kNow);
  const auto step = loader.next_step(kNow);
  loader.want({wanted("hq", "192.0.2.9")});
  EXPECT_EQ(loader.next_step(kNow), std::nullopt);
  loader.on_done(*step, {}, kNow);
  EXPECT_EQ(run(loader), Commands{"load-conn hq"});
}

TEST_F(LoaderTest, OnlySoManyStepsAreUnderWay) {
  std::vector<WantedConnection> many;
  for (std::size_t i = 0; i < 2 * kMostStepsUnderWay; ++i) many.push_back(wanted(std::to_string(i)));
  loader.want(many);
  std::size_t steps = 0;
  while (loader.next_step(kNow)) ++steps;
  EXPECT_EQ(steps, kMostStepsUnderWay);
}

TEST_F(LoaderTest, AnInitiateWaitsForItsConnection) {
  loader.want({wanted("hq")});
  EXPECT_TRUE(loader.busy_with("hq"));
  run(loader);
  EXPECT_FALSE(loader.busy_with("hq"));
  EXPECT_FALSE(loader.busy_with("theirs"));
}

TEST_F(LoaderTest, KeyAndIntermediatesGoBeforeTheirConnection) {
  loader.want({with_key("hq", "k1", "office")});
  EXPECT_EQ(run(loader), (Commands{"load-key hq", "load-cert hq", "load-conn hq"}));
  EXPECT_TRUE(loader.settled());
}

TEST_F(LoaderTest, ARenewedKeyReplacesTheOldAfterItsConnection) {
  loader.want({with_key("hq", "k1")});
  run(loader);
  loader.want({with_key("hq", "k2")});
  EXPECT_EQ(run(loader), (Commands{"load-key hq", "load-conn hq", "unload-key "}));
  EXPECT_EQ(loader.loaded().keys, std::set<std::string>{"k2"});
}

TEST_F(LoaderTest, ASharedKeyStaysForTheOtherTunnel) {
  loader.want({with_key("hq", "k1"), with_key("lab", "k1")});
  EXPECT_EQ(run(loader), (Commands{"load-key hq", "load-conn hq", "load-conn lab"}));
  loader.want({with_key("lab", "k1")});
  EXPECT_EQ(run(loader), Commands{"unload-conn hq"});
  loader.want({});
  EXPECT_EQ(run(loader), (Commands{"unload-conn lab", "unload-key "}));
}

TEST_F(LoaderTest, ARefusedNewVersionKeepsTheKeyOfTheOld) {
  loader.want({with_key("hq", "k1")});
  run(loader);
  loader.want({with_key("hq", "k2")});
  loader.on_done(*loader.next_step(kNow), {}, kNow);
  loader.on_done(*loader.next_step(kNow), fail("no"), kNow);
  EXPECT_EQ(run(loader), Commands{});
  EXPECT_EQ(loader.loaded().keys, (std::set<std::string>{"k1", "k2"}));
}

TEST_F(LoaderTest, ANewVtidLoadsNoKeyThatCharonHas) {
  loader.want({with_key("hq", "k1", "office")});
  run(loader);
  Loader next(loader.loaded(), [] { return 0U; });
  next.want({with_key("hq", "k1", "office")});
  next.on_charon(kCharon);
  next.on_inventory(everything());
  EXPECT_EQ(run(next), Commands{});
}

TEST_F(LoaderTest, ANewVtidUnloadsTheKeyThatItsFileLeft) {
  loader.want({with_key("hq", "k1")});
  run(loader);
  Loader next(loader.loaded(), [] { return 0U; });
  next.on_charon(kCharon);
  next.on_inventory(everything());
  EXPECT_EQ(run(next), Commands{});
  next.want({});
  EXPECT_EQ(run(next), (Commands{"unload-conn hq", "unload-key "}));
}

TEST_F(LoaderTest, AKeyThatSomebodyElseLoadedIsUsedAndLeft) {
  connect({{}, {}, {"k1"}});
  loader.want({with_key("hq", "k1")});
  EXPECT_EQ(run(loader), Commands{"load-conn hq"});
  loader.want({});
  EXPECT_EQ(run(loader), Commands{"unload-conn hq"});
}

TEST_F(LoaderTest, ClearedCredentialsAreAllLoadedAgain) {
  loader.want({with_key("hq", "k1", "office")});
  run(loader);
  loader.on_inventory({{"hq"}, {}, {}});
  EXPECT_EQ(run(loader), (Commands{"load-key hq", "load-cert hq", "load-conn hq"}));
}

TEST_F(LoaderTest, AnotherCharonGetsTheKeyAgain) {
  loader.want({with_key("hq", "k1")});
  run(loader);
  connect({}, kAnother);
  EXPECT_EQ(run(loader), (Commands{"load-key hq", "load-conn hq"}));
}

TEST_F(LoaderTest, AKeyOfAnotherCertificateIsRefusedAndTakenOutAgain) {
  loader.want({with_key("hq", "k1")});
  loader.on_done(*loader.next_step(kNow), Message{}.add("id", "k9"), kNow);
  EXPECT_EQ(run(loader), Commands{"unload-key "});
  EXPECT_EQ(loader.refusal("hq")->text,
            "charon refused the connection: the private key is not that of the certificate or public key");
  EXPECT_EQ(loader.loaded().keys, std::set<std::string>{});
}

TEST_F(LoaderTest, ARefusedKeyIsRefusedForAllItsTunnels) {
  loader.want({with_key("hq", "k1"), with_key("lab", "k1")});
  const auto key = loader.next_step(kNow);
  const auto other = loader.next_step(kNow);  // sent behind it
  loader.on_done(*key, fail("parsing any private key failed"), kNow);
  loader.on_done(*other, {}, kNow);
  loader.on_done(*loader.next_step(kNow), fail("parsing any private key failed"), kNow);
  EXPECT_EQ(run(loader), Commands{});
  EXPECT_EQ(loader.problems().size(), 2U);
}

TEST_F(LoaderTest, AnotherIntermediateIsLoadedWithItsConnection) {
  loader.want({with_key("hq", "k1", "office")});
  run(loader);
  loader.want({with_key("hq", "k1", "new office")});
  EXPECT_EQ(run(loader), (Commands{"load-cert hq", "load-conn hq"}));
}

TEST_F(LoaderTest, FromPskToCertificateTheSecretLeaves) {
  loader.want({wanted("hq")});
  run(loader);
  loader.want({with_key("hq", "k1")});
  EXPECT_EQ(run(loader), (Commands{"load-key hq", "load-conn hq", "unload-shared hq"}));
}

WantedConnection with_authority(const std::string& name, const std::string& authority, const std::string& list = "") {
  WantedConnection connection = wanted(name);
  connection.authorities = {Message{}.add_section(authority, Message{}.add("cacert", "root"))};
  if (!list.empty())
    connection.certificates = {Message{}.add("type", std::string(kRevocationList)).add("data", list),
                               Message{}.add("type", std::string(kRevocationList))};
  return connection;
}

TEST_F(LoaderTest, AnAuthorityIsLoadedOnceForAllAndLeavesWithTheLast) {
  loader.want({with_authority("hq", "a1"), with_authority("lab", "a1")});
  EXPECT_EQ(run(loader), (Commands{"load-shared hq", "load-authority hq", "load-conn hq", "load-shared lab", "load-conn lab"}));
  loader.want({with_authority("lab", "a1")});
  EXPECT_EQ(run(loader), (Commands{"unload-conn hq", "unload-shared hq"}));
  loader.want({with_authority("lab", "a2")});
  EXPECT_EQ(run(loader), (Commands{"load-authority lab", "unload-authority "}));
  EXPECT_EQ(loader.loaded().authorities, std::set<std::string>{"a2"});
  EXPECT_EQ(run(loader), Commands{});
}

TEST_F(LoaderTest, AnAuthorityThatOthersUnloadedIsToldAndLoadedAgain) {
  loader.want({with_authority("hq", "a1")});
  run(loader);
  Inventory inventory = everything();
  inventory.authorities = {"theirs"};
  EXPECT_TRUE(loader.on_inventory(inventory));
  EXPECT_EQ(print(loader.take_unloaded().at(0)), "the authority a1");
  EXPECT_EQ(run(loader), Commands{"load-authority hq"});
}

TEST_F(LoaderTest, ANewVtidLoadsNoAuthorityThatCharonHasAndUnloadsTheOneThatItsFileLeft) {
  loader.want({with_authority("hq", "a1")});
  run(loader);
  Loader next(loader.loaded(), [] { return 0U; });
  next.want({with_authority("hq", "a2")});
  next.on_charon(kCharon);
  Inventory inventory = everything();
  inventory.authorities.insert("theirs");
  next.on_inventory(inventory);
  EXPECT_EQ(run(next), (Commands{"load-shared hq", "load-authority hq", "unload-authority "}));
  EXPECT_EQ(next.loaded().authorities, std::set<std::string>{"a2"});
}

TEST_F(LoaderTest, ARefusedAuthorityIsTheConnectionsProblem) {
  loader.want({with_authority("hq", "a1")});
  loader.on_done(*loader.next_step(kNow), {}, kNow);
  loader.on_done(*loader.next_step(kNow), fail("CA certificate missing: a1"), kNow);
  EXPECT_EQ(loader.next_step(kNow), std::nullopt);
  EXPECT_EQ(loader.loaded().authorities, std::set<std::string>{});
  EXPECT_EQ(loader.refusal("hq")->text, "charon refused the connection: CA certificate missing: a1");
  EXPECT_EQ(run(loader, *loader.next_deadline()), (Commands{"load-authority hq", "load-conn hq"}));
}

TEST_F(LoaderTest, ANewerListOfTheRevokedIsLoadedAndIsNoOtherSettingOfWhatIsUp) {
  loader.want({with_authority("hq", "a1", "list 1")});
  run(loader);
  loader.want({with_authority("hq", "a1", "list 2")});
  const auto list = loader.next_step(kNow);
  EXPECT_EQ(list->command, "load-cert");
  loader.on_done(*list, {}, kNow);
  const auto flush = loader.next_step(kNow);
  EXPECT_EQ(flush->command, "flush-certs");
  loader.on_done(*flush, {}, kNow);
  const auto connection = loader.next_step(kNow);
  loader.outlive(*connection, {7});
  loader.on_done(*connection, {}, kNow);
  EXPECT_EQ(run(loader), Commands{});
  EXPECT_FALSE(loader.is_older("hq", 7));
}

TEST_F(LoaderTest, EachSecretOfAConnectionComesAndGoesByItself) {
  WantedConnection both = wanted("hq");
  const auto another = [](const std::string& text) { return Message{}.add("id", secret_id("hq/ppk")).add("data", text); };
  both.secrets.push_back(another("one"));
  loader.want({both, wanted("hq-2")});
  EXPECT_EQ(run(loader), (Commands{"load-shared hq", "load-shared hq", "load-conn hq", "load-shared hq-2", "load-conn hq-2"}));
  EXPECT_EQ(loader.loaded().secrets, (std::set<std::string>{"hq", "hq-2", "hq/ppk"}));
  both.secrets.back() = another("two");
  loader.want({both, wanted("hq-2")});
  EXPECT_EQ(run(loader), Commands{"load-shared hq"});
  loader.want({wanted("hq"), wanted("hq-2")});
  EXPECT_EQ(run(loader), Commands{"unload-shared hq"});
  EXPECT_EQ(loader.loaded().secrets, (std::set<std::string>{"hq", "hq-2"}));
  loader.want({both});
  run(loader);
  loader.want({});
  EXPECT_EQ(run(loader), (Commands{"unload-conn hq", "unload-shared hq", "unload-shared hq"}));
  EXPECT_EQ(loader.loaded(), (Loaded{kCharon, {}, {}}));
}

TEST_F(LoaderTest, WhatCharonLacksAPluginForIsAProblemOnceItsPluginsAreKnown) {
  WantedConnection hq = wanted("hq");
  hq.plugins = {{{"curl", "soup"}, "nobody fetches"}, {{"revocation"}, "nobody looks"}};
  loader.want({hq});
  run(loader);
  EXPECT_EQ(loader.problems(), std::vector<model::Problem>{});
  (void)loader.take_changed();
  loader.on_plugins({"soup", "vici"});
  EXPECT_TRUE(loader.take_changed());
  EXPECT_EQ(loader.problems(),
            (std::vector<model::Problem>{{model::Severity::warning, "tunnels/hq",
                                          "charon runs without its plugin revocation: nobody looks",
                                          "install the package that has it and see that strongswan.conf loads revocation; "
                                          "then restart charon"}}));
  loader.on_plugins({"curl", "revocation"});
  EXPECT_EQ(loader.problems(), std::vector<model::Problem>{});
}

TEST_F(LoaderTest, TheRecordHoldsNothingOfTheSecret) {
  loader.want({wanted("hq", "192.0.2.2", "one")});
  run(loader);
  const Loaded one = loader.loaded();
  loader.want({wanted("hq", "192.0.2.2", "two")});
  run(loader);
  EXPECT_EQ(loader.loaded(), one);
}

}  // namespace
}  // namespace vtid::vici
