// One route message and seven ioctls for a tunnel, by the encoders of vtid's backend.
#include <net/if.h>
#include <unistd.h>

#include <system_error>

#include "bench/rivals.h"
#include "platform/freebsd/backend.h"
#include "platform/freebsd/wire/requests.h"
#include "platform/freebsd/wire/routing.h"

namespace vtid::bench {
namespace {

namespace bsd = platform::freebsd;
namespace abi = platform::freebsd::abi;
using net::Family;

std::unique_ptr<bsd::Calls> open_calls() {
  auto calls = bsd::open_calls();
  if (!calls) die(calls.error().text);
  return *std::move(calls);
}

void check(int code, std::string_view what) {
  if (code != 0) die(fmt::format("cannot {}: {}", what, std::generic_category().message(code)));
}

net::Address ip(const std::string& text) { return *net::parse_address(text); }

void make_one(bsd::Calls& calls, const Numbers& numbers) {
  const net::IfName name = net::IfName::of({numbers.n});
  abi::InterfaceRequest plain = bsd::request_for(name);
  check(calls.control(Family::ipv4, abi::kCreate, &plain), "create");
  std::uint32_t reqid = net::reqid_of({numbers.n}).value;
  plain = bsd::request_for(name);
  bsd::set_value(plain, bsd::pointer_to(reqid));
  check(calls.control(Family::ipv4, abi::kSetReqId, &plain), "set a reqid");
  plain = bsd::request_for(name);
  bsd::set_value(plain, std::uint32_t{1'420});
  check(calls.control(Family::ipv4, abi::kSetMtu, &plain), "set an MTU");
  abi::Inet4Alias outer = bsd::outer4(name, ip("192.0.2.1"), ip(numbers.peer()));
  check(calls.control(Family::ipv4, abi::kSetOuter, &outer), "set the outer addresses");
  abi::Inet4Alias inner = bsd::alias4({name, {ip(numbers.host(1)), 30}, ip(numbers.host(2))});
  check(calls.control(Family::ipv4, abi::kAddAddress, &inner), "add an IPv4 address");
  const net::IfIndex index{::if_nametoindex(name.text().c_str())};
  abi::Inet6Alias inner6 = bsd::alias6({name, {ip(numbers.host6(1)), 64}, {}}, index);
  check(calls.control(Family::ipv6, abi::kAddAddress6, &inner6), "add an IPv6 address");
  const model::Route route{
      *net::parse_prefix(numbers.network()), {}, net::kMainTable, model::ViaGateway{name, ip(numbers.host(2))}};
  const bsd::Stamp stamp{calls.pid(), static_cast<std::int32_t>(numbers.n)};
  check(calls.change_route(bsd::encode_route(abi::kRtmAdd, route, index, stamp), 0), "add a route");
}

void raw_loop(std::uint32_t count) {
  const auto calls = open_calls();
  for (std::uint32_t n = 1; n <= count; ++n) make_one(*calls, {n});
}

void raw_removal(std::uint32_t count) {
  const auto calls = open_calls();
  for (std::uint32_t n = 1; n <= count; ++n) {
    abi::InterfaceRequest request = bsd::request_for(net::IfName::of({n}));
    check(calls->control(Family::ipv4, abi::kDestroy, &request), "destroy");
  }
}

}  // namespace

std::vector<Rival> rivals() { return {{"raw loop", raw_loop, raw_removal}}; }

void prepare_network() {
  const auto calls = open_calls();
  const net::IfName loopback = *net::IfName::parse("lo0");
  abi::InterfaceRequest request = bsd::request_for(loopback);
  check(calls->control(Family::ipv4, abi::kGetFlags, &request), "read flags");
  request = bsd::flags_request(loopback, bsd::flags_of(request) | abi::kIffUp);
  check(calls->control(Family::ipv4, abi::kSetFlags, &request), "set lo0 up");
}

}  // namespace vtid::bench
