// Others on Linux: the backend's own encoders, with other marks, over a socket of their own.
#include <arpa/inet.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
#include <net/if.h>
#include <nftables/libnftables.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "contract/stage.h"
#include "platform/linux/addresses.h"
#include "platform/linux/links.h"
#include "platform/linux/policies.h"
#include "platform/linux/routes.h"
#include "platform/linux/rules.h"
#include "platform/linux/sas.h"
#include "platform/linux/socket.h"

namespace vtid::contract {
namespace {

namespace netlink = platform::netlink;

netlink::Socket open(int protocol) {
  auto socket = netlink::Socket::open(protocol);
  if (!socket) give_up("open a socket", socket.error().text);
  return *std::move(socket);
}

net::IfIndex index_of(const net::IfName& name) { return {if_nametoindex(name.text().c_str())}; }

netlink::Indexes indexes_of(const model::Route& route) {
  netlink::Indexes indexes;
  for (const model::NextHop& hop : model::hops_of(route)) indexes.push_back(index_of(hop.via.device));
  return indexes;
}

void ask(netlink::Socket& socket, netlink::Bytes request) {
  const auto answers = socket.exchange({std::move(request)});
  const netlink::Verdict& verdict = answers.front().verdict;
  if (verdict.code != 0) give_up("change the world", std::generic_category().message(verdict.code) + " " + verdict.text);
}
template <class Decode>
auto list(netlink::Socket& socket, netlink::Bytes request, Decode decode) {
  auto found = socket.dump(std::move(request), "things", decode);
  if (!found) give_up("look at the world", found.error().text);
  return *std::move(found);
}

// As somebody with nft(8) would.
std::string nft(const char* commands) {
  const std::unique_ptr<nft_ctx, void (*)(nft_ctx*)> context(nft_ctx_new(NFT_CTX_DEFAULT), nft_ctx_free);
  nft_ctx_buffer_output(context.get());
  nft_ctx_buffer_error(context.get());
  if (nft_run_cmd_from_buffer(context.get(), commands) != 0) give_up("run nft", nft_ctx_get_error_buffer(context.get()));
  return nft_ctx_get_output_buffer(context.get());
}

class LinuxWorld final : public World {
 public:
  LinuxWorld() : route_(open(NETLINK_ROUTE)), xfrm_(open(NETLINK_XFRM)) { set_link(device("lo"), true, 65'536); }

  void add_link(const net::IfName& name) override {
    ifinfomsg header{};
    header.ifi_flags = header.ifi_change = IFF_UP;
    ask(route_, netlink::Request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, header)
                    .put_text(IFLA_IFNAME, name.text())
                    .nest(IFLA_LINKINFO, [](auto& request) { request.put_text(IFLA_INFO_KIND, "dummy"); })
                    .bytes());
  }
  void add_tunnel(const net::IfName& name, net::IfId if_id) override {
    model::Link link;
    link.name = name;
    link.if_id = if_id;
    ask(route_, netlink::encode_create_link(link, index_of(device("lo")), 0));
    set_link(name, true, 1500);
  }
  void add_vrf(const net::IfName& name, net::TableId table) override {
    ifinfomsg header{};
    header.ifi_flags = header.ifi_change = IFF_UP;
    ask(route_, netlink::Request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, header)
                    .put_text(IFLA_IFNAME, name.text())
                    .nest(IFLA_LINKINFO,
                          [&](auto& request) {
                            request.put_text(IFLA_INFO_KIND, "vrf").nest(IFLA_INFO_DATA, [&](auto& inner) {
                              inner.put(IFLA_VRF_TABLE, table.value);
                            });
                          })
                    .bytes());
  }
  void set_master(const net::IfName& name, const net::IfName& master) override {
    ask(route_, netlink::encode_enslave(index_of(name), master.empty() ? net::IfIndex{} : index_of(master)));
  }
  void delete_link(const net::IfName& name) override { ask(route_, netlink::encode_delete_link(index_of(name))); }
  void set_link(const net::IfName& name, bool up, std::uint32_t mtu) override {
    ifinfomsg header{};
    header.ifi_index = static_cast<int>(index_of(name).value);
    header.ifi_flags = up ? unsigned{IFF_UP} : 0U;
    header.ifi_change = IFF_UP;
    ask(route_, netlink::Request(RTM_NEWLINK, 0, header).put(IFLA_MTU, mtu).bytes());
  }
  void add_address(const model::InterfaceAddress& address) override {
    ask(route_, netlink::encode_new_address(address, index_of(address.device)));
  }
  void flush_addresses(const net::IfName& name) override {
    for (const auto& item : list(route_, netlink::encode_dump_addresses(), netlink::decode_address)) {
      if (item.index == index_of(name)) ask(route_, netlink::encode_delete_address({name, item.local, item.peer}, item.index));
    }
  }
  void add_route(const model::Route& route) override {
    ask(route_, netlink::encode_new_route(route, indexes_of(route), netlink::Insert::alone, RTPROT_STATIC));
  }
  void delete_our_route(const model::Route& route) override {
    ask(route_, netlink::encode_delete_route(route, indexes_of(route)));
  }
  void delete_route(const model::Route& route) override {
    ask(route_, netlink::encode_delete_route(route, indexes_of(route), RTPROT_STATIC));
  }
  [[nodiscard]] bool has_route(const model::Route& route) override;
  void add_rule(const model::Rule& rule) override { ask(route_, netlink::encode_add_rule(rule, RTPROT_STATIC)); }
  void delete_our_rule(const model::Rule& rule) override { ask(route_, netlink::encode_delete_rule(rule)); }
  [[nodiscard]] bool has_rule(const model::Rule& rule) override {
    const auto found = list(route_, netlink::encode_dump_rules(),
                            [](const nlmsghdr& message) { return netlink::decode_rule(message, RTPROT_STATIC); });
    return std::ranges::find(found, rule) != found.end();
  }
  void add_policy(const model::Policy& policy) override { ask(xfrm_, netlink::encode_new_policy(policy)); }
  [[nodiscard]] bool has_policy(const model::Policy& policy) override;
  void delete_policy(const model::Policy& policy) override { ask(xfrm_, netlink::encode_delete_policy(policy)); }
  void add_sa(const model::Sa& sa) override { ask(xfrm_, netlink::encode_new_sa(sa, 0)); }
  void delete_our_sa(const model::Sa& sa) override { ask(xfrm_, netlink::encode_delete_sa(sa)); }
  [[nodiscard]] bool has_sa(const model::Sa& sa) override;
  void alter_filter() override { nft("insert rule inet vtid input accept"); }
  void delete_our_filter() override { nft("delete table inet vtid"); }
  void add_foreign_filter() override {
    nft("add table inet theirs; add chain inet theirs input { type filter hook input priority 0; }; "
        "add rule inet theirs input tcp dport 22 accept; add table ip vtid");
  }
  [[nodiscard]] bool has_foreign_filter() override {
    return nft("list table inet theirs").contains("tcp dport 22 accept") && nft("list tables").contains("table ip vtid");
  }

 private:
  netlink::Socket route_;
  netlink::Socket xfrm_;
};

// The decoders show only what is ours; here others' messages get our mark before they are read.
bool LinuxWorld::has_route(const model::Route& route) {
  rtmsg request{};
  request.rtm_family = route.to.address.is_v4() ? AF_INET : AF_INET6;
  request.rtm_protocol = RTPROT_STATIC;
  const auto found = list(route_, netlink::Request(RTM_GETROUTE, NLM_F_DUMP, request).bytes(), [](const nlmsghdr& message) {
    netlink::Bytes copy(message.nlmsg_len);
    std::memcpy(copy.data(), &message, copy.size());
    const auto protocol = model::kRouteProtocol;
    std::memcpy(copy.data() + sizeof(nlmsghdr) + offsetof(rtmsg, rtm_protocol), &protocol, sizeof protocol);
    std::optional<netlink::IndexedRoute> theirs;
    netlink::for_each_message(copy, [&](const nlmsghdr& marked) { theirs = netlink::decode_route(marked); });
    return theirs;
  });
  model::Route nameless = route;  // as decoded: the device is an index beside it
  if (auto* via = std::get_if<model::ViaGateway>(&nameless.target)) via->device = {};
  return std::ranges::find(found, netlink::IndexedRoute{nameless, indexes_of(route)}) != found.end();
}

bool LinuxWorld::has_policy(const model::Policy& policy) {
  const auto found = list(xfrm_, netlink::encode_dump_policies(),
                          [](const nlmsghdr& message) { return netlink::header_of<xfrm_userpolicy_info>(message); });
  for (const auto& item : found) {
    if (item.priority == policy.priority && item.dir == static_cast<std::uint8_t>(policy.direction)) return true;
  }
  return false;
}

bool LinuxWorld::has_sa(const model::Sa& sa) {
  const auto found = list(xfrm_, netlink::encode_dump_sas(),
                          [](const nlmsghdr& message) { return netlink::header_of<xfrm_usersa_info>(message); });
  return std::ranges::any_of(found, [&](const xfrm_usersa_info& item) {
    return item.id.spi == htonl(sa.spi) && item.sel.user == 0 && item.reqid == sa.reqid.value;
  });
}

}  // namespace

model::Capabilities native_capabilities() { return {.system = "linux"}; }

Result<std::uint32_t> enter_own_network() {
  if (unshare(CLONE_NEWNET) == 0) return static_cast<std::uint32_t>(getpid());
  const int code = errno;
  return fail("cannot make a network namespace: " + std::generic_category().message(code), "run as root", code);
}

Backend open_here() {
  auto world = std::make_unique<LinuxWorld>();
  auto kernel = platform::open_native_kernel();
  if (!kernel) give_up("open the kernel", kernel.error().text);
  return {*std::move(kernel), std::move(world)};
}

Backend open_native() {
  const auto entered = enter_own_network();
  if (!entered) give_up("begin", entered.error().text);
  return open_here();
}

}  // namespace vtid::contract
