// netlink-record DIR: has the conversation of exchanges.h with the kernel at hand, in a network namespace of its own, and
// writes what was said as NAME.hex. As root, with the modules xfrm_interface and xfrm_user; run it in tests/lab.
#include <libmnl/libmnl.h>
#include <linux/xfrm.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "exchanges.h"

namespace {

using namespace vtid::golden;
using netlink::Bytes;

struct Line {
  explicit Line(int protocol) : socket(mnl_socket_open(protocol)) {
    int on = 1;
    if (socket == nullptr || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0) std::abort();
    for (const int option : {NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK}) {
      mnl_socket_setsockopt(socket, option, &on, sizeof on);
    }
  }
  ~Line() { mnl_socket_close(socket); }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  void say(const Bytes& request) const {
    if (mnl_socket_sendto(socket, request.data(), request.size()) < 0) std::abort();
  }
  [[nodiscard]] Bytes hear() const {
    Bytes datagram(1 << 16);
    const ssize_t size = mnl_socket_recvfrom(socket, datagram.data(), datagram.size());
    if (size < 0) std::abort();
    datagram.resize(static_cast<std::size_t>(size));
    return datagram;
  }
  mnl_socket* socket;
};

nlmsghdr& header(Bytes& request) { return *static_cast<nlmsghdr*>(static_cast<void*>(request.data())); }

bool is_end(const Bytes& datagram) {
  bool end = false;
  netlink::for_each_message(
      datagram, [&](const nlmsghdr& message) { end = message.nlmsg_type == NLMSG_DONE || message.nlmsg_type == NLMSG_ERROR; });
  return end;
}

void write(std::ofstream& file, char mark, const Bytes& bytes) {
  constexpr std::size_t kPerLine = 32;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    char text[8];
    std::snprintf(text, sizeof text, "%02x", bytes[i]);
    if (i % kPerLine == 0) file << mark << ' ';
    file << text << (i + 1 == bytes.size() || (i + 1) % kPerLine == 0 ? "\n" : "");
  }
}

void save(const std::string& folder, const std::string& name, const Bytes& request, const Bytes& reply) {
  utsname system{};
  uname(&system);
  std::ofstream file(folder + "/" + name + ".hex");
  file << "# Linux " << system.release << ' ' << system.machine << ", said (>) and heard (<) by netlink-record\n";
  write(file, '>', request);
  write(file, '<', reply);
}

// What a listener to XFRMNLGRP_SA was told meanwhile.
void save_notices(const std::string& folder, const Line& line) {
  Bytes heard;
  Bytes datagram(1 << 16);
  for (ssize_t size = 0; (size = recv(mnl_socket_get_fd(line.socket), datagram.data(), datagram.size(), MSG_DONTWAIT)) > 0;) {
    heard.insert(heard.end(), datagram.begin(), datagram.begin() + size);
  }
  save(folder, "sa_notices", {}, heard);
}

// A dump that is overtaken by a change between two of its parts; one message of it says so, which is kept.
void save_interrupted(const std::string& folder, const Line& line) {
  for (std::uint32_t unit = 100; unit < 200; ++unit) {
    vtid::model::Link many = link();
    many.name = vtid::net::IfName::of({unit});
    many.if_id = {unit};
    Bytes request = netlink::encode_create_link(many, kLoopback);
    header(request).nlmsg_flags |= NLM_F_ACK;
    line.say(request);
    (void)line.hear();
  }
  const Bytes dump = netlink::encode_dump_links();
  line.say(dump);
  Bytes part = line.hear();
  const Line other(NETLINK_ROUTE);
  other.say(netlink::encode_create_link(link(), kLoopback));
  Bytes interrupted;
  while (!is_end(part)) {
    part = line.hear();
    netlink::for_each_message(part, [&](const nlmsghdr& message) {
      const auto* bytes = static_cast<const std::uint8_t*>(static_cast<const void*>(&message));
      if ((message.nlmsg_flags & NLM_F_DUMP_INTR) != 0) interrupted.assign(bytes, bytes + message.nlmsg_len);
    });
  }
  save(folder, "interrupted", dump, interrupted);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 || unshare(CLONE_NEWNET) != 0) {
    std::fputs("usage, as root: netlink-record DIR\n", stderr);
    return 2;
  }
  const Line route(NETLINK_ROUTE);
  const Line xfrm(NETLINK_XFRM);
  const Line notices(NETLINK_XFRM);
  unsigned group = XFRMNLGRP_SA;
  if (mnl_socket_setsockopt(notices.socket, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) < 0) std::abort();
  for (auto& [name, request, protocol] : exchanges()) {
    const Line& line = protocol == Protocol::route ? route : xfrm;
    Bytes said = request;
    if ((header(said).nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP) header(said).nlmsg_flags |= NLM_F_ACK;
    line.say(said);
    Bytes heard = line.hear();
    while (!is_end(heard)) {
      const Bytes more = line.hear();
      heard.insert(heard.end(), more.begin(), more.end());
    }
    save(argv[1], name, said, heard);
  }
  save_notices(argv[1], notices);
  save_interrupted(argv[1], route);
}
