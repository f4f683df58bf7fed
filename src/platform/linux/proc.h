// /proc as text: one number per sysctl, one counter per line of xfrm_stat (net/xfrm/xfrm_proc.c). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/host_facts.h"

namespace vtid::platform {

// "net.ipv4.conf.eth0/100.rp_filter" is /proc/sys/net/ipv4/conf/eth0.100/rp_filter: dots and slashes change places.
[[nodiscard]] std::string path_of_sysctl(std::string_view name);

[[nodiscard]] std::optional<std::int64_t> parse_sysctl(std::string_view text);                    // "1\n"
[[nodiscard]] std::optional<std::vector<model::DropCounter>> parse_drops(std::string_view text);  // nothing when a line is odd

}  // namespace vtid::platform
