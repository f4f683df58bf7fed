// vtid-contract-tests [--kernel memory|native] [--list] [CASE...]: one suite against both kernels, so that the memory
// kernel cannot drift from the real one. `native` needs root; on Linux it works in network namespaces of its own.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <span>

#include "contract/stage.h"

using vtid::contract::Case;

namespace {

int usage() {
  std::fputs("usage: vtid-contract-tests [--kernel memory|native] [--list] [CASE...]\n", stderr);
  return 2;
}

bool passes(const Case& item, bool native) {
  auto backend = native ? vtid::contract::open_native() : vtid::contract::open_memory();
  vtid::contract::Stage stage(backend);
  item.run(stage);
  std::printf("%s %.*s\n", stage.failures.empty() ? "pass" : "FAIL", static_cast<int>(item.name.size()), item.name.data());
  for (const auto& failure : stage.failures) std::printf("     %s\n", failure.c_str());
  std::fflush(stdout);
  return stage.failures.empty();
}

}  // namespace

int main(int argc, char** argv) {
  bool native = false;
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
      if (kernel != "memory" && kernel != "native") return usage();
      native = kernel == "native";
    } else if (std::ranges::find(cases, argument, &Case::name) == cases.end()) {
      std::fprintf(stderr, "there is no case %.*s; --list shows them\n", static_cast<int>(argument.size()), argument.data());
      return usage();
    } else {
      wanted.push_back(argument);
    }
  }
  int passed = 0;
  int failed = 0;
  for (const Case& item : cases) {
    if (!wanted.empty() && std::ranges::find(wanted, item.name) == wanted.end()) continue;
    ++(passes(item, native) ? passed : failed);
  }
  std::printf("%d passed, %d failed, 0 skipped\n", passed, failed);
  return failed == 0 ? 0 : 1;
}
