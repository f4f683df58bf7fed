// One run of a program of the system's: never through a shell, never with our descriptors, never longer than said.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"

namespace vtid::platform {

struct Ran {
  int status = 0;      // its exit status, or 128 and the signal
  std::string output;  // what it wrote to its standard output, kMostOutput bytes at most
  std::string errors;  // and to its standard error
};

inline constexpr std::size_t kMostOutput = 8 * 1024 * 1024;

// `command` is a path and arguments; it reads `input`. An error: it could not be run, or was killed after `patience`.
[[nodiscard]] Result<Ran> run(const std::vector<std::string>& command, std::string_view input,
                              std::chrono::milliseconds patience);

// The same, waited for by a thread that knows nothing else, so that whoever asks can go on. One run at a time.
class Runner {
 public:
  Runner() = default;
  ~Runner();  // when the run has ended
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  [[nodiscard]] Result<void> open();
  [[nodiscard]] int descriptor() const { return ours_.get(); }  // readable when a run has ended
  void begin(std::vector<std::string> command, std::string input, std::chrono::milliseconds patience);
  [[nodiscard]] std::optional<Result<Ran>> end();  // its outcome, once it has ended

 private:
  UniqueFd ours_, its_;  // a pipe: a byte for an end
  std::unique_ptr<Result<Ran>> outcome_;
  std::thread thread_;
};

}  // namespace vtid::platform
