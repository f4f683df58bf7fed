// N tunnels made and removed, side by side in one run: by vtid, from the text of its file to a kernel that was read back and
// found right, and by what a person would use instead (bench/rivals.h), the last of them a raw loop of calls: the floor. Each
// run in a network of its own.
//   vtid-bench-cold-start [TUNNELS=500] [RUNS=3]
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>

#include "bench/rivals.h"
#include "contract/stage.h"
#include "daemon/engine.h"
#include "platform/kernel.h"

namespace vtid::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

struct Cost {
  double took = 0, cpu = 0;  // milliseconds; of those, what the process and the kernel for it computed
};
struct Costs {
  Cost make, remove;
};

std::string file_of(std::uint32_t count) {
  std::string tunnels;
  std::string interfaces;
  std::string routes;
  for (std::uint32_t n = 1; n <= count; ++n) {
    const Numbers numbers{n};
    const char* comma = n == 1 ? "" : ",";
    tunnels += fmt::format(
        R"({}"t{}":{{"unit":{},"start":"none","ike":{{"local":{{"address":"192.0.2.1","id":"here"}},"remote":{{"address":"198.51.{}.{}","id":"t{}"}},)"
        R"("auth":{{"psk":{{"text":"bench"}}}}}},"children":{{"v4":{{"local":"{}/30","remote":"{}","proposals":["aes128gcm16-ecp256"]}},"v6":{{"local":"{}/64","remote":"{}"}}}}}})",
        comma, n, n, n / 250, n % 250 + 1, n, numbers.host(1), numbers.host(2), numbers.host6(1), numbers.host6(2));
    interfaces += fmt::format(R"({}"I{}":{{"tunnel":"t{}"}})", comma, n, n);
    routes += fmt::format(R"({}{{"to":"{}","via":"I{}_VTIV4"}})", comma, numbers.network(), n);
  }
  return fmt::format(R"({{"tunnels":{{{}}},"interfaces":{{{}}},"routes":[{}]}})", tunnels, interfaces, routes);
}

double cpu_so_far() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto milliseconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
  };
  return milliseconds(used.ru_utime) + milliseconds(used.ru_stime);
}

Cost measure(const std::function<void()>& work) {
  const auto begin = Clock::now();
  const double used = cpu_so_far();
  work();
  return {Milliseconds(Clock::now() - begin).count(), cpu_so_far() - used};
}

// Until the kernel was read back and found right. What a program is asked is waited for, as the daemon's loop would.
void settle(daemon::Engine& engine, platform::Kernel& kernel, Now& now) {
  std::shared_ptr<const model::Snapshot> seen;
  do {
    wait_for_end(kernel);
    engine.on_kernel_notices();
    (void)engine.step(now);
    now.steady += Duration{1};
    seen = engine.is_busy() ? nullptr : engine.snapshot();
  } while (!seen || !seen->plan.ops.empty() || seen->observed.links.empty());
}

Costs by_vtid(std::uint32_t count) {
  auto kernel = platform::open_native_kernel();
  if (!kernel) die(kernel.error().text);
  const auto store = daemon::make_memory_store();
  std::string file = file_of(count);
  daemon::EngineWiring wiring{
      .kernel = **kernel,
      .store = *store,
      .read_config = [&] { return config::parse(file, "bench.json", [](std::string_view) { return fail("none"); }); },
      .parse_text = {},
      .config_path = "bench.json",
      .version = "bench"};
  Now now{};
  std::unique_ptr<daemon::Engine> engine;
  Costs costs;
  costs.make = measure([&] {
    auto started = daemon::Engine::start(std::move(wiring), now);
    if (!started) die(started.error().text);
    engine = *std::move(started);
    settle(*engine, **kernel, now);
  });
  file = R"({"tunnels":{}})";
  costs.remove = measure([&] {
    engine->on_command(
        model::Reload{}, [](const model::CommandResult&) {}, now);
    settle(*engine, **kernel, now);
  });
  return costs;
}

Costs by_rival(const Rival& rival, std::uint32_t count) {
  return {measure([&] { rival.make(count); }), measure([&] { rival.remove(count); })};
}

// In a network of its own, which goes with the process.
Costs apart(const std::function<Costs()>& work) {
  int ends[2];
  if (::pipe(ends) != 0) die("pipe");
  const pid_t child = ::fork();
  if (child == 0) {
    if (const auto entered = contract::enter_own_network(); !entered) die(entered.error().text);
    prepare_network();
    const Costs costs = work();
    std::_Exit(::write(ends[1], &costs, sizeof costs) == sizeof costs ? 0 : 1);
  }
  ::close(ends[1]);
  Costs costs;
  const bool told = ::read(ends[0], &costs, sizeof costs) == sizeof costs;
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  if (!told) die("a run failed");
  return costs;
}

double median(const std::vector<Costs>& runs, Cost Costs::*which, double Cost::*what) {
  std::vector<double> values;
  for (const Costs& costs : runs) values.push_back(costs.*which.*what);
  std::ranges::sort(values);
  return values[values.size() / 2];
}

void print(std::string_view work, Cost Costs::*which, const std::vector<Costs>& vtid,
           const std::map<std::string_view, std::vector<Costs>>& others) {
  fmt::print("{}\n  vtid           {:8.0f} ms, of CPU {:8.0f} ms\n", work, median(vtid, which, &Cost::took),
             median(vtid, which, &Cost::cpu));
  for (const Rival& rival : rivals()) {
    const auto& runs = others.at(rival.name);
    const double took = median(runs, which, &Cost::took);
    fmt::print("  {:<14} {:8.0f} ms, of CPU {:8.0f} ms; vtid takes {:.2f} of it\n", rival.name, took,
               median(runs, which, &Cost::cpu), median(vtid, which, &Cost::took) / took);
  }
}

}  // namespace
}  // namespace vtid::bench

int main(int argc, char** argv) {
  using namespace vtid::bench;
  const auto count = static_cast<std::uint32_t>(argc > 1 ? std::atoi(argv[1]) : 500);
  const int runs = argc > 2 ? std::atoi(argv[2]) : 3;
  if (count < 1 || count > kMostTunnels || runs < 1) die("usage: vtid-bench-cold-start [TUNNELS=500] [RUNS=3]");
  std::vector<Costs> vtid;
  std::map<std::string_view, std::vector<Costs>> others;
  for (int run = 0; run < runs; ++run) {
    vtid.push_back(apart([&] { return by_vtid(count); }));
    for (const Rival& rival : rivals()) others[rival.name].push_back(apart([&] { return by_rival(rival, count); }));
  }
  fmt::print("{} tunnels (link, IPv4 and IPv6 address, route), median of {} runs\n", count, runs);
  print("made", &Costs::make, vtid, others);
  print("removed", &Costs::remove, vtid, others);
  return 0;
}
