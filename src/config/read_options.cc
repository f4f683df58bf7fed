#include "config/read_options.h"

#include <charconv>
#include <chrono>

#include "base/number.h"
#include "config/read.h"
#include "config/values.h"

namespace vtid::config {
namespace {

using namespace std::chrono_literals;
using model::Childless;
using model::CopyDf;
using model::CopyDscp;
using model::Fragmentation;
using model::Offload;
using model::SetMark;
using model::Unique;

constexpr Word<Childless> kChildless[] = {
    {"allow", Childless::allow}, {"prefer", Childless::prefer}, {"force", Childless::force}, {"never", Childless::never}};
constexpr Word<Unique> kUnique[] = {{"never", Unique::never}, {"replace", Unique::replace}, {"keep", Unique::keep}};
constexpr Word<Fragmentation> kFragmentation[] = {
    {"yes", Fragmentation::yes}, {"accept", Fragmentation::accept}, {"no", Fragmentation::no}, {"force", Fragmentation::force}};
constexpr Word<CopyDscp> kCopyDscp[] = {
    {"out", CopyDscp::out}, {"in", CopyDscp::in}, {"both", CopyDscp::both}, {"none", CopyDscp::none}};
constexpr Word<CopyDf> kCopyDf[] = {{"copy", CopyDf::copy}, {"clear", CopyDf::clear}};
constexpr Word<Offload> kOffload[] = {
    {"none", Offload::none}, {"auto", Offload::automatic}, {"crypto", Offload::crypto}, {"packet", Offload::packet}};

constexpr int kHighestDscp = 63;
constexpr std::int64_t kFewestBytes = 1'000'000;            // below, an SA is renewed all the time
constexpr std::int64_t kFewestPackets = 1'000;              // likewise
constexpr std::int64_t kMostCounted = 999'999'999'999'999;  // charon reads 15 digits

auto seconds_in(Duration shortest, Duration longest) {
  return [=](const Node& node) { return whole_seconds(duration(node, shortest, longest)); };
}

// What an optional holds, of a value that has to be there.
template <class Convert>
auto some(Convert convert) {
  return [=](const Node& node) { return map(convert(node), [](const auto& value) { return std::optional(value); }); };
}

// A whole number, or with a unit: "10G". 1024 of each are one of the next.
Result<std::uint64_t> volume(const Node& node) {
  const auto* written = std::get_if<std::string>(&node.value);
  const auto in_range = number_in(kFewestBytes, kMostCounted);
  if (written == nullptr) return map(in_range(node), [](std::int64_t value) { return static_cast<std::uint64_t>(value); });
  const Error wrong{fmt::format("\"{}\" is not a number of bytes", written->substr(0, kLongestShown)),
                    fmt::format("write {} to {}, or a number with K, M, G or T: \"10G\"", kFewestBytes, kMostCounted)};
  constexpr std::string_view kUnits = "KMGT";
  std::int64_t value = 0;
  const char* const end = written->data() + written->size();
  const auto [rest, code] = std::from_chars(written->data(), end, value);
  if (code != std::errc{} || value < 0 || rest + 1 < end) return std::unexpected(wrong);
  if (rest != end) {
    const auto unit = kUnits.find(*rest);
    if (unit == std::string_view::npos) return std::unexpected(wrong);
    for (std::size_t i = 0; i <= unit; ++i) value = value > kMostCounted ? value : value * 1'024;
  }
  if (value < kFewestBytes || value > kMostCounted) return std::unexpected(wrong);
  return static_cast<std::uint64_t>(value);
}

// "0x10/0xff"; without a mask all bits that are not vtid's own.
Result<SetMark> set_mark(const Node& node) {
  constexpr std::string_view kRemedy = "write a value and its mask within 0xffff: \"0x10/0xff\"";
  const auto written = filled_text(node);
  if (!written) return std::unexpected(written.error());
  const auto slash = written->find('/');
  const auto value = parse_hexadecimal_or_decimal<std::uint32_t>(std::string_view(*written).substr(0, slash));
  const auto mask = slash == std::string::npos
                        ? model::kMarksOfOthers
                        : parse_hexadecimal_or_decimal<std::uint32_t>(std::string_view(*written).substr(slash + 1));
  const std::string shown = written->substr(0, kLongestShown);
  if (!value || !mask) return fail(fmt::format("\"{}\" is not a mark", shown), std::string(kRemedy));
  if ((*mask | *value) > model::kMarksOfOthers) {
    return fail(fmt::format("\"{}\" reaches into 0xffff0000, the bits that vtid marks packets with", shown),
                std::string(kRemedy));
  }
  if (*mask == 0) return fail(fmt::format("\"{}\" sets no bit", shown), std::string(kRemedy));
  if ((*value & ~*mask) != 0) return fail(fmt::format("\"{}\" has bits outside its mask", shown), std::string(kRemedy));
  return SetMark{*value, *mask};
}

}  // namespace

Result<std::uint8_t> dscp_value(const Node& node) {
  const auto* written = std::get_if<std::string>(&node.value);
  if (written == nullptr) return number_in<std::uint8_t>(0, kHighestDscp)(node);
  const auto digit = [&](std::size_t at, char highest) {
    const char c = written->size() > at ? (*written)[at] : '\0';
    return c >= '0' && c <= highest ? std::optional(c - '0') : std::nullopt;
  };
  if (*written == "ef") return 46;
  if (*written == "le") return 1;
  if (written->size() == 3 && written->starts_with("cs")) {
    if (const auto precedence = digit(2, '7')) return static_cast<std::uint8_t>(*precedence * 8);
  }
  if (written->size() == 4 && written->starts_with("af")) {
    const auto forwarding = digit(2, '4'), drop = digit(3, '3');
    if (forwarding && drop && *forwarding > 0 && *drop > 0) return static_cast<std::uint8_t>(*forwarding * 8 + *drop * 2);
  }
  return fail(fmt::format("\"{}\" is not a DSCP", written->substr(0, kLongestShown)),
              "write 0 to 63, \"cs0\" to \"cs7\", \"af11\" to \"af43\", \"ef\" or \"le\"");
}

void read_ike_options(Object& ike, model::IkeOptions& options) {
  const auto margin = or_auto(seconds_in(0s, 15 * 24h));
  ike.read("spread", options.spread, margin);
  ike.read("grace", options.grace, margin);
  ike.read("reauth", options.reauth, some([](const Node& node) { return renewal(node, 60s); }));
  ike.read("dpd_timeout", options.dpd_timeout, some(seconds_in(1s, 24h)));
  ike.read("childless", options.childless, some(one_of(kChildless)));
  ike.read("unique", options.unique, some(one_of(kUnique)));
  ike.read("fragmentation", options.fragmentation, some(one_of(kFragmentation)));
  ike.read("dscp", options.dscp, some(dscp_value));
}

void read_child_options(Object& child, model::ChildOptions& options) {
  child.read("spread", options.spread, or_auto(seconds_in(0s, 15 * 24h)));
  child.read("grace", options.grace, or_auto(seconds_in(0s, 60 * 24h)));
  child.read("rekey_bytes", options.rekey_bytes, some(volume));
  child.read("rekey_packets", options.rekey_packets, some([](const Node& node) {
               return map(whole_number(node, kFewestPackets, kMostCounted),
                          [](std::int64_t value) { return static_cast<std::uint64_t>(value); });
             }));
  child.read("replay_window", options.replay_window, some(number_in<std::uint32_t>(0, kLargestReplayWindow)));
  child.read("dscp", options.dscp, some(one_of(kCopyDscp)));
  child.read("ecn", options.ecn, some(flag));
  child.read("df", options.df, some(one_of(kCopyDf)));
  child.read("mark_in", options.mark_in, some(set_mark));
  child.read("mark_out", options.mark_out, some(set_mark));
  child.read("offload", options.offload, some(one_of(kOffload)));
  if (auto selectors = child.object("selectors")) {
    options.selectors.emplace();
    selectors->require("local", options.selectors->local, networks);
    selectors->require("remote", options.selectors->remote, networks);
    selectors->close();
  }
}

}  // namespace vtid::config
