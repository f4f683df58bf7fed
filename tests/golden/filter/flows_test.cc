// tests/freebsd/flows against the text that vtid gives pf for tests/freebsd/enc.json, if_ipsec.json and tunnel.json: each flow
// and its answer go through the points of docs/freebsd.md's table. The same table is tried on a FreeBSD kernel by
// tests/freebsd/run.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <ostream>
#include <sstream>

#include "config/parse.h"
#include "net/protocols.h"
#include "platform/freebsd/pf_anchor.h"
#include "reconcile/derive.h"
#include "support/pf_evaluator.h"

namespace vtid::test {
namespace {

const std::string kFolder = std::string(VTID_SOURCE_DIR) + "/tests/freebsd/";
const std::string kLan = "vtt_hq_lan0";
const std::string kNone = "";  // of a child of mode tunnel
constexpr std::uint16_t kClientPort = 40'000;
constexpr int kMostRoutings = 3;  // sys/netpfil/pf/pf.c: a packet that route-to has sent more often is dropped

struct Flow {
  std::string mode, from, to, port, verdict, what;
};
void PrintTo(const Flow& flow, std::ostream* out) {
  *out << flow.mode << ": " << flow.from << " to " << flow.to << " port " << flow.port << ": " << flow.what;
}

std::vector<Flow> read_flows() {
  std::ifstream file(kFolder + "flows");
  std::vector<Flow> flows;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.starts_with('#')) continue;
    std::istringstream in(line);
    Flow flow;
    in >> flow.mode >> flow.from >> flow.to >> flow.port >> flow.verdict >> std::ws;
    std::getline(in, flow.what);
    flows.push_back(flow);
  }
  return flows;
}

net::Address ip(std::string_view text) { return *net::parse_address(text); }
net::Prefix prefix(std::string_view text) { return *net::parse_prefix(text); }

std::string anchor_of(const std::string& mode) {
  std::ifstream file(kFolder + mode + ".json");
  const std::string text{std::istreambuf_iterator(file), {}};
  config::Readers readers;
  readers.secret = [](std::string_view) -> Result<std::string> { return "only-a-lab"; };
  const auto parsed = config::parse(text, mode, readers);
  const auto numbers = reconcile::allocate(parsed.config.value(), {});
  const auto derived = reconcile::derive(*parsed.config, numbers.value(), {}, {}, {}, {.has_rules = false});
  return platform::print_pf_anchor(derived.desired.filter.value().value);
}

std::set<net::Address> own_addresses() {
  return {ip("192.0.2.1"), ip("10.1.0.1"), ip("10.1.1.1"), ip("fd00:1::1"), ip("10.6.106.1"), ip("fd00:6::1"), ip("10.7.2.1")};
}

// hq: where its packets go, and where pf sees them on their way.
class Hq {
 public:
  Hq(const std::string& anchor, bool enc, bool fast)
      : pf_(anchor, {"ipsec1", "ipsec2"}, own_addresses()), enc_(enc), fast_(fast) {}

  PfVerdict send(const PfPacket& packet, const std::string& from) {
    if (from == "branch" || from == "branchlan") return from_tunnel(packet, device_for(packet.from));
    return from == "hqlan" ? from_lan(packet) : leave(packet, device_for(packet.to), {}, 0);
  }

 private:
  // The routes of the file and those of its interfaces; all else goes to the router, which knows none of it.
  static std::string device_for(const net::Address& to) {
    static const std::vector<std::pair<net::Prefix, std::string>> kRoutes{
        {prefix("10.2.0.0/24"), "ipsec1"}, {prefix("fd00:2::/64"), "ipsec1"}, {prefix("10.6.106.0/30"), "ipsec1"},
        {prefix("fd00:6::/64"), "ipsec1"}, {prefix("10.7.2.0/30"), "ipsec2"}, {prefix("10.1.0.0/24"), kLan},
        {prefix("fd00:1::/64"), kLan},     {prefix("10.1.1.0/24"), kLan},     {prefix("10.2.1.0/24"), kNone},
        {prefix("10.99.0.0/24"), "wan"}};
    return std::ranges::find_if(kRoutes, [&](const auto& route) { return route.first.contains(to); })->second;
  }

  PfVerdict from_lan(const PfPacket& packet) {
    const PfOutcome seen = pf_.meet(packet, PfDirection::in, kLan);
    if (seen.verdict != PfVerdict::passed) return seen.verdict;
    if (own_addresses().contains(packet.to)) return PfVerdict::passed;
    return leave(packet, seen.route_to.value_or(device_for(packet.to)), seen.route_to, seen.route_to ? 1 : 0);
  }

  PfVerdict leave(const PfPacket& packet, const std::string& device, const std::optional<std::string>& inherited,
                  int routings) {
    if (routings > kMostRoutings || device == "wan") return PfVerdict::blocked;
    const PfOutcome seen = device == kNone ? PfOutcome{} : pf_.meet(packet, PfDirection::out, device, inherited);
    if (seen.verdict != PfVerdict::passed || !enc_ || device == kLan) return seen.verdict;
    const PfOutcome again = pf_.meet(packet, PfDirection::out, "enc0");
    if (again.verdict != PfVerdict::passed || !again.route_to) return again.verdict;
    return leave(packet, *again.route_to, again.route_to, routings + 1);
  }

  // The answers to what a policy route sent come by that tunnel too: the branch has one way to hq's network.
  PfVerdict from_tunnel(const PfPacket& packet, std::string device) {
    if (device == "wan") device = "ipsec1";
    if (enc_) {
      if (const PfOutcome seen = pf_.meet(packet, PfDirection::in, "enc0"); seen.verdict != PfVerdict::passed)
        return seen.verdict;
    }
    const bool mine = own_addresses().contains(packet.to);
    if (device != kNone && (!enc_ || (fast_ && !mine))) {
      if (const PfOutcome seen = pf_.meet(packet, PfDirection::in, device); seen.verdict != PfVerdict::passed)
        return seen.verdict;
    }
    return mine ? PfVerdict::passed : leave(packet, device_for(packet.to), {}, 0);
  }

  PfEvaluator pf_;
  bool enc_, fast_;
};

net::Address source_of(const Flow& flow) {
  const bool v4 = flow.to.find(':') == std::string::npos;
  if (flow.to == "10.2.1.10") return ip("10.1.1.10");
  if (flow.to == "10.1.1.10") return ip("10.2.1.10");
  if (flow.from == "hqlan") return ip(v4 ? "10.1.0.10" : "fd00:1::10");
  if (flow.from == "branchlan") return ip(v4 ? "10.2.0.10" : "fd00:2::10");
  const bool spare = flow.to.starts_with("10.7.2.");
  if (flow.from == "hq") return ip(spare ? "10.7.2.1" : v4 ? "10.6.106.1" : "fd00:6::1");
  return ip(spare ? "10.7.2.2" : v4 ? "10.6.106.2" : "fd00:6::2");
}

PfPacket request_of(const Flow& flow) {
  PfPacket packet{.from = source_of(flow), .to = ip(flow.to)};
  const bool v4 = packet.to.is_v4();
  if (flow.port == "echo") {
    packet.protocol = v4 ? net::kIcmp : net::kIcmp6;
    packet.icmp_type = v4 ? 8 : 128;
  } else {
    packet.protocol = net::kTcp;
    packet.from_port = kClientPort;
    packet.to_port = static_cast<std::uint16_t>(std::stoi(flow.port));
  }
  return packet;
}

PfPacket answer_to(const PfPacket& request) {
  PfPacket packet = request;
  std::swap(packet.from, packet.to);
  std::swap(packet.from_port, packet.to_port);
  if (packet.icmp_type != 0) packet.icmp_type = packet.to.is_v4() ? 0 : 129;
  packet.opens = false;
  return packet;
}

std::string end_of(const Flow& flow, const std::string& anchor, bool fast) {
  static const std::map<PfVerdict, std::string> kWords{
      {PfVerdict::passed, "passed"}, {PfVerdict::blocked, "blocked"}, {PfVerdict::rejected, "rejected"}};
  static const std::map<std::string, std::string> kAnswers{
      {"hq", "branch"}, {"hqlan", "branchlan"}, {"branch", "hq"}, {"branchlan", "hqlan"}};
  Hq hq(anchor, flow.mode != "if_ipsec", fast);
  const PfPacket request = request_of(flow);
  PfVerdict verdict = hq.send(request, flow.from);
  if (verdict == PfVerdict::passed && hq.send(answer_to(request), kAnswers.at(flow.from)) != PfVerdict::passed) {
    verdict = PfVerdict::blocked;  // nobody hears of it
  }
  return kWords.at(verdict);
}

class Flows : public testing::TestWithParam<Flow> {};

TEST_P(Flows, EndAsTheTableSays) {
  const std::string anchor = anchor_of(GetParam().mode);
  EXPECT_EQ(end_of(GetParam(), anchor, false), GetParam().verdict) << "the slow way";
  EXPECT_EQ(end_of(GetParam(), anchor, true), GetParam().verdict) << "the fast way";
}

INSTANTIATE_TEST_SUITE_P(Table, Flows, testing::ValuesIn(read_flows()));

// The evaluator is worth something if it shows the faults that were seen on a kernel: with states where packets pass ipsecN on
// their way to enc0, what enc0 blocks goes out, and what a policy route sends goes round until pf drops it.
TEST(Evaluator, ShowsWhatStatesOnTheTunnelsDidInModeEnc) {
  std::string anchor = anchor_of("enc");
  const std::string_view line = "pass out quick on vtid all no state\n";
  const auto at = anchor.find(line);
  ASSERT_NE(at, std::string::npos) << anchor;
  anchor.replace(at, line.size(), "pass out quick on vtid all keep state (floating)\n");
  std::vector<std::string> otherwise;
  for (const Flow& flow : read_flows()) {
    if (flow.mode != "enc") continue;
    const std::string end = end_of(flow, anchor, false);
    if (end != flow.verdict) otherwise.push_back(flow.from + " to " + flow.to + " port " + flow.port + " " + end);
  }
  EXPECT_EQ(otherwise, (std::vector<std::string>{"hq to 10.6.106.2 port 25 passed", "hq to 10.7.2.2 port 25 passed",
                                                 "hqlan to 10.2.0.10 port 25 passed", "hqlan to fd00:2::10 port 25 passed",
                                                 "hqlan to 10.99.0.10 port 8080 blocked"}));
}

}  // namespace
}  // namespace vtid::test
