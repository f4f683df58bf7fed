#include <unistd.h>

#include <csignal>
#include <iostream>
#include <string>
#include <vector>

#include "base/standard_fds.h"
#include "ctl/commands.h"

// A reader that goes away (`vtictl list sas | head`) ends it as it ends every filter, also where a parent ignored that signal.
int main(int argc, char** argv) {
  vtid::open_standard_fds();
  std::signal(SIGPIPE, SIG_DFL);
  const std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  return vtid::ctl::run(argc > 0 ? argv[0] : "vtictl", words, std::cout, std::cerr, STDOUT_FILENO);
}
