// One end of the tunnels, in a network of its own: what a router with vtid is, by the same file format, planner, executor and
// backend, without a daemon around them.
#pragma once

#include "contract/stage.h"
#include "model/config.h"

namespace vtid::selftest {

class Site {
 public:
  explicit Site(std::size_t which) : which_(which) {}

  [[nodiscard]] Result<std::uint32_t> enter_own_network();
  [[nodiscard]] Result<void> plug_in(const net::IfName& wan);

  // Makes the kernel hold what the file says, by one plan; then there is nothing more to do.
  [[nodiscard]] Result<void> follow_file() { return follow(config_); }
  // The same with a file that says nothing; then nothing of ours is there.
  [[nodiscard]] Result<void> follow_empty_file();
  [[nodiscard]] Result<void> lose_sas();

  [[nodiscard]] Result<void> reach(std::string_view own, std::string_view peers) const;
  [[nodiscard]] Result<void> miss(std::string_view own, std::string_view peers) const;  // nobody answers
  [[nodiscard]] Result<void> count_traffic();                                           // by both interfaces, both ways

 private:
  Result<void> follow(const model::Config& config);

  std::size_t which_;
  contract::Backend here_;
  model::Config config_;
};

}  // namespace vtid::selftest
