#include <iostream>
#include <string>
#include <vector>

#include "ctl/commands.h"

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  return vtid::ctl::run(argc > 0 ? argv[0] : "vtictl", words, std::cout, std::cerr);
}
