// What a FreeBSD system does not have, so that nothing said there may name it.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace vtid::test {

// The first that stands in `text`; empty: none.
[[nodiscard]] inline std::string_view linux_word_in(std::string_view text) {
  constexpr std::array<std::string_view, 22> kWords{"systemctl", "journalctl", "systemd",   "ip link",  "ip route", "ip -",
                                                    "ip rule",   "ip xfrm",    "ip addr",   "nft ",     "nftables", "sysctl -w",
                                                    "sysctl.d",  "net.ipv4",   "net.core",  "modprobe", "if_id",    "Xfrm",
                                                    "/proc",     "CAP_",       "nf_tables", "/etc/vtid"};
  for (const std::string_view word : kWords) {
    if (text.find(word) != std::string_view::npos) return word;
  }
  return {};
}

}  // namespace vtid::test
