// Our table of nf_tables, through libnftables: written as a whole, read back, compared with its own fingerprint.
// It never names another table, and it decides nothing. Where the kernel has no nf_tables nothing is there and writing fails.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "model/op.h"
#include "platform/linux/socket.h"

struct nft_ctx;

namespace vtid::platform::netlink {

class Filter {
 public:
  static Filter open();

  [[nodiscard]] bool usable() const { return context_ != nullptr; }

  [[nodiscard]] Result<std::optional<model::ObservedFilter>> observe();
  [[nodiscard]] Result<std::map<std::string, model::RuleCounters>> counters();
  [[nodiscard]] Result<void> apply(const model::SetFilter& change);
  [[nodiscard]] Result<void> apply(const model::DeleteFilter& change);

 private:
  using Context = std::unique_ptr<nft_ctx, void (*)(nft_ctx*)>;
  Filter(std::optional<Socket> socket, Context context) : socket_(std::move(socket)), context_(std::move(context)) {}

  // The kernel's number of its present rules, which every change of any table raises; nothing when it cannot be had.
  [[nodiscard]] std::optional<std::uint32_t> generation();
  [[nodiscard]] Result<bool> exists();
  [[nodiscard]] Result<std::string> run(const std::string& commands);
  [[nodiscard]] Result<void> write(const model::Change& change, const std::string& commands);

  std::optional<Socket> socket_;
  Context context_;
  // What was read at a generation: listing a large table costs far more than asking whether anything has changed.
  struct Seen {
    std::uint32_t generation = 0;
    std::optional<model::ObservedFilter> filter;
  };
  std::optional<Seen> seen_;
};

// Changes of our table, in messages of NFNLGRP_NFTABLES.
[[nodiscard]] bool is_our_filter(const nlmsghdr& message);

}  // namespace vtid::platform::netlink
