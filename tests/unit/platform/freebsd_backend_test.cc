// The FreeBSD backend over a kernel in maps: what the contract suite cannot cause from outside.
#include <gtest/gtest.h>

#include <cerrno>

#include "platform/freebsd/backend.h"
#include "platform/freebsd/look.h"
#include "support/fake_freebsd.h"

namespace vtid::platform::freebsd {
namespace {

model::Link link(std::uint32_t unit) {
  model::Link link;
  link.name = net::IfName::of({unit});
  link.if_id = net::if_id_of({unit});
  link.reqid = net::reqid_of({unit});
  link.alias = "vtid tunnels/t";
  link.outer = {*net::parse_address("192.0.2.1"), *net::parse_address("192.0.2.2")};
  return link;
}

model::Sa sa(std::uint32_t spi) {
  model::Sa sa;
  sa.source = *net::parse_address("198.51.100.1");
  sa.destination = *net::parse_address("192.0.2.1");
  sa.spi = spi;
  sa.reqid = {5001};
  sa.if_id = {1};
  sa.key = model::Secret(std::string(20, 'k'));
  return sa;
}

std::vector<Result<void>> apply(Kernel& kernel, std::vector<model::Change> changes) {
  std::vector<model::Op> ops;
  for (auto& change : changes) ops.push_back({std::move(change), "", "", ""});
  return apply_all(kernel, ops);
}

TEST(FreebsdBackend, WritesNothingThatIsRight) {
  FakeFreebsd fake;
  const auto kernel = make_backend(fake.open());
  const model::InterfaceAddress address{link(1).name, *net::parse_prefix("10.6.106.1/30"), *net::parse_address("10.6.106.2")};
  const model::Route route{
      *net::parse_prefix("10.20.0.0/16"), {}, net::kMainTable, model::ViaGateway{link(1).name, address.peer}};
  const std::vector<model::Change> all{model::CreateLink{link(1)}, model::AddAddress{address}, model::SetSa{sa(0x1001)},
                                       model::SetRoute{route}};
  for (const auto& result : apply(*kernel, all)) EXPECT_TRUE(result.has_value());
  const std::size_t before = fake.writes();
  for (const auto& result : apply(*kernel, {model::ChangeLink{link(1)}, all[1], all[2], all[3]}))
    EXPECT_TRUE(result.has_value());
  EXPECT_EQ(fake.writes(), before);
}

TEST(FreebsdBackend, FailedCreationLeavesNothing) {
  FakeFreebsd fake;
  const auto kernel = make_backend(fake.open());
  model::Link broken = link(1);
  broken.mtu = 9000;
  const auto results = apply(*kernel, {model::CreateLink{broken}});
  ASSERT_FALSE(results.front().has_value());
  EXPECT_EQ(results.front().error().code, EINVAL);
  EXPECT_EQ(observe_now(*kernel)->link(link(1).name), nullptr);
}

TEST(FreebsdBackend, GatewayElsewhereIsTakenAway) {
  FakeFreebsd fake;
  const auto kernel = make_backend(fake.open());
  model::Link second = link(2);
  const model::InterfaceAddress address{link(1).name, *net::parse_prefix("10.6.106.1/30"), *net::parse_address("10.6.106.2")};
  const model::Route route{
      *net::parse_prefix("10.20.0.0/16"), {}, net::kMainTable, model::ViaGateway{link(1).name, address.peer}};
  for (const auto& result :
       apply(*kernel, {model::CreateLink{link(1)}, model::CreateLink{second}, model::AddAddress{address}})) {
    EXPECT_TRUE(result.has_value());
  }
  fake.hide_gateway(*address.peer, "ipsec2");
  const auto results = apply(*kernel, {model::SetRoute{route}});
  ASSERT_FALSE(results.front().has_value());
  EXPECT_EQ(results.front().error().code, ENETUNREACH);
  EXPECT_TRUE(observe_now(*kernel)->routes.empty());
}

TEST(FreebsdKeyDialogue, PassesOverWhatOthersCause) {
  FakeFreebsd fake;
  const auto kernel = make_backend(fake.open());
  ASSERT_TRUE(apply(*kernel, {model::SetSa{sa(0x1001)}}).front().has_value());
  fake.crowd_next_key_answer();
  EXPECT_EQ(observe_now(*kernel)->sas, std::vector{sa(0x1001)});
}

TEST(FreebsdKeyDialogue, AsksAgainForAListThatLostMessages) {
  FakeFreebsd fake;
  const auto kernel = make_backend(fake.open());
  for (const auto& result : apply(*kernel, {model::SetSa{sa(0x1001)}, model::SetSa{sa(0x1002)}, model::SetSa{sa(0x1003)}})) {
    ASSERT_TRUE(result.has_value());
  }
  fake.lose_key_answers(kDumpAttempts - 1);
  EXPECT_EQ(observe_now(*kernel)->sas.size(), 3U);
  fake.lose_key_answers(kDumpAttempts);
  const auto observed = observe_now(*kernel);
  ASSERT_FALSE(observed.has_value());
  EXPECT_EQ(observed.error().code, ENOBUFS);
  EXPECT_NE(observed.error().remedy.find("kern.ipc.maxsockbuf"), std::string::npos);
}

TEST(FreebsdKeyDialogue, RefusalsShowNoKey) {
  FakeFreebsd fake;
  const auto kernel = make_backend(fake.open());
  model::Sa other = sa(0x1001);
  other.destination = *net::parse_address("192.0.2.9");
  const auto results = apply(*kernel, {model::SetSa{sa(0x1001)}, model::SetSa{other}});
  ASSERT_FALSE(results[1].has_value());
  EXPECT_EQ(results[1].error().code, EEXIST);
  EXPECT_EQ(results[1].error().text.find("kkk"), std::string::npos);
}

TEST(FreebsdBackend, AnSaThatCharonLostCanBeDropped) {
  FakeFreebsd fake;
  const auto kernel = make_backend(fake.open());
  const auto charon = fake.open();
  const WallTime then{std::chrono::seconds{1'795'000'000}};
  fake.make_sas_at(then);
  ASSERT_TRUE(ask_key(*charon, *encode_add_sa(sa(0x2001), {18, 1}, std::nullopt)).has_value());
  ASSERT_TRUE(apply(*kernel, {model::SetSa{sa(0x1001)}}).front().has_value());
  const model::CharonsSa lost{sa(0x2001).destination, 0x2001, sa(0x2001).source, {5001}, then};
  EXPECT_EQ(observe_now(*kernel)->charons_sas, std::vector{lost});
  model::CharonsSa ours = lost;
  ours.spi = 0x1001;
  model::CharonsSa other = lost;
  other.reqid = {5002};
  for (const auto& result : apply(*kernel, {model::DropSa{ours}, model::DropSa{other}})) EXPECT_TRUE(result.has_value());
  EXPECT_EQ(observe_now(*kernel)->charons_sas.size(), 1U);  // neither was meant
  EXPECT_EQ(observe_now(*kernel)->sas.size(), 1U);
  EXPECT_TRUE(apply(*kernel, {model::DropSa{lost}}).front().has_value());
  EXPECT_TRUE(observe_now(*kernel)->charons_sas.empty());
}

TEST(FreebsdBackend, TheOuterAddressDecidesAboutRunning) {
  FakeFreebsd fake;
  const auto kernel = make_backend(fake.open());
  ASSERT_TRUE(apply(*kernel, {model::CreateLink{link(1)}}).front().has_value());
  EXPECT_FALSE(fake.running("ipsec1"));  // its source is nowhere, and that is no error
  model::Link moved = link(1);
  moved.outer->first = *net::parse_address("127.0.0.1");
  ASSERT_TRUE(apply(*kernel, {model::ChangeLink{moved}}).front().has_value());
  EXPECT_TRUE(fake.running("ipsec1"));
}

// --- what takes its time --------------------------------------------------------------------------------------------------

std::vector<model::Op> links(std::uint32_t count) {
  std::vector<model::Op> ops;
  for (std::uint32_t unit = 1; unit <= count; ++unit) ops.push_back({model::CreateLink{link(unit)}, "", "", ""});
  return ops;
}

TEST(FreebsdBackend, BeginsNothingAfterItsBudget) {
  FakeFreebsd fake;
  const auto kernel = make_backend(fake.open());
  fake.cost(abi::kCreate, [] { return Duration{15}; });
  EXPECT_EQ(kernel->apply(links(10), Duration{20}).size(), 2U);
  fake.cost(abi::kCreate, [] { return Duration{80}; });
  const auto rest = links(10);
  EXPECT_EQ(kernel->apply(std::span(rest).subspan(2), Duration{20}).size(), 1U);
}

// Or a thousand links would be listed for every portion of their addresses.
TEST(FreebsdBackend, LooksUpLinksOnceASecondForOpsThatGoOnAfterABudget) {
  constexpr std::uint32_t kLinks = 200;
  FakeFreebsd fake;
  const auto kernel = make_backend(fake.open());
  (void)apply_all(*kernel, links(kLinks));
  std::vector<model::Op> ops;
  for (std::uint32_t unit = 1; unit <= kLinks; ++unit) {
    const auto local = net::Address::v4({10, 6, static_cast<std::uint8_t>(unit), 1});
    const auto peer = net::Address::v4({10, 6, static_cast<std::uint8_t>(unit), 2});
    ops.push_back({model::AddAddress{{link(unit).name, {local, 30}, peer}}, "", "", ""});
  }
  fake.cost(abi::kAddAddress, [] { return Duration{10}; });
  const std::size_t before = fake.lists();
  std::size_t done = 0, portions = 0;
  for (; done < ops.size(); ++portions) done += kernel->apply(std::span(ops).subspan(done), Duration{20}).size();
  EXPECT_EQ(portions, kLinks / 2);
  EXPECT_LE(fake.lists() - before, 3U);
}

model::Op closed_filter() {
  model::FilterSet set;
  set.filters = true;
  return {model::SetFilter{set}, "filter", "", ""};
}

int code_of(const Result<void>& result) { return result ? 0 : result.error().code; }

TEST(FreebsdFilter, NothingIsKnownBeforePfctlHasAnswered) {
  FakeFreebsd fake;
  const auto kernel = make_backend(fake.open());
  fake.slow_pfctl(Duration{400});
  EXPECT_EQ(kernel->observe().error().code, EINPROGRESS);
  for (int answers = 0; answers < 3; ++answers) {
    EXPECT_EQ(kernel->observe().error().code, EINPROGRESS);
    EXPECT_EQ(kernel->drain().ours, 0U);
    fake.set_time(fake.now() + Duration{400});
  }
  EXPECT_EQ(kernel->drain().ours, 1U);
  EXPECT_TRUE(kernel->observe().has_value());
}

TEST(FreebsdFilter, PfctlIsNotAskedForEveryLook) {
  FakeFreebsd fake;
  const auto kernel = make_backend(fake.open());
  for (int look = 0; look < 100; ++look) {
    (void)kernel->observe();
    (void)kernel->drain();
  }
  EXPECT_EQ(fake.pfctls(), 3U);
  fake.set_time(TimePoint{Duration{1'000}});
  (void)kernel->observe();
  EXPECT_EQ(kernel->drain().ours, 0U);  // it is as it was: no news
  EXPECT_EQ(fake.pfctls(), 6U);
}

TEST(FreebsdFilter, AChangeIsUnderWayUntilItHasBeenReadBack) {
  FakeFreebsd fake;
  const auto kernel = make_backend(fake.open());
  (void)observe_now(*kernel);
  fake.slow_pfctl(Duration{100});
  const std::vector<model::Op> both{closed_filter(), {model::CreateLink{link(1)}, "", "", ""}};
  const auto results = kernel->apply(both, Duration::max());
  EXPECT_EQ(code_of(results[0]), EINPROGRESS);
  EXPECT_EQ(code_of(results[1]), 0);  // the next operation does not wait
  int answers = 0;
  while (code_of(kernel->apply(std::span(both).first(1), Duration::max()).front()) == EINPROGRESS && ++answers < 100) {
    EXPECT_FALSE(kernel->observe()->filter);
    fake.set_time(fake.now() + Duration{100});
    (void)kernel->drain();
  }
  EXPECT_LT(answers, 30);
  EXPECT_TRUE(kernel->observe()->filter);
  EXPECT_FALSE(kernel->is_under_way());
}

TEST(FreebsdFilter, AnotherChangeComesAfterTheOneThatIsUnderWay) {
  FakeFreebsd fake;
  const auto kernel = make_backend(fake.open());
  (void)observe_now(*kernel);
  const std::vector<model::Op> first{closed_filter()};
  const std::vector<model::Op> second{{model::DeleteFilter{}, "filter", "", ""}};
  EXPECT_EQ(code_of(kernel->apply(first, Duration::max()).front()), EINPROGRESS);
  EXPECT_EQ(code_of(kernel->apply(second, Duration::max()).front()), EINPROGRESS);
  (void)kernel->drain();
  EXPECT_TRUE(kernel->observe()->filter);
  EXPECT_EQ(code_of(apply_all(*kernel, second).front()), 0);
  EXPECT_FALSE(kernel->observe()->filter);
}

TEST(FreebsdFilter, CountersComeWhenPfctlHasAnswered) {
  FakeFreebsd fake;
  const auto kernel = make_backend(fake.open());
  (void)apply_all(*kernel, std::vector{closed_filter()});
  (void)kernel->drain();
  EXPECT_EQ(kernel->rule_counters().error().code, EINPROGRESS);
  EXPECT_EQ(kernel->drain().ours, 1U);
  EXPECT_TRUE(kernel->rule_counters().has_value());
}

}  // namespace
}  // namespace vtid::platform::freebsd
