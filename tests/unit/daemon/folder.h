// A folder of a test's own, gone when the test is over.
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace vtid::test {

class TestFolder {
 public:
  TestFolder() {
    if (::mkdtemp(name_.data()) == nullptr) throw std::runtime_error("cannot make a folder for a test");
  }
  ~TestFolder() { std::filesystem::remove_all(path()); }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  [[nodiscard]] std::filesystem::path path() const { return name_; }
  [[nodiscard]] std::string at(const std::string& name) const { return (path() / name).string(); }
  void write(const std::string& name, const std::string& text, mode_t mode = 0600) const {
    std::ofstream(path() / name, std::ios::binary) << text;
    ::chmod(at(name).c_str(), mode);
  }
  [[nodiscard]] std::string text(const std::string& name) const {
    std::ifstream file(path() / name, std::ios::binary);
    return {std::istreambuf_iterator(file), {}};
  }
  [[nodiscard]] mode_t mode(const std::string& name) const {
    struct stat status {};
    return ::lstat(at(name).c_str(), &status) == 0 ? status.st_mode & 07777U : 0;
  }

 private:
  std::string name_ = (std::filesystem::temp_directory_path() / "vtid-test-XXXXXX").string();
};

}  // namespace vtid::test
