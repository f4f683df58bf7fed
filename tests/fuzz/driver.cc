// Stands in for libFuzzer: `NAME_fuzz LIMIT SEED...`, the limit being inputs ("2000"), seconds ("15s") or both ("2000,15s").
// Every seed once as it is, then mutations of seeds by a fixed random sequence, so that a crash repeats. Where the code under
// test is built with -fsanitize-coverage=trace-pc (VTID_FUZZ_COVERAGE), inputs that reach something new become seeds too, and
// are kept in $VTID_FUZZ_CORPUS when it names a folder. The input that crashes, or takes longer than kLongestRun, is left in
// NAME_fuzz.crash; `NAME_fuzz 0 FILE` repeats it.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/coverage.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" void __sanitizer_set_death_callback(void (*callback)()) __attribute__((weak));

namespace {

using Bytes = std::vector<std::uint8_t>;
using Random = std::mt19937;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kLongestInput = 64 * 1024;
constexpr std::size_t kMostRepeats = 64;  // of one piece: deep and wide inputs
constexpr unsigned kLongestRun = 25;      // seconds

// ---- what is left of a crash -------------------------------------------------------------------------------------------

std::string crash_file;          // NOLINT: read by a signal's handler
const Bytes* running = nullptr;  // NOLINT

void leave_input() {
  if (running == nullptr) return;
  std::ofstream(crash_file, std::ios::binary).write(reinterpret_cast<const char*>(running->data()), std::ssize(*running));
  std::cerr << "the input is in " << crash_file << " (" << running->size() << " bytes)\n";
  running = nullptr;
}

void on_signal(int signal) {
  if (signal == SIGALRM) std::cerr << "an input takes longer than " << kLongestRun << " s\n";
  leave_input();
  std::_Exit(1);
}

void run(const Bytes& bytes) {
  running = &bytes;
  ::alarm(kLongestRun);
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  ::alarm(0);
  running = nullptr;
}

// ---- mutations ---------------------------------------------------------------------------------------------------------

std::size_t below(Random& random, std::size_t bound) { return bound == 0 ? 0 : random() % bound; }

std::ptrdiff_t place(Random& random, const Bytes& bytes) { return static_cast<std::ptrdiff_t>(below(random, bytes.size())); }

Bytes piece(Random& random, const Bytes& bytes, std::size_t longest) {
  const auto begin = place(random, bytes);
  const auto length = below(random, std::min(bytes.size() - static_cast<std::size_t>(begin), longest) + 1);
  return {bytes.begin() + begin, bytes.begin() + begin + static_cast<std::ptrdiff_t>(length)};
}

// Lengths, counts and signs that decoders look at.
void put_number(Random& random, Bytes& bytes) {
  static constexpr std::array<std::uint32_t, 10> kNumbers{0, 1, 4, 8, 16, 127, 128, 255, 65'535, 0xffff'ffff};
  std::uint32_t number = kNumbers.at(below(random, kNumbers.size()));
  const auto width = std::min<std::size_t>(std::size_t{1} << below(random, 3), bytes.size());
  const auto at = below(random, bytes.size() - width + 1);
  const bool big = random() % 2 == 0;
  for (std::size_t i = 0; i < width; ++i, number >>= 8U)
    bytes[at + (big ? width - 1 - i : i)] = static_cast<std::uint8_t>(number);
}

void mutate(Random& random, Bytes& bytes, const Bytes& other) {
  const auto byte = static_cast<std::uint8_t>(random());
  switch (below(random, 9)) {
    case 0: bytes.insert(bytes.begin() + place(random, bytes), byte); return;
    case 1: bytes.insert(bytes.begin() + place(random, bytes), other.begin(), other.begin() + place(random, other)); return;
    case 2:
      if (!bytes.empty()) bytes[below(random, bytes.size())] = byte;
      return;
    case 3:
      if (!bytes.empty()) bytes.erase(bytes.begin() + place(random, bytes));
      return;
    case 4: bytes.resize(bytes.size() - below(random, std::min<std::size_t>(bytes.size(), 16))); return;
    case 5:
      if (!bytes.empty()) put_number(random, bytes);
      return;
    case 6: {
      const Bytes some = piece(random, other, 256);
      bytes.insert(bytes.begin() + place(random, bytes), some.begin(), some.end());
      return;
    }
    case 7: {
      const Bytes some = piece(random, bytes, 16);
      for (std::size_t repeats = below(random, kMostRepeats); repeats > 0; --repeats)
        bytes.insert(bytes.begin() + place(random, bytes) / 2, some.begin(), some.end());
      return;
    }
    default: {
      const auto begin = bytes.begin() + place(random, bytes);
      bytes.erase(begin, begin + static_cast<std::ptrdiff_t>(below(random, static_cast<std::size_t>(bytes.end() - begin) + 1)));
    }
  }
}

// ---- seeds -------------------------------------------------------------------------------------------------------------

// Captures are kept as hexadecimal digits, with comments.
Bytes decode_hex(std::string_view text) {
  Bytes bytes;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    for (std::size_t i = 0; !line.starts_with('#') && i + 1 < line.size(); i += 2)
      bytes.push_back(static_cast<std::uint8_t>(std::stoul(std::string(line.substr(i, 2)), nullptr, 16)));
    at = end + 1;
  }
  return bytes;
}

Bytes read_seed(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::cerr << "cannot read " << path << '\n';
    std::exit(2);
  }
  const std::string text(std::istreambuf_iterator<char>(file), {});
  return path.ends_with(".hex") ? decode_hex(text) : Bytes(text.begin(), text.end());
}

void keep(const Bytes& bytes) {
  const char* folder = std::getenv("VTID_FUZZ_CORPUS");
  if (folder == nullptr) return;
  const std::string name =
      std::to_string(std::hash<std::string_view>{}({reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
  std::ofstream(std::string(folder) + '/' + name, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), std::ssize(bytes));
}

struct Limit {
  long runs;
  Clock::time_point end;
};

Limit limit_of(std::string_view words) {
  Limit limit{std::numeric_limits<long>::max(), Clock::time_point::max()};
  while (!words.empty()) {
    const std::string_view word = words.substr(0, words.find(','));
    const long number = std::atol(std::string(word).c_str());
    if (word.ends_with('s'))
      limit.end = Clock::now() + std::chrono::seconds{number};
    else
      limit.runs = number;
    words.remove_prefix(std::min(word.size() + 1, words.size()));
  }
  return limit;
}

}  // namespace

int main(int argc, char** argv) {
  crash_file = std::string(argv[0]).substr(std::string_view(argv[0]).rfind('/') + 1) + ".crash";
  for (const int signal : {SIGABRT, SIGALRM, SIGSEGV}) {
    if (signal != SIGSEGV || __sanitizer_set_death_callback == nullptr) std::signal(signal, on_signal);
  }
  if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(leave_input);
  std::vector<Bytes> seeds{{}};
  for (int i = 2; i < argc; ++i) seeds.push_back(read_seed(argv[i]));
  for (const Bytes& seed : seeds) {
    run(seed);
    (void)vtid::fuzz::found_something_new();
  }
  const Limit limit = limit_of(argc > 1 ? argv[1] : "2000");
  Random random;
  long runs = 0;
  for (; runs < limit.runs && Clock::now() < limit.end; ++runs) {
    Bytes bytes = seeds[below(random, seeds.size())];
    for (std::size_t changes = 1 + below(random, 7); changes > 0; --changes)
      mutate(random, bytes, seeds[below(random, seeds.size())]);
    bytes.resize(std::min(bytes.size(), std::max(kLongestInput, seeds.front().size())));
    run(bytes);
    if (!vtid::fuzz::found_something_new()) continue;
    keep(bytes);
    seeds.push_back(std::move(bytes));
  }
  std::cout << runs << " inputs, " << seeds.size() - 1 << " seeds, " << vtid::fuzz::places() << " places\n";
}
