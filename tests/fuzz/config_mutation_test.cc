// The fuzzer's property over mutations of the golden files, the same ones in every run.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size);

namespace {

namespace fs = std::filesystem;

constexpr int kMutationsOfAFile = 40;
constexpr int kMostEdits = 3;

std::vector<fs::path> seeds() {
  std::vector<fs::path> result;
  for (const char* folder : {"good", "bad"}) {
    for (const auto& entry : fs::directory_iterator(fs::path(VTID_SOURCE_DIR) / "tests/golden/config" / folder)) {
      if (entry.path().extension() == ".json") result.push_back(entry.path());
    }
  }
  std::ranges::sort(result);
  return result;
}

std::string contents(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator(file), {}};
}

// The pieces of a file between which a change may still be JSON: strings, numbers, words, signs and white space.
std::vector<std::string> tokens(const std::string& text) {
  const auto is_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  std::vector<std::string> result;
  for (std::size_t start = 0, end = 0; start < text.size(); start = end) {
    end = start + 1;
    if (text[start] == '"') {
      end = std::min(text.find('"', end), text.size() - 1) + 1;
    } else {
      while (is_word(text[start]) && end < text.size() && is_word(text[end])) ++end;
    }
    result.push_back(text.substr(start, end - start));
  }
  return result;
}

class Mutator {
 public:
  explicit Mutator(const std::vector<fs::path>& files) {
    for (const fs::path& file : files) {
      for (std::string& token : tokens(contents(file))) words_.push_back(std::move(token));
    }
  }

  std::string mutate(std::vector<std::string> text) {
    for (int edits = 1 + below(kMostEdits); edits > 0 && !text.empty(); --edits) {
      const auto at = text.begin() + below(static_cast<int>(text.size()));
      switch (below(5)) {
        case 0: text.erase(at); break;
        case 1: text.insert(at, word()); break;
        case 2: std::swap(*at, text[static_cast<std::size_t>(below(static_cast<int>(text.size())))]); break;
        case 3: at->at(static_cast<std::size_t>(below(static_cast<int>(at->size())))) = static_cast<char>(below(256)); break;
        default: *at = word(); break;
      }
    }
    std::string result;
    for (const std::string& token : text) result += token;
    return result;
  }

 private:
  int below(int end) { return static_cast<int>(random_() % static_cast<std::uint32_t>(end)); }
  const std::string& word() { return words_[static_cast<std::size_t>(below(static_cast<int>(words_.size())))]; }

  std::mt19937 random_{20'261'124};  // its sequence is the same on every system
  std::vector<std::string> words_;
};

TEST(ConfigFuzz, KeepsItsPropertyOverMutatedGoldenFiles) {
  const auto files = seeds();
  ASSERT_FALSE(files.empty());
  Mutator mutator(files);
  for (const fs::path& file : files) {
    const auto text = tokens(contents(file));
    for (int i = 0; i < kMutationsOfAFile; ++i) {
      const std::string mutated = mutator.mutate(text);
      LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(mutated.data()), mutated.size());
    }
  }
}

}  // namespace
