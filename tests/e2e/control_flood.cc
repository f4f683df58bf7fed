// control-flood VTID.SOCK VIEW.SOCK PID: 64 hostile clients on both control sockets of a running vtid, and one of good will.
// Fails when that one is not served, or when the daemon's resident memory grows by 64 MiB or more. Says how much CPU time the
// daemon spent at most between two answers: on all of them, each of whom has a turn before the same client has another.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string>
#include <vector>

#include "support/control_flood.h"

namespace {

using namespace vtid::test;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr std::size_t kClients = 64;
constexpr std::size_t kAnswers = 100;
constexpr std::size_t kPatience = 20'000'000;  // steps
constexpr long kMostMemory = 64L << 20;

long resident_bytes(const std::string& pid) {
  std::ifstream statm("/proc/" + pid + "/statm");
  long size = 0, resident = 0;
  statm >> size >> resident;
  return resident * 4096;
}

Milliseconds cpu_time_of(const std::string& pid) {
  clockid_t clock{};
  timespec time{};
  if (::clock_getcpuclockid(static_cast<pid_t>(std::atoi(pid.c_str())), &clock) != 0 || ::clock_gettime(clock, &time) != 0) {
    std::fprintf(stderr, "there is no process %s any more\n", pid.c_str());
    std::exit(1);
  }
  return Milliseconds{static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const std::string full = argv[1], view = argv[2], pid = argv[3];
  FloodClient good;
  good.path = view;
  good.bytes = flood_request("explain", R"({"name":"t1"})");
  good.waits = true;
  good.connect();
  auto clients = flood(full, view, kClients);
  const long before = resident_bytes(pid);
  long most = before;
  Milliseconds longest{0}, asked_at = cpu_time_of(pid);
  std::size_t answers = 0;
  for (std::size_t i = 0; i < kPatience && answers < kAnswers; ++i) {
    good.step();
    clients[i % clients.size()].step();
    if (good.answers == answers) continue;
    answers = good.answers;
    const Milliseconds now = cpu_time_of(pid);
    longest = std::max(longest, now - asked_at);
    asked_at = now;
    most = std::max(most, resident_bytes(pid));
  }
  std::printf("%zu answers while 64 clients flooded; at most %.1f ms of CPU time each; memory grew by %.1f MiB\n", answers,
              longest.count(), static_cast<double>(most - before) / (1 << 20));
  return answers >= kAnswers && most - before < kMostMemory ? 0 : 1;
}
