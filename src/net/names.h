// Numbers and names that must not be swapped: each is its own type. Nothing here looks anything up.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace vtid::net {

template <class Tag, class Number = std::uint32_t>
struct Strong {
  Number value{};

  auto operator<=>(const Strong&) const = default;
};

using Unit = Strong<struct UnitTag>;        // 1..32767: the N of ipsecN (if_ipsec refuses more with ENOSPC)
using ReqId = Strong<struct ReqIdTag>;      // ties SAs to SPs; kept below 65536 (sadb_x_ipsecrequest holds 16 bits)
using IfId = Strong<struct IfIdTag>;        // Linux XFRM interface id; 0 is refused by kernels since 5.17
using IfIndex = Strong<struct IfIndexTag>;  // 0 means none
using Metric = Strong<struct MetricTag>;
using TableId = Strong<struct TableIdTag>;  // 254 is main

inline constexpr Unit kLowestUnit{1};
inline constexpr Unit kHighestUnit{32767};
inline constexpr std::uint32_t kReqIdBase = 5000;  // as pfSense: leaves room for charon's own, which start at 1
inline constexpr TableId kMainTable{254};          // RT_TABLE_MAIN, linux/rtnetlink.h

// FreeBSD's routing tables, its FIBs, are numbered from 0, the main one. The others have numbers here that no table of Linux
// has.
inline constexpr std::uint32_t kFibTables = 0xf1b0'0000;
inline constexpr std::uint32_t kMostFibs = 65'536;  // RT_MAXFIBS, sys/net/route.h
[[nodiscard]] constexpr TableId table_of_fib(std::uint32_t fib) { return fib == 0 ? kMainTable : TableId{kFibTables + fib}; }
[[nodiscard]] constexpr std::optional<std::uint32_t> fib_of(TableId table) {
  if (table == kMainTable) return 0;
  const bool is_fib = table.value > kFibTables && table.value - kFibTables < kMostFibs;
  return is_fib ? std::optional(table.value - kFibTables) : std::nullopt;
}

[[nodiscard]] constexpr ReqId reqid_of(Unit unit) { return {kReqIdBase + unit.value}; }
[[nodiscard]] constexpr IfId if_id_of(Unit unit) { return {unit.value}; }

// A device name: 1 to 15 bytes (IFNAMSIZ - 1 on both systems), no slash, no space, not "." or "..".
class IfName {
 public:
  IfName() = default;
  static Result<IfName> parse(std::string_view text);
  static IfName of(Unit unit);  // "ipsecN"

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] bool empty() const { return text_.empty(); }
  auto operator<=>(const IfName&) const = default;

 private:
  explicit IfName(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

}  // namespace vtid::net
