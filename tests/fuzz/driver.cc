// Stands in for libFuzzer: mutates seeds by a fixed random sequence, so that a crash repeats. `NAME_fuzz RUNS SEED...`
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Bytes = std::vector<std::uint8_t>;
using Random = std::mt19937;

std::size_t below(Random& random, std::size_t bound) { return bound == 0 ? 0 : random() % bound; }

Bytes::iterator place(Random& random, Bytes& bytes) {
  return bytes.begin() + static_cast<std::ptrdiff_t>(below(random, bytes.size()));
}

// One byte changed, added or removed, the end cut off, or a piece of another seed put in.
void mutate(Random& random, Bytes& bytes, const Bytes& other) {
  const auto byte = static_cast<std::uint8_t>(random());
  switch (below(random, 5)) {
    case 0: bytes.insert(place(random, bytes), byte); return;
    case 1:
      bytes.insert(place(random, bytes), other.begin(),
                   other.begin() + static_cast<std::ptrdiff_t>(below(random, other.size())));
      return;
    case 2:
      if (!bytes.empty()) *place(random, bytes) = byte;
      return;
    case 3:
      if (!bytes.empty()) bytes.erase(place(random, bytes));
      return;
    default: bytes.resize(bytes.size() - below(random, std::min<std::size_t>(bytes.size(), 16)));
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<Bytes> seeds{{}};
  for (int i = 2; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    if (!file) {
      std::cerr << "cannot read " << argv[i] << '\n';
      return 2;
    }
    seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  Random random;
  for (long run = argc > 1 ? std::atol(argv[1]) : 2'000; run > 0; --run) {
    Bytes bytes = seeds[below(random, seeds.size())];
    for (std::size_t changes = below(random, 8); changes > 0; --changes)
      mutate(random, bytes, seeds[below(random, seeds.size())]);
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  }
}
