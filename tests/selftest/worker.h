// A process of one site: it enters a network of its own, and runs the steps that it is told. It ends with the process that
// started it, at the latest after the step at hand, and its network with it.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <span>

#include "base/unique_fd.h"
#include "selftest/steps.h"

namespace vtid::selftest {

class Worker {
 public:
  // `stop` is asked all the time while an answer is awaited.
  Worker(std::span<const Step> steps, std::function<bool()> stop) : steps_(steps), stop_(std::move(stop)) {}
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() { end(); }

  [[nodiscard]] Result<std::uint32_t> start(std::size_t site);  // where its network is, as enter_own_network() says
  [[nodiscard]] Result<void> run(std::size_t step, const net::IfName& wan);
  void end();

 private:
  [[nodiscard]] Result<std::string> await();

  std::span<const Step> steps_;
  std::function<bool()> stop_;
  pid_t process_ = -1;
  UniqueFd channel_;
};

}  // namespace vtid::selftest
