#include "bench/rivals.h"

#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <unistd.h>

#include <array>
#include <cstring>
#include <fstream>

namespace vtid::bench {
namespace {

class Loop {
 public:
  Loop() : socket_(mnl_socket_open(NETLINK_ROUTE)) {
    if (socket_ == nullptr || mnl_socket_bind(socket_, 0, MNL_SOCKET_AUTOPID) < 0) die("netlink socket");
  }
  ~Loop() { mnl_socket_close(socket_); }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  template <class Body>
  Body* begin(std::uint16_t type, int flags) {
    buffer_.fill(0);
    header_ = mnl_nlmsg_put_header(buffer_.data());
    header_->nlmsg_type = type;
    header_->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
    header_->nlmsg_seq = ++sequence_;
    return static_cast<Body*>(mnl_nlmsg_put_extra_header(header_, sizeof(Body)));
  }
  nlmsghdr* header() { return header_; }
  void send(const char* what) {
    std::array<char, 8192> answer{};
    if (mnl_socket_sendto(socket_, header_, header_->nlmsg_len) < 0) die(what);
    const ssize_t count = mnl_socket_recvfrom(socket_, answer.data(), answer.size());
    if (count < 0 || mnl_cb_run(answer.data(), static_cast<std::size_t>(count), sequence_, 0, nullptr, nullptr) < 0) die(what);
  }

 private:
  mnl_socket* socket_;
  std::array<char, 8192> buffer_{};
  nlmsghdr* header_ = nullptr;
  std::uint32_t sequence_ = 0;
};

void create_link(Loop& loop, const char* name, std::uint32_t if_id) {
  loop.begin<ifinfomsg>(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  nlmsghdr* message = loop.header();
  mnl_attr_put_strz(message, IFLA_IFNAME, name);
  mnl_attr_put_u32(message, IFLA_MTU, 1446);
  nlattr* info = mnl_attr_nest_start(message, IFLA_LINKINFO);
  mnl_attr_put_strz(message, IFLA_INFO_KIND, "xfrm");
  nlattr* values = mnl_attr_nest_start(message, IFLA_INFO_DATA);
  mnl_attr_put_u32(message, IFLA_XFRM_LINK, 1);
  mnl_attr_put_u32(message, IFLA_XFRM_IF_ID, if_id);
  mnl_attr_nest_end(message, values);
  mnl_attr_nest_end(message, info);
  loop.send("create link");
}

void bring_up(Loop& loop, int index) {
  auto* body = loop.begin<ifinfomsg>(RTM_NEWLINK, 0);
  body->ifi_index = index;
  body->ifi_flags = body->ifi_change = IFF_UP;
  nlattr* families = mnl_attr_nest_start(loop.header(), IFLA_AF_SPEC);
  nlattr* inet6 = mnl_attr_nest_start(loop.header(), AF_INET6);
  mnl_attr_put_u8(loop.header(), IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
  mnl_attr_nest_end(loop.header(), inet6);
  mnl_attr_nest_end(loop.header(), families);
  loop.send("bring up");
}

void add_address(Loop& loop, int index, std::uint8_t family, std::uint8_t length, const void* address, std::size_t size) {
  auto* body = loop.begin<ifaddrmsg>(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
  body->ifa_family = family;
  body->ifa_prefixlen = length;
  body->ifa_index = static_cast<std::uint32_t>(index);
  mnl_attr_put(loop.header(), IFA_LOCAL, size, address);
  mnl_attr_put(loop.header(), IFA_ADDRESS, size, address);
  mnl_attr_put_u32(loop.header(), IFA_FLAGS, IFA_F_NODAD);
  loop.send("add address");
}

void add_route(Loop& loop, int index, const void* network, const void* gateway) {
  auto* body = loop.begin<rtmsg>(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
  body->rtm_family = AF_INET;
  body->rtm_dst_len = 24;
  body->rtm_table = RT_TABLE_MAIN;
  body->rtm_protocol = RTPROT_STATIC;
  body->rtm_type = RTN_UNICAST;
  mnl_attr_put(loop.header(), RTA_DST, 4, network);
  mnl_attr_put(loop.header(), RTA_GATEWAY, 4, gateway);
  mnl_attr_put_u32(loop.header(), RTA_OIF, static_cast<std::uint32_t>(index));
  loop.send("add route");
}

void raw_loop(std::uint32_t count) {
  Loop loop;
  for (std::uint32_t n = 1; n <= count; ++n) {
    const std::string name = fmt::format("ipsec{}", n);
    const auto high = static_cast<std::uint8_t>(n / 64);
    const auto low = static_cast<std::uint8_t>(n % 64 * 4);
    create_link(loop, name.c_str(), n);
    const int index = static_cast<int>(if_nametoindex(name.c_str()));
    bring_up(loop, index);
    const std::array<std::uint8_t, 4> local{10, 128, high, static_cast<std::uint8_t>(low + 1)};
    const std::array<std::uint8_t, 4> peer{10, 128, high, static_cast<std::uint8_t>(low + 2)};
    const std::array<std::uint8_t, 4> network{10, static_cast<std::uint8_t>(n / 256), static_cast<std::uint8_t>(n % 256), 0};
    const std::array<std::uint8_t, 16> local6{
        0xfd, 0, 0, 0, 0, 0, static_cast<std::uint8_t>(n / 256), static_cast<std::uint8_t>(n % 256), 0, 0, 0, 0, 0, 0, 0, 1};
    add_address(loop, index, AF_INET, 30, local.data(), local.size());
    add_address(loop, index, AF_INET6, 64, local6.data(), local6.size());
    add_route(loop, index, network.data(), peer.data());
  }
}

void raw_removal(std::uint32_t count) {
  Loop loop;
  for (std::uint32_t n = 1; n <= count; ++n) {
    auto* body = loop.begin<ifinfomsg>(RTM_DELLINK, 0);
    body->ifi_index = static_cast<int>(if_nametoindex(fmt::format("ipsec{}", n).c_str()));
    loop.send("delete link");
  }
}

void run_batch(const std::string& lines) {
  const std::string path = fmt::format("/tmp/vtid-bench-{}", ::getpid());
  std::ofstream(path) << lines;
  const int status = std::system(("ip -batch " + path).c_str());
  ::unlink(path.c_str());
  if (status != 0) die("ip -batch failed");
}

void ip_batch(std::uint32_t count) {
  std::string lines;
  for (std::uint32_t n = 1; n <= count; ++n) {
    const Numbers numbers{n};
    lines += fmt::format(
        "link add ipsec{0} mtu 1446 type xfrm dev lo if_id {0}\nlink set ipsec{0} addrgenmode none up multicast on alias "
        "vtid-{0}\n"
        "address add {1}/30 dev ipsec{0}\naddress add {2}/64 dev ipsec{0} nodad\nroute add {3} via {4} dev ipsec{0}\n",
        n, numbers.host(1), numbers.host6(1), numbers.network(), numbers.host(2));
  }
  run_batch(lines);
}

void ip_batch_removal(std::uint32_t count) {
  std::string lines;
  for (std::uint32_t n = 1; n <= count; ++n) lines += fmt::format("link delete ipsec{}\n", n);
  run_batch(lines);
}

}  // namespace

std::vector<Rival> rivals() { return {{"ip -batch", ip_batch, ip_batch_removal}, {"raw loop", raw_loop, raw_removal}}; }

void prepare_network() {
  if (std::system("ip link set lo up") != 0) die("cannot set lo up");
}

}  // namespace vtid::bench
