// What each message of nf_tables begins with: linux/netfilter/nfnetlink.h, nf_tables.h.
#pragma once

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <cstdint>

namespace vtid::platform::netlink {

[[nodiscard]] constexpr std::uint16_t nft_type(nf_tables_msg_types message) {
  return static_cast<std::uint16_t>((NFNL_SUBSYS_NFTABLES << 8) | message);
}

[[nodiscard]] inline nfgenmsg nft_header(std::uint8_t family) {
  nfgenmsg header{};
  header.nfgen_family = family;
  header.version = NFNETLINK_V0;
  return header;
}

}  // namespace vtid::platform::netlink
