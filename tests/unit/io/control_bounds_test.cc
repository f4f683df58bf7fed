// What 64 hostile clients cost: they run in a process of their own, the server in this one, where every turn of its loop is
// measured in CPU time and every byte that it takes is counted. Ends when a client of good will has had its answers.
#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <new>

#include "io/asio.h"
#include "io/control_server.h"
#include "support/control_flood.h"
#include "support/site.h"

namespace {

std::atomic<std::size_t> live_bytes{0};
std::atomic<std::size_t> most_bytes{0};

void* take(std::size_t size) {
  void* memory = std::malloc(std::max<std::size_t>(size, 1));
  if (memory == nullptr) std::abort();
  const std::size_t live = live_bytes += ::malloc_usable_size(memory);
  if (live > most_bytes) most_bytes = live;
  return memory;
}

void give(void* memory) {
  live_bytes -= ::malloc_usable_size(memory);
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) { return take(size); }
void* operator new[](std::size_t size) { return take(size); }
void operator delete(void* memory) noexcept { give(memory); }
void operator delete[](void* memory) noexcept { give(memory); }
void operator delete(void* memory, std::size_t) noexcept { give(memory); }
void operator delete[](void* memory, std::size_t) noexcept { give(memory); }

namespace vtid::io {
namespace {

constexpr std::size_t kClients = 64;
constexpr std::size_t kTunnels = 100;
constexpr std::size_t kAnswers = 100;          // that the client of good will waits for
constexpr std::size_t kPatience = 50'000'000;  // steps of it, after which nobody served it
constexpr std::chrono::nanoseconds kLongestTurn = std::chrono::milliseconds{50};
constexpr std::size_t kMostMemory = 64U << 20;

std::chrono::nanoseconds cpu_time() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec};
}

model::Snapshot site() {
  model::Snapshot snapshot = control::test::snapshot();
  const model::TunnelStatus tunnel = snapshot.tunnels.front();
  while (snapshot.tunnels.size() < kTunnels) {
    snapshot.tunnels.push_back(tunnel);
    snapshot.tunnels.back().name += std::to_string(snapshot.tunnels.size());
  }
  return snapshot;
}

// Ends with 0 when the client of good will, which connects first, had its answers.
[[noreturn]] void attack(const std::string& full, const std::string& view) {
  test::FloodClient good;
  good.path = view;
  good.bytes = test::flood_request("status");
  good.waits = true;
  good.connect();
  auto clients = test::flood(full, view, kClients);
  for (std::size_t i = 0; i < kPatience && good.answers < kAnswers; ++i) {
    good.step();
    test::FloodClient& client = clients[i % clients.size()];
    client.step();
  }
  ::_exit(good.answers < kAnswers ? 1 : 0);
}

struct Cost {
  std::chrono::nanoseconds longest_turn{};
  std::size_t memory = 0;
  int exit = -1;
};

class Flooded {
 public:
  Cost run() {
    EXPECT_NE(::mkdtemp(folder_.data()), nullptr);
    auto server = ControlServer::open(context_, {folder_ + "/vtid.sock", "no-such-group", "no-such-group"}, wiring());
    EXPECT_TRUE(server);
    const pid_t attacker = ::fork();
    if (attacker == 0) attack(folder_ + "/vtid.sock", folder_ + "/view.sock");
    Cost cost;
    const std::size_t before = live_bytes;
    most_bytes = before;
    for (int status = 0; ::waitpid(attacker, &status, WNOHANG) == 0 || (cost.exit = WEXITSTATUS(status), false);) {
      const auto began = cpu_time();
      context_.run_one_for(std::chrono::milliseconds{100});
      cost.longest_turn = std::max(cost.longest_turn, cpu_time() - began);
    }
    cost.memory = most_bytes - before;
    server->close();
    context_.restart();
    context_.poll();
    std::filesystem::remove_all(folder_);
    return cost;
  }

 private:
  ControlWiring wiring() {
    return {[this] { return snapshot_; },
            [](const model::Command&, const model::Caller&, const model::Reply& reply) { reply(model::Answer{}); },
            // The first to come is root, the others are four users.
            [this](int) -> Result<model::Caller> {
              return model::Caller{seen_++ == 0 ? 0 : 100'000 + seen_ % 4, 0, 1};
            }};
  }

  std::string folder_ = "/tmp/vtid-bounds-XXXXXX";
  boost::asio::io_context context_{1};
  std::shared_ptr<const model::Snapshot> snapshot_ = std::make_shared<const model::Snapshot>(site());
  std::uint32_t seen_ = 0;
};

TEST(ControlBounds, WhileClientsFloodOneOfGoodWillIsServedNoTurnTakes50MsAndMemoryGrowsByLessThan64MiB) {
  const Cost cost = Flooded().run();
  const std::chrono::duration<double, std::milli> longest = cost.longest_turn;
  std::cout << "longest turn: " << longest.count() << " ms; memory: " << (cost.memory >> 20) << " MiB\n";
  EXPECT_EQ(cost.exit, 0);
  EXPECT_LT(longest, kLongestTurn);
  EXPECT_LT(cost.memory, kMostMemory);
}

}  // namespace
}  // namespace vtid::io
