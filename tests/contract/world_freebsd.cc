// Others on FreeBSD come with its backend; until then the suite says that there is no native kernel to test.
#include <cstdio>
#include <cstdlib>

#include "contract/stage.h"

namespace vtid::contract {

Backend open_native() {
  const auto kernel = platform::open_native_kernel();
  std::fprintf(stderr, "vtid-contract-tests: %s\n", kernel ? "no World for this system" : kernel.error().text.c_str());
  std::exit(3);
}

}  // namespace vtid::contract
