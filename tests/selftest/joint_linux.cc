// Both ends of a veth are made where they are to be, and go with the network namespaces.
#include <linux/rtnetlink.h>
#include <linux/veth.h>

#include <cerrno>
#include <csignal>
#include <system_error>

#include "platform/linux/socket.h"
#include "selftest/joint.h"

namespace vtid::selftest {
namespace {

namespace netlink = platform::netlink;

netlink::Request end_of(const net::IfName& name, std::uint32_t network) {
  netlink::Request request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifinfomsg{});
  request.put_text(IFLA_IFNAME, name.text()).put(IFLA_NET_NS_PID, network);
  return request;
}

}  // namespace

Result<void> Joint::lay() {
  const net::IfName name = *net::IfName::parse("wan0");
  auto socket = netlink::Socket::open(NETLINK_ROUTE);
  if (!socket) return std::unexpected(socket.error());
  const netlink::Bytes peer = end_of(name, networks[1]).bytes();  // its attribute has all but the netlink header
  netlink::Request request = end_of(name, networks[0]);
  request.nest(IFLA_LINKINFO, [&](netlink::Request& facts) {
    facts.put_text(IFLA_INFO_KIND, "veth").nest(IFLA_INFO_DATA, [&](netlink::Request& inner) {
      inner.put_bytes(VETH_INFO_PEER, peer.data() + sizeof(nlmsghdr), peer.size() - sizeof(nlmsghdr));
    });
  });
  const auto answers = socket->exchange({request.bytes()});
  const netlink::Verdict& verdict = answers.front().verdict;
  if (verdict.code == 0) {
    ends = {name, name};
    return {};
  }
  return fail("cannot make a veth (RTM_NEWLINK): " + std::generic_category().message(verdict.code) + " " + verdict.text,
              verdict.code == EOPNOTSUPP ? "load the kernel module: modprobe veth" : "", verdict.code);
}

Result<void> Joint::take_up() {
  ends = {};
  return {};
}

Result<void> Joint::find_nothing_left() const {
  for (const std::uint32_t process : networks) {
    if (process != 0 && ::kill(static_cast<pid_t>(process), 0) == 0)
      return fail("process " + std::to_string(process) + " with its network namespace is there");
  }
  return {};
}

}  // namespace vtid::selftest
