// Any datagram from the kernel's side: every decoder stays inside it.
#include <cstdint>

#include "platform/linux/addresses.h"
#include "platform/linux/links.h"
#include "platform/linux/notices.h"
#include "platform/linux/outsiders.h"
#include "platform/linux/policies.h"
#include "platform/linux/routes.h"
#include "platform/linux/sas.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace netlink = vtid::platform::netlink;
  const netlink::Bytes datagram(data, data + size);  // aligned, as the socket's buffer is
  netlink::for_each_message(datagram, [](const nlmsghdr& message) {
    (void)netlink::decode_link(message);
    (void)netlink::decode_counters(message);
    (void)netlink::decode_address(message);
    (void)netlink::decode_route(message);
    (void)netlink::decode_policy(message);
    (void)netlink::decode_sa(message);
    (void)netlink::is_our_sa(message);
    (void)netlink::decode_charons_sa(message, 0);
    (void)netlink::decode_charons_policy(message);
    (void)netlink::decode_lost_sa(message);
    (void)netlink::decode_catch_all(message);
    (void)netlink::decode_path(message);
    (void)netlink::decode_verdict(message);
    (void)netlink::concerns_us(message);
  });
  return 0;
}
