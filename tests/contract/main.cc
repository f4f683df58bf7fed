// vtid-contract-tests [--kernel memory|freebsd|native] [--list] [CASE...]: one suite against all kernels, so that those in
// memory cannot drift from the real ones. `freebsd` is FreeBSD's backend over a kernel in maps. `native` needs root; on Linux
// it works in network namespaces of its own, on FreeBSD in jails with a network of their own, or else in the host's, where it
// takes away again what it made.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <span>

#include "contract/stage.h"

using vtid::contract::Case;

namespace {

int usage() {
  std::fputs("usage: vtid-contract-tests [--kernel memory|freebsd|native] [--list] [CASE...]\n", stderr);
  return 2;
}

enum class Which { memory, freebsd, native };

vtid::contract::Backend open(Which kernel) {
  if (kernel == Which::memory) return vtid::contract::open_memory();
  return kernel == Which::freebsd ? vtid::contract::open_freebsd() : vtid::contract::open_native();
}

vtid::model::Capabilities capabilities(Which kernel) {
  return kernel == Which::native ? vtid::contract::native_capabilities() : open(kernel).kernel->capabilities();
}

bool passes(const Case& item, Which kernel) try {
  auto backend = open(kernel);
  vtid::contract::Stage stage(backend);
  item.run(stage);
  std::printf("%s %.*s\n", stage.failures.empty() ? "pass" : "FAIL", static_cast<int>(item.name.size()), item.name.data());
  for (const auto& failure : stage.failures) std::printf("     %s\n", failure.c_str());
  std::fflush(stdout);
  return stage.failures.empty();
} catch (const vtid::contract::GaveUp& gave_up) {
  std::fprintf(stderr, "vtid-contract-tests: %s\n", gave_up.what());
  std::exit(3);
}

// A native case has a process of its own: who enters a jail stays in it. A case that could not even begin ends the program
// when it is the first, and has failed later.
bool passes_apart(const Case& item, bool first) {
  const pid_t child = fork();
  if (child == 0) {
    const bool passed = passes(item, Which::native);
    std::exit(passed ? 0 : 1);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) {
    std::perror("vtid-contract-tests: cannot run a case");
    std::exit(3);
  }
  const bool gave_up = WIFEXITED(status) && WEXITSTATUS(status) == 3;  // it has said why
  if (gave_up && first) std::exit(3);
  if (gave_up) std::printf("FAIL %.*s\n", static_cast<int>(item.name.size()), item.name.data());
  if (WIFEXITED(status)) return WEXITSTATUS(status) == 0;
  std::printf("FAIL %.*s\n     it ended by signal %d\n", static_cast<int>(item.name.size()), item.name.data(),
              WTERMSIG(status));
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  Which which = Which::memory;
  std::vector<std::string_view> wanted;
  const auto cases = vtid::contract::all_cases();
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--list") {
      for (const Case& item : cases) std::printf("%.*s\n", static_cast<int>(item.name.size()), item.name.data());
      return 0;
    }
    if (argument == "--kernel") {
      const std::string_view kernel = i + 1 < argc ? argv[++i] : "";
      if (kernel != "memory" && kernel != "freebsd" && kernel != "native") return usage();
      which = kernel == "native" ? Which::native : kernel == "freebsd" ? Which::freebsd : Which::memory;
    } else if (std::ranges::find(cases, argument, &Case::name) == cases.end()) {
      std::fprintf(stderr, "there is no case %.*s; --list shows them\n", static_cast<int>(argument.size()), argument.data());
      return usage();
    } else {
      wanted.push_back(argument);
    }
  }
  int passed = 0;
  int failed = 0;
  int skipped = 0;
  const auto present = capabilities(which);
  auto whole = present;
  whole.filters = true;  // what a kernel of this kind may have or not
  const auto playable = vtid::contract::cases_of(present);
  for (const Case& item : vtid::contract::cases_of(whole)) {
    if (!wanted.empty() && std::ranges::find(wanted, item.name) == wanted.end()) continue;
    if (std::ranges::find(playable, item.name, &Case::name) == playable.end()) {
      std::printf("skip %.*s\n", static_cast<int>(item.name.size()), item.name.data());
      ++skipped;
      continue;
    }
    std::fflush(stdout);
    ++((which == Which::native ? passes_apart(item, passed + failed == 0) : passes(item, which)) ? passed : failed);
  }
  std::printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
  return failed == 0 ? 0 : 1;
}
