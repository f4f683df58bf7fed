// The real kernel of FreeBSD, in a jail with a network of its own where the kernel can make one (VIMAGE). Elsewhere, in the
// host's network: the links, routes and SAs that came during a case are taken away after it.
#include <sys/param.h>

#include <sys/jail.h>
#include <sys/linker.h>
#include <sys/sysctl.h>
#include <sys/uio.h>

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <set>
#include <system_error>

#include "contract/world_freebsd.h"
#include "platform/freebsd/backend.h"
#include "platform/freebsd/look.h"
#include "platform/freebsd/wire/requests.h"

namespace vtid::contract {
namespace {

namespace bsd = platform::freebsd;
namespace abi = platform::freebsd::abi;

iovec text(const char* value) { return {const_cast<char*>(value), std::strlen(value) + 1}; }

// What a kernel has built in it cannot load, and what it lacks fails where it is used.
void load_modules() {
  for (const char* module : {"if_epair", "ipsec", "if_enc", "pf"}) (void)::kldload(module);
}

std::unique_ptr<bsd::Calls> open_calls() {
  auto calls = bsd::open_calls();
  if (!calls) give_up("open the kernel", calls.error().text + "; " + calls.error().remedy);
  return *std::move(calls);
}

bool has_vimage() {
  int value = 0;
  std::size_t size = sizeof value;
  return ::sysctlbyname("kern.features.vimage", &value, &size, nullptr, 0) == 0 && value != 0;
}

bool has_enc() {
  int value = 0;
  std::size_t size = sizeof value;
  return ::sysctlbyname("net.enc.in.ipsec_filter_mask", &value, &size, nullptr, 0) == 0;
}

template <class T>
T looked(Result<T> result) {
  if (!result) give_up("look at the host", result.error().text);
  return *std::move(result);
}

struct Before {
  std::set<net::IfName> links;
  std::set<net::Prefix> routes;
  std::set<std::uint32_t> spis;
};

Before look(bsd::Calls& calls) {
  Before found;
  for (const auto& link : looked(bsd::list_links(calls)).links) found.links.insert(link.name);
  for (const auto& item : looked(bsd::list_routes(calls))) found.routes.insert(item.route.to);
  for (const auto& item : looked(bsd::list_sas(calls))) found.spis.insert(item.sa.spi);
  return found;
}

// A World that leaves as it came. In a jail too: FreeBSD 15.1 panics in nd6_timer() when a network goes away whose tunnel
// interfaces still have IPv6 addresses.
class Guest {
 public:
  Guest() : calls_(open_calls()), before_(look(*calls_)) {
    for (const char* name : {"ipsec1", "ipsec2", "other0", "foreign0", "wan0"}) {
      if (before_.links.contains(device(name))) give_up("use the host's network", std::string(name) + " is there already");
    }
  }
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;
  ~Guest() {
    for (const auto& item : looked(bsd::list_routes(*calls_))) {
      if (before_.routes.contains(item.route.to)) continue;
      (void)calls_->change_route(bsd::encode_route(abi::kRtmDelete, item.route, item.index, {calls_->pid(), 1}),
                                 net::fib_of(item.route.table).value_or(0));
    }
    for (const auto& item : looked(bsd::list_sas(*calls_))) {
      if (before_.spis.contains(item.sa.spi)) continue;
      (void)bsd::ask_key(*calls_, bsd::encode_delete_sa(item.sa, {static_cast<std::uint32_t>(calls_->pid()), 1}));
    }
    const auto world = make_freebsd_world(open_calls());
    for (const auto& link : looked(bsd::list_links(*calls_)).links) {
      if (!before_.links.contains(link.name)) world->flush_addresses(link.name);
    }
    for (const auto& link : looked(bsd::list_links(*calls_)).links) {
      if (before_.links.contains(link.name)) continue;
      abi::InterfaceRequest request = bsd::request_for(link.name);
      (void)calls_->control(net::Family::ipv4, abi::kDestroy, &request);
    }
  }

 private:
  std::unique_ptr<bsd::Calls> calls_;
  Before before_;
};

}  // namespace

// The filter's cases set pf's main ruleset, so they are played where that is nobody else's: in a jail with a network of its
// own.
std::optional<std::string_view> why_no_filter() {
  if (!has_vimage()) return "the kernel cannot make a jail with a network of its own, and the host's pf is not ours";
  if (::access("/dev/pf", F_OK) != 0) return "pf is not in the kernel";
  return has_enc() ? std::optional<std::string_view>{} : "enc(4) is not in the kernel";
}

model::Capabilities native_capabilities() {
  load_modules();
  const auto why = why_no_filter();
  if (why) std::printf("cases of the filter are skipped: %.*s\n", static_cast<int>(why->size()), why->data());
  const auto calls = bsd::open_calls();
  model::Capabilities system = calls ? bsd::freebsd_capabilities(!why, bsd::release_of(**calls), bsd::count_fibs(**calls))
                                     : platform::native_capabilities();
  system.filters = !why;
  return system;
}

Result<std::uint32_t> enter_own_network() {
  load_modules();
  int fresh = JAIL_SYS_NEW;
  iovec parameters[] = {text("path"), text("/"), text("vnet"), {&fresh, sizeof fresh}, text("allow.raw_sockets"), {nullptr, 0}};
  const int jail = ::jail_set(parameters, std::size(parameters), JAIL_CREATE | JAIL_ATTACH);
  if (jail >= 0) return static_cast<std::uint32_t>(jail);
  const int code = errno;
  return fail("cannot make a jail with a network of its own (jail_set): " + std::generic_category().message(code),
              code == EPERM ? "run as root, on a kernel with VIMAGE, outside of jails" : "", code);
}

// pf's main ruleset, in a jail of this process's own alone. Where it cannot be had, the filter's cases fail, and no others.
void prepare_pf() {
  if (why_no_filter()) return;
  const auto calls = open_calls();
  (void)run_pfctl(*calls, {"-e"}, "");
  (void)run_pfctl(
      *calls, {"-f", "-"},
      "nat-anchor \"vtid\"\nrdr-anchor \"vtid\"\nbinat-anchor \"vtid\"\nanchor \"vtid\"\nanchor \"theirs\"\npass\n");
}

Backend open_here() {
  auto world = make_freebsd_world(open_calls());
  return {bsd::make_backend(open_calls()), std::move(world)};
}

// Called once in the process of a case; what has to be put right is put right when the case is over.
Backend open_native() {
  if (const auto entered = enter_own_network(); !entered) {
    if (entered.error().code == EPERM && ::geteuid() != 0) give_up("make a jail", "vtid-contract-tests has to run as root");
  } else {
    prepare_pf();
  }
  static Guest guest;
  return open_here();
}

}  // namespace vtid::contract
