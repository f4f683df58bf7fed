#include "platform/host.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>

#include "base/unique_fd.h"
#include "platform/linux/forward_chains.h"
#include "platform/linux/outsiders.h"
#include "platform/linux/policies.h"
#include "platform/linux/proc.h"
#include "platform/linux/socket.h"

namespace vtid::platform {
namespace {

constexpr std::array kSystemWide{"net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding", "net.ipv4.conf.all.rp_filter",
                                 "net.ipv4.conf.all.accept_redirects", "net.ipv4.ip_no_pmtu_disc"};
constexpr std::array kOfDevice{"net.ipv4.conf.{}.rp_filter", "net.ipv4.conf.{}.forwarding", "net.ipv4.conf.{}.accept_redirects",
                               "net.ipv4.conf.{}.disable_xfrm", "net.ipv6.conf.{}.disable_ipv6"};

// One read: these files are shorter than a page, and a counter's line is about 40 bytes.
Result<std::string> read_proc(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 8192> bytes{};
  const ssize_t count = fd ? ::read(fd.get(), bytes.data(), bytes.size()) : -1;
  if (count >= 0) return std::string(bytes.data(), static_cast<std::size_t>(count));
  const int code = errno;
  return fail(fmt::format("cannot read {}: {}", path, std::strerror(code)), "", code);
}

Result<std::int64_t> read_sysctl(const std::string& name) {
  const std::string path = path_of_sysctl(name);
  const auto text = read_proc(path);
  if (!text) return std::unexpected(text.error());
  if (const auto value = parse_sysctl(*text)) return *value;
  return fail(fmt::format("{} holds no number", path));
}

void read_sysctls(model::HostFacts& facts, const model::HostQuestion& question) {
  for (const char* name : kSystemWide) facts.sysctls.emplace(name, read_sysctl(name));
  for (std::size_t i = 0; i < std::min(question.devices.size(), kMostDevices); ++i) {
    for (const char* pattern : kOfDevice) {
      std::string name = fmt::format(fmt::runtime(pattern), question.devices[i].text());
      auto value = read_sysctl(name);
      facts.sysctls.emplace(std::move(name), std::move(value));
    }
  }
}

Result<std::vector<model::CatchAll>> read_catch_alls() {
  auto socket = netlink::Socket::open(NETLINK_XFRM);
  if (!socket) return std::unexpected(socket.error());
  return socket->dump(netlink::encode_dump_policies(), "policies", netlink::decode_catch_all);
}

// Where the kernel has no nf_tables, none of its chains drops anything.
Result<std::vector<model::ForwardChain>> read_forward_chains() {
  auto socket = netlink::Socket::open(NETLINK_NETFILTER);
  if (!socket && socket.error().code == EPROTONOSUPPORT) return {};
  if (!socket) return std::unexpected(socket.error());
  const auto chains = socket->dump(netlink::encode_dump_chains(), "chains of nf_tables", netlink::decode_chain);
  if (!chains && chains.error().code == EINVAL) return {};  // net/netfilter/nfnetlink.c: nobody has registered
  if (!chains) return std::unexpected(chains.error());
  std::vector<netlink::NftRule> rules;
  for (const netlink::NftTable& table : netlink::forwarding_tables(*chains)) {
    auto more = socket->dump(netlink::encode_dump_rules(table), "rules of nf_tables", netlink::decode_rule);
    if (!more) return std::unexpected(more.error());
    std::ranges::move(*more, std::back_inserter(rules));
  }
  return netlink::dropping_chains(*chains, rules);
}

Result<model::PeerPath> path_of(const net::Address& peer, const netlink::Answer& answer) {
  if (answer.verdict.code != 0) {
    return fail(fmt::format("there is no route to {}: {}", net::print(peer), std::strerror(answer.verdict.code)), "",
                answer.verdict.code);
  }
  std::optional<netlink::IndexedPath> found;
  netlink::for_each_message(answer.reply, [&](const nlmsghdr& message) { found = netlink::decode_path(message); });
  std::array<char, IF_NAMESIZE> name{};
  if (!found || ::if_indextoname(found->index.value, name.data()) == nullptr) {
    return fail(fmt::format("the route to {} has no device", net::print(peer)));
  }
  auto device = net::IfName::parse(name.data());
  if (!device) return std::unexpected(device.error());
  return model::PeerPath{std::move(*device), found->mtu};
}

void read_paths(model::HostFacts& facts, const model::HostQuestion& question) {
  auto socket = netlink::Socket::open(NETLINK_ROUTE);
  if (!socket) {
    for (const net::Address& peer : question.peers) facts.paths.emplace(peer, std::unexpected(socket.error()));
    return;
  }
  std::vector<netlink::Bytes> requests;
  for (const net::Address& peer : question.peers) requests.push_back(netlink::encode_route_lookup(peer));
  const auto answers = socket->exchange(std::move(requests));
  for (std::size_t i = 0; i < question.peers.size(); ++i) {
    facts.paths.emplace(question.peers[i], path_of(question.peers[i], answers[i]));
  }
}

}  // namespace

Result<std::vector<model::DropCounter>> read_drops() {
  const std::string path = "/proc/net/xfrm_stat";
  const auto text = read_proc(path);
  if (!text && text.error().code == ENOENT) {
    return fail(path + " is not there", "the kernel counts drops only with CONFIG_XFRM_STATISTICS", ENOENT);
  }
  if (!text) return std::unexpected(text.error());
  if (auto counters = parse_drops(*text)) return std::move(*counters);
  return fail(path + " has lines that are no counters");
}

std::string name_of_process(std::int32_t pid) {
  std::string name = read_proc(fmt::format("/proc/{}/comm", pid)).value_or("");
  if (name.ends_with('\n')) name.pop_back();
  return name;
}

model::HostFacts read_host(const model::HostQuestion& question) {
  model::HostFacts facts;
  facts.system = "linux";
  read_sysctls(facts, question);
  facts.drops = read_drops();
  facts.catch_alls = read_catch_alls();
  facts.forward_chains = read_forward_chains();
  read_paths(facts, question);
  read_charon_settings(facts, question, "/etc/strongswan.conf");
  return facts;
}

}  // namespace vtid::platform
