// Cold start of N tunnels, three ways, side by side in one run: vtid from the text of its file to a kernel that was read
// back and found right; `ip -batch` with the same objects; a raw netlink loop (the floor). Each in a fresh network namespace.
//   vtid-bench-cold-start [TUNNELS=500] [RUNS=3]
#include <fmt/format.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>

#include "bench/raw_loop.h"
#include "daemon/engine.h"
#include "platform/kernel.h"

namespace vtid::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

struct Numbers4 {
  std::uint32_t n;
  [[nodiscard]] std::string host(std::uint32_t last) const { return fmt::format("10.128.{}.{}", n / 64, n % 64 * 4 + last); }
  [[nodiscard]] std::string host6(std::uint32_t last) const { return fmt::format("fd00:0:0:{:x}::{}", n, last); }
  [[nodiscard]] std::string network() const { return fmt::format("10.{}.{}.0/24", n / 256, n % 256); }
};

std::string file_of(std::uint32_t count) {
  std::string tunnels;
  std::string interfaces;
  std::string routes;
  for (std::uint32_t n = 1; n <= count; ++n) {
    const Numbers4 numbers{n};
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

[[noreturn]] void die(const std::string& what) {
  fmt::print(stderr, "{}\n", what);
  std::exit(1);
}

void by_vtid(const std::string& file) {
  auto kernel = platform::open_native_kernel();
  if (!kernel) die(kernel.error().text);
  const auto store = daemon::make_memory_store();
  daemon::EngineWiring wiring{
      .kernel = **kernel,
      .store = *store,
      .read_config = [&] { return config::parse(file, "bench.json", [](std::string_view) { return fail("none"); }); },
      .parse_text = {},
      .config_path = "bench.json",
      .version = "bench"};
  Now now{};
  auto engine = daemon::Engine::start(std::move(wiring), now);
  if (!engine) die(engine.error().text);
  do {
    (void)(*engine)->step(now);
    now.steady += Duration{1};
  } while (!(*engine)->snapshot()->plan.ops.empty() || (*engine)->snapshot()->observed.links.empty());
}

void by_ip_batch(std::uint32_t count) {
  const std::string path = fmt::format("/tmp/vtid-bench-{}", ::getpid());
  {
    std::ofstream batch(path);
    for (std::uint32_t n = 1; n <= count; ++n) {
      const Numbers4 numbers{n};
      batch << fmt::format(
          "link add ipsec{0} mtu 1446 type xfrm dev lo if_id {0}\nlink set ipsec{0} addrgenmode none up multicast on alias "
          "vtid-{0}\n"
          "address add {1}/30 dev ipsec{0}\naddress add {2}/64 dev ipsec{0} nodad\nroute add {3} via {4} dev ipsec{0}\n",
          n, numbers.host(1), numbers.host6(1), numbers.network(), numbers.host(2));
    }
  }
  const int status = std::system(("ip -batch " + path).c_str());
  ::unlink(path.c_str());
  if (status != 0) die("ip -batch failed");
}

// In a network namespace of its own, which goes with the process. Milliseconds.
double measure(const std::function<void()>& work) {
  int ends[2];
  if (::pipe(ends) != 0) die("pipe");
  const pid_t child = ::fork();
  if (child == 0) {
    if (::unshare(CLONE_NEWNET) != 0) die("cannot make a network namespace: run it as root");
    if (std::system("ip link set lo up") != 0) die("lo");
    const auto begin = Clock::now();
    work();
    const double took = Milliseconds(Clock::now() - begin).count();
    std::_Exit(::write(ends[1], &took, sizeof took) == sizeof took ? 0 : 1);
  }
  ::close(ends[1]);
  double took = 0;
  const bool told = ::read(ends[0], &took, sizeof took) == sizeof took;
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  if (!told) die("a run failed");
  return took;
}

double median(std::vector<double> times) {
  std::ranges::sort(times);
  return times[times.size() / 2];
}

}  // namespace
}  // namespace vtid::bench

int main(int argc, char** argv) {
  using namespace vtid::bench;
  const auto count = static_cast<std::uint32_t>(argc > 1 ? std::atoi(argv[1]) : 500);
  const int runs = argc > 2 ? std::atoi(argv[2]) : 3;
  const std::string file = file_of(count);
  std::vector<double> vtid;
  std::vector<double> batch;
  std::vector<double> raw;
  for (int run = 0; run < runs; ++run) {
    vtid.push_back(measure([&] { by_vtid(file); }));
    batch.push_back(measure([&] { by_ip_batch(count); }));
    raw.push_back(measure([&] { raw_loop(count); }));
  }
  fmt::print("cold start of {} tunnels (link, IPv4 and IPv6 address, route), median of {} runs\n", count, runs);
  fmt::print(
      "  vtid           {:8.0f} ms\n  ip -batch      {:8.0f} ms   vtid takes {:.2f} of it\n  raw loop       {:8.0f} ms   vtid "
      "takes {:.2f} of it\n",
      median(vtid), median(batch), median(vtid) / median(batch), median(raw), median(vtid) / median(raw));
  return 0;
}
