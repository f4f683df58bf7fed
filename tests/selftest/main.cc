// vtid-dataplane-selftest: does this kernel carry what vtid makes in it? Builds two networks joined by a wire (jails and an
// epair(4) on FreeBSD, network namespaces and a veth on Linux), has vtid's own code make tunnels with static SAs in both, over
// IPv4 and over IPv6, and pings across. Needs root and nothing else. Changes nothing of the host and leaves nothing behind,
// whether it passes, fails or is interrupted; on FreeBSD the modules if_epair and ipsec stay loaded.
#include <csignal>
#include <cstdio>
#include <memory>

#include "selftest/joint.h"
#include "selftest/worker.h"

namespace vtid::selftest {
namespace {

volatile std::sig_atomic_t interrupted = 0;

class Report {
 public:
  // False: it has failed.
  bool add(const std::string& name, const Result<void>& outcome) {
    ++(outcome ? passed_ : failed_);
    std::printf("%s %s\n", outcome ? "pass" : "FAIL", name.c_str());
    if (!outcome) {
      const Error& error = outcome.error();
      std::printf("     %s%s%s\n", error.text.c_str(), error.remedy.empty() ? "" : "; ", error.remedy.c_str());
    }
    std::fflush(stdout);
    return outcome.has_value();
  }
  void skip(const std::string& name) {
    ++skipped_;
    std::printf("skip %s\n", name.c_str());
  }
  int close() const {
    std::printf("%d passed, %d failed, %d skipped\n", passed_, failed_, skipped_);
    return failed_ == 0 && skipped_ == 0 ? 0 : 1;
  }

 private:
  int passed_ = 0;
  int failed_ = 0;
  int skipped_ = 0;
};

// The two sites and the wire between them. Takes everything away in the order in which it can go.
class Lab {
 public:
  explicit Lab(std::span<const Step> steps) {
    for (auto& worker : workers_) worker = std::make_unique<Worker>(steps, [] { return interrupted != 0; });
  }
  Result<void> start(std::size_t site) {
    const auto network = workers_[site]->start(site);
    if (!network) return std::unexpected(network.error());
    joint_.networks[site] = *network;
    return {};
  }
  Result<void> join() { return joint_.lay(); }
  Result<void> run(std::size_t number, const Step& step) { return workers_[step.site]->run(number, *joint_.ends[step.site]); }
  Result<void> end() {
    const auto taken = joint_.take_up();
    for (auto& worker : workers_) worker->end();
    if (!taken) return joint_.take_up();  // with the networks gone it may have come back
    return joint_.find_nothing_left();
  }

 private:
  std::array<std::unique_ptr<Worker>, 2> workers_;
  Joint joint_;
};

int run() {
  const std::vector<Step> steps = all_steps();
  Report report;
  Lab lab(steps);
  bool able = true;
  const auto attempt = [&](const std::string& name, bool essential, const auto& doing) {
    if (!able || interrupted != 0) return report.skip(name);
    if (!report.add(name, doing()) && essential) able = false;
  };
  attempt("A: a network of its own", true, [&] { return lab.start(0); });
  attempt("B: a network of its own", true, [&] { return lab.start(1); });
  attempt("a wire between them", true, [&] { return lab.join(); });
  for (std::size_t i = 0; i < steps.size(); ++i) {
    attempt(steps[i].name, steps[i].essential, [&] { return lab.run(i, steps[i]); });
  }
  report.add("nothing is left", lab.end());
  return report.close();
}

}  // namespace
}  // namespace vtid::selftest

int main(int argc, char**) {
  if (argc > 1) {
    std::fputs("usage: vtid-dataplane-selftest (as root)\n", stderr);
    return 2;
  }
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) std::signal(signal, [](int) { vtid::selftest::interrupted = 1; });
  return vtid::selftest::run();
}
