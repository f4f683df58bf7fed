// A whole output beside the file that holds what it is to be.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace vtid::test {

inline std::string file_contents(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// With VTID_WRITE_GOLDEN=1 a file that differs is written, and the test fails all the same: read the difference, run it again.
inline void expect_golden(const std::filesystem::path& file, const std::string& output) {
  const std::string kept = file_contents(file);
  if (std::getenv("VTID_WRITE_GOLDEN") == nullptr || kept == output) {
    EXPECT_EQ(output, kept) << file;
    return;
  }
  std::ofstream(file, std::ios::binary) << output;
  ADD_FAILURE() << file << " was written; read the difference";
}

}  // namespace vtid::test
