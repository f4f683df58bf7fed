// Any message of FreeBSD's kernel, by PF_KEY or PF_ROUTE: every decoder stays inside it, a run of messages is taken apart
// without gap or overlap, and an SA or a route of ours that is encoded decodes to itself.
#include <cstdint>
#include <cstdlib>

#include "platform/freebsd/wire/pfkey.h"
#include "platform/freebsd/wire/routing.h"

namespace {

using namespace vtid;
using namespace vtid::platform::freebsd;

void require(bool holds) {
  if (!holds) std::abort();
}

bool inside(View part, View whole) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

// What vtid would add: an algorithm of ours with a key as long as it asks, and a window as the kernel keeps it.
void check_sa(const ListedSa& listed) {
  model::Sa sa = listed.sa;
  const model::KeyLayout layout = key_layout(sa.algorithm);
  sa.key = model::Secret(std::string(static_cast<std::size_t>(layout.cipher + layout.salt + layout.integrity), 'k'));
  if (sa.source.family() != sa.destination.family()) return;
  sa.replay_window = sa.replay_window % 4'096 / kPacketsPerWindowByte * kPacketsPerWindowByte;
  const auto bytes = encode_add_sa(sa, {});
  if (!bytes) return;
  const auto message = read_key_message(*bytes);
  require(message.has_value());
  const auto again = decode_sa(*message);
  require(again && again->ours && again->sa == sa);
}

void check_key_message(View bytes) {
  const auto message = read_key_message(bytes);
  if (!message) return;
  for (const View part : message->parts) require(inside(part, bytes));
  if (const auto sa = decode_sa(*message)) check_sa(*sa);
  (void)decode_policy(*message);
  (void)key_notice_concerns_us(bytes);
}

void check_route(const ListedRoute& listed) {
  const auto* via = std::get_if<model::ViaGateway>(&listed.route.target);
  if (via != nullptr && via->gateway && via->gateway->family() != listed.route.to.family()) return;
  const Bytes bytes = encode_route(abi::kRtmGet, listed.route, listed.index, {});
  const auto again = decode_route(bytes);
  require(again && again->ours && again->route == listed.route);
}

void check_message(View message) {
  (void)decode_link(message);
  (void)decode_address(message);
  if (const auto route = decode_route(message)) check_route(*route);
  (void)route_notice_concerns_us(message);
}

void check_run(View run) {
  const std::uint8_t* next = run.data();
  const bool whole = for_each_message(run, [&](View message) {
    require(message.data() >= next && inside(message, run));
    next = message.data() + message.size();
    check_message(message);
  });
  require(!whole || next <= run.data() + run.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const View bytes(data, size);
  check_key_message(bytes);
  check_run(bytes);
  check_message(bytes);
  (void)decode_sockaddr(bytes);
  return 0;
}
