#include "platform/linux/filter.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <nftables/libnftables.h>

#include <algorithm>
#include <cerrno>

#include "platform/linux/nft_message.h"
#include "platform/linux/nft_ruleset.h"
#include "platform/refusal.h"

namespace vtid::platform::netlink {
namespace {

constexpr std::uint16_t kTableAttribute = 1;  // NFTA_TABLE_NAME, NFTA_CHAIN_TABLE, NFTA_RULE_TABLE, NFTA_SET_TABLE and so on

Bytes encode_get_generation() { return Request(nft_type(NFT_MSG_GETGEN), 0, nft_header(NFPROTO_UNSPEC)).bytes(); }

Bytes encode_get_table() {
  return Request(nft_type(NFT_MSG_GETTABLE), 0, nft_header(NFPROTO_INET)).put_text(NFTA_TABLE_NAME, kFilterTable).bytes();
}

// The library's first line says it; the rest points into the commands.
std::string first_line(std::string_view text) {
  const std::string line(text.substr(0, text.find('\n')));
  constexpr std::string_view kPrefix = "internal:0:0-0: ";
  return line.starts_with(kPrefix) ? line.substr(kPrefix.size()) : line;
}

}  // namespace

// libnftables ends the program when it gets no socket, so ours is opened, and the kernel asked, before.
Filter Filter::open() {
  auto socket = Socket::open(NETLINK_NETFILTER);
  Filter filter(socket ? std::optional(*std::move(socket)) : std::nullopt, Context(nullptr, nft_ctx_free));
  if (!filter.generation()) return filter;
  filter.context_.reset(nft_ctx_new(NFT_CTX_DEFAULT));
  if (!filter.usable()) return filter;
  nft_ctx_output_set_flags(filter.context_.get(), NFT_CTX_OUTPUT_JSON | NFT_CTX_OUTPUT_NUMERIC_ALL);
  nft_ctx_buffer_output(filter.context_.get());
  nft_ctx_buffer_error(filter.context_.get());
  return filter;
}

std::optional<std::uint32_t> Filter::generation() {
  if (!socket_) return std::nullopt;
  const Answer answer = socket_->exchange({encode_get_generation()}).front();
  std::optional<std::uint32_t> found;
  for_each_message(answer.reply, [&](const nlmsghdr& message) {
    if (header_of<nfgenmsg>(message)) found = Attributes(message, sizeof(nfgenmsg)).get<std::uint32_t>(NFTA_GEN_ID);
  });
  return found;
}

Result<bool> Filter::exists() {
  const Verdict verdict = socket_->exchange({encode_get_table()}).front().verdict;
  if (verdict.code == 0) return true;
  if (verdict.code == ENOENT) return false;
  return fail(fmt::format("cannot look for the table inet {}: {}", kFilterTable, std::generic_category().message(verdict.code)),
              {}, verdict.code);
}

Result<std::string> Filter::run(const std::string& commands) {
  const int refused = nft_run_cmd_from_buffer(context_.get(), commands.c_str());
  std::string output = nft_ctx_get_output_buffer(context_.get());
  const std::string error = nft_ctx_get_error_buffer(context_.get());
  if (refused != 0) return fail(first_line(error));
  return output;
}

Result<std::optional<model::ObservedFilter>> Filter::observe() {
  if (!usable()) return std::nullopt;
  const auto before = generation();
  if (before && seen_ && seen_->generation == *before) return seen_->filter;
  const auto there = exists();
  if (!there) return std::unexpected(there.error());
  std::optional<model::ObservedFilter> found;
  if (*there) {
    const auto text = run(render_filter_listing());
    if (!text) return fail("cannot list the filter: " + text.error().text);
    const auto listing = read_filter_listing(*text);
    if (!listing) return std::unexpected(listing.error());
    found = listing->filter;
  }
  seen_.reset();
  if (before && generation() == before) seen_ = Seen{*before, found};
  return found;
}

Result<std::map<std::string, model::RuleCounters>> Filter::counters() {
  std::map<std::string, model::RuleCounters> none;
  if (!usable()) return none;
  const auto there = exists();
  if (!there) return std::unexpected(there.error());
  if (!*there) return none;
  const auto text = run(render_filter_listing());
  if (!text) return fail("cannot list the filter: " + text.error().text);
  auto listing = read_filter_listing(*text);
  if (!listing) return std::unexpected(listing.error());
  return std::move(listing->counters);
}

Result<void> Filter::write(const model::Change& change, const std::string& commands) {
  if (!usable()) {
    Error error = refusal(change, EOPNOTSUPP, "the kernel has no nf_tables");
    error.remedy = "load the kernel module nf_tables, or take \"rules\", \"nat\" and mode if_ipsec out";
    return std::unexpected(std::move(error));
  }
  if (const auto done = run(commands); !done) return std::unexpected(refusal(change, EINVAL, done.error().text));
  return {};
}

// The fingerprint follows in a transaction of its own, because only the kernel can say how it lists what it was given. Without
// it the table does its work all the same, and the next plan writes it again.
Result<void> Filter::apply(const model::SetFilter& change) {
  if (auto written = write(change, render_filter(change.filter)); !written) return written;
  const auto text = run(render_filter_listing());
  if (!text) return fail("cannot read the filter back: " + text.error().text);
  const auto listing = read_filter_listing(*text);
  if (!listing) return std::unexpected(listing.error());
  return write(change, render_fingerprint(change.filter, listing->digest));
}

Result<void> Filter::apply(const model::DeleteFilter& change) { return write(change, render_filter_removal()); }

bool is_our_filter(const nlmsghdr& message) {
  if ((message.nlmsg_type >> 8) != NFNL_SUBSYS_NFTABLES || (message.nlmsg_type & 0xff) == NFT_MSG_NEWGEN) return false;
  const auto header = header_of<nfgenmsg>(message);
  return header && header->nfgen_family == NFPROTO_INET &&
         Attributes(message, sizeof *header).text(kTableAttribute) == kFilterTable;
}

}  // namespace vtid::platform::netlink
