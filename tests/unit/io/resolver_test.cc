// The resolver with look-ups of the test's own, which it holds up as it likes; nobody is asked on a network.
#include "io/resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <set>

#include "io/asio.h"

namespace vtid::io {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

const net::Address kAddress = net::Address::v4({198, 51, 100, 1});

// Look-ups that end when the test lets them. Outlives their threads, which nobody waits for.
struct NameServer {
  Result<std::vector<net::Address>> look_up(const std::string& name) {
    std::unique_lock lock(mutex);
    most = std::max(most, ++running);
    changed.notify_all();
    changed.wait(lock, [&] { return open; });
    --running;
    changed.notify_all();
    if (name.starts_with("bad")) return fail("Host not found");
    return std::vector{kAddress};
  }
  void let_through() {
    const std::lock_guard lock(mutex);
    open = true;
    changed.notify_all();
  }
  void wait_for(std::size_t wanted) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return running == wanted; });
  }

  std::mutex mutex;
  std::condition_variable changed;
  bool open = false;
  std::size_t running = 0;
  std::size_t most = 0;
};

struct ResolverTest : testing::Test {
  Resolver resolver(Duration patience) {
    return {context,
            {.answered = [this](const model::NameAnswer& answer) { answers.push_back(text(answer)); },
             .patience = patience,
             .look_up = [server = server](const std::string& name) { return server->look_up(name); }}};
  }
  static std::string text(const model::NameAnswer& answer) {
    return answer.name + ": " + (answer.addresses ? net::print(answer.addresses->at(0)) : answer.addresses.error().text);
  }
  // The bound is there for a test that fails.
  void run_until(std::size_t count) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (answers.size() < count && std::chrono::steady_clock::now() < deadline) context.run_one_for(100ms);
  }

  std::shared_ptr<NameServer> server = std::make_shared<NameServer>();
  boost::asio::io_context context;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work = boost::asio::make_work_guard(context);
  std::vector<std::string> answers;
};

TEST_F(ResolverTest, AnswersWithTheAddressesOrWithTheReason) {
  Resolver asked = resolver(10s);
  server->let_through();
  asked.ask("good.example.org");
  run_until(1);
  asked.ask("bad.example.org");
  run_until(2);
  EXPECT_THAT(answers, ElementsAre("good.example.org: 198.51.100.1", "bad.example.org: Host not found"));
}

TEST_F(ResolverTest, LooksUpNoMoreThanItsBoundAtATime) {
  Resolver asked = resolver(10s);
  for (std::size_t i = 0; i < 3 * kMostLookups; ++i) asked.ask("n" + std::to_string(i));
  asked.ask("n0");
  server->wait_for(kMostLookups);
  server->let_through();
  run_until(3 * kMostLookups);
  EXPECT_EQ(answers.size(), 3 * kMostLookups);
  EXPECT_EQ(server->most, kMostLookups);
}

TEST_F(ResolverTest, GivesUpInTimeAndTakesALateAnswerAllTheSame) {
  Resolver asked = resolver(20ms);
  asked.ask("slow.example.org");
  run_until(1);
  EXPECT_THAT(answers, ElementsAre("slow.example.org: no answer within 20ms"));
  asked.ask("slow.example.org");  // its thread is still at it: no second one
  run_until(2);
  EXPECT_EQ(server->most, 1U);
  server->let_through();
  run_until(3);
  EXPECT_EQ(answers.back(), "slow.example.org: 198.51.100.1");
}

TEST_F(ResolverTest, EndsWithoutWaitingForALookUp) {
  {
    Resolver asked = resolver(10s);
    asked.ask("slow.example.org");
    server->wait_for(1);
  }
  server->let_through();
  server->wait_for(0);
  context.poll();
  EXPECT_TRUE(answers.empty());
}

TEST(SystemLookUp, ReadsAddressesOfBothFamilies) {
  EXPECT_THAT(Resolver::system_look_up("198.51.100.1").value(), ElementsAre(kAddress));
  EXPECT_THAT(Resolver::system_look_up("2001:db8::1").value(), ElementsAre(net::parse_address("2001:db8::1").value()));
}

}  // namespace
}  // namespace vtid::io
