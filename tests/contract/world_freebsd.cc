#include "contract/world_freebsd.h"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <thread>

#include "platform/freebsd/look.h"
#include "platform/freebsd/wire/requests.h"

namespace vtid::contract {

namespace {

namespace bsd = platform::freebsd;
namespace abi = platform::freebsd::abi;
using net::Family;

void check(int code, std::string_view what) {
  if (code != 0) give_up(what, std::generic_category().message(code));
}

net::IfName loopback() { return *net::IfName::parse("lo0"); }

class FreebsdWorld final : public World {
 public:
  explicit FreebsdWorld(std::unique_ptr<bsd::Calls> calls) : calls_(std::move(calls)) { bring_up_loopback(); }

  void add_link(const net::IfName& name) override {
    if (!make("epair", name) && !make("tap", name)) give_up("make a link", "the kernel has neither epair(4) nor tap(4)");
    set_link(name, true, 1500);
  }
  void add_tunnel(const net::IfName& name, net::IfId if_id) override {
    if (!make("ipsec", name)) give_up("make a tunnel", "the kernel has no if_ipsec(4)");
    std::uint32_t reqid = net::kReqIdBase + if_id.value;
    abi::InterfaceRequest request = bsd::request_for(name);
    bsd::set_value(request, bsd::pointer_to(reqid));
    check(calls_->control(Family::ipv4, abi::kSetReqId, &request), "set a reqid");
    set_link(name, true, 1500);
  }
  void delete_link(const net::IfName& name) override {
    abi::InterfaceRequest request = bsd::request_for(name);
    check(calls_->control(Family::ipv4, abi::kDestroy, &request), "destroy a link");
  }
  void set_link(const net::IfName& name, bool up, std::uint32_t mtu) override {
    abi::InterfaceRequest request = bsd::request_for(name);
    bsd::set_value(request, mtu);
    check(calls_->control(Family::ipv4, abi::kSetMtu, &request), "set an MTU");
    request = bsd::request_for(name);
    check(calls_->control(Family::ipv4, abi::kGetFlags, &request), "read flags");
    const std::uint32_t flags = bsd::flags_of(request);
    request = bsd::flags_request(name, up ? flags | abi::kIffUp : flags & ~abi::kIffUp);
    check(calls_->control(Family::ipv4, abi::kSetFlags, &request), "set flags");
  }
  void add_address(const model::InterfaceAddress& address) override {
    if (address.local.address.is_v4()) {
      abi::Inet4Alias request = bsd::alias4(address);
      check(calls_->control(Family::ipv4, abi::kAddAddress, &request), "add an address");
    } else {
      abi::Inet6Alias request = bsd::alias6(address, index_of(address.device));
      check(calls_->control(Family::ipv6, abi::kAddAddress6, &request), "add an address");
    }
  }
  void flush_addresses(const net::IfName& name) override {
    for (const model::ObservedAddress& item : links().addresses) {
      if (item.device != name) continue;
      const model::InterfaceAddress address{name, item.local, item.peer};
      if (item.local.address.is_v4()) {
        abi::InterfaceRequest request = bsd::delete4(address);
        check(calls_->control(Family::ipv4, abi::kDeleteAddress, &request), "delete an address");
      } else {
        abi::Inet6Request request = bsd::delete6(address, item.index);
        check(calls_->control(Family::ipv6, abi::kDeleteAddress6, &request), "delete an address");
      }
    }
  }
  void add_route(const model::Route& route) override { send(abi::kRtmAdd, route); }
  void delete_our_route(const model::Route& route) override { send(abi::kRtmDelete, route); }
  void delete_route(const model::Route& route) override { send(abi::kRtmDelete, route); }
  [[nodiscard]] bool has_route(const model::Route& route) override;
  void add_rule(const model::Rule&) override { give_up("add a rule", "FreeBSD has none"); }
  void delete_our_rule(const model::Rule&) override { give_up("delete a rule", "FreeBSD has none"); }
  [[nodiscard]] bool has_rule(const model::Rule&) override { return false; }
  void alter_filter() override {
    const auto text = pfctl({"-a", "vtid", "-s", "rules"}, "");
    pfctl({"-a", "vtid", "-f", "-"}, text + "pass in inet proto udp all\n");
  }
  void delete_our_filter() override { pfctl({"-a", "vtid", "-f", "-"}, ""); }
  void add_foreign_filter() override { pfctl({"-a", "theirs", "-f", "-"}, "block in proto tcp from any to any port 9\n"); }
  [[nodiscard]] bool has_foreign_filter() override { return !pfctl({"-a", "theirs", "-s", "rules"}, "").empty(); }
  [[nodiscard]] std::string_view filter_point() override {
    for (const auto mode : {model::FilterMode::enc, model::FilterMode::if_ipsec}) {
      const auto wanted = model::filter_sysctls(mode);
      if (std::ranges::all_of(wanted,
                              [&](const auto& item) { return calls_->sysctl(item.first).value_or(-1) == item.second; })) {
        return print(mode);
      }
    }
    return {};
  }
  void move_filter_point() override { check(calls_->set_sysctl("net.enc.in.ipsec_filter_mask", 0), "set a switch"); }
  void set_main_ruleset(std::string_view text) override { pfctl({"-f", "-"}, text); }
  void add_policy(const model::Policy&) override { give_up("add a policy", "FreeBSD's interfaces make theirs"); }
  [[nodiscard]] bool has_policy(const model::Policy&) override { return false; }
  void add_sa(const model::Sa& sa) override { ask(*bsd::encode_add_sa(sa, stamp(), std::nullopt)); }
  void delete_our_sa(const model::Sa& sa) override { ask(bsd::encode_delete_sa(sa, stamp())); }
  [[nodiscard]] bool has_sa(const model::Sa& sa) override {
    const auto all = bsd::list_sas(*calls_);
    if (!all) give_up("look at the world", all.error().text);
    return std::ranges::any_of(*all, [&](const bsd::ListedSa& item) { return !item.ours && item.sa == sa; });
  }

 private:
  bsd::Links links() {
    auto found = bsd::list_links(*calls_);
    if (!found) give_up("look at the world", found.error().text);
    return *std::move(found);
  }
  net::IfIndex index_of(const net::IfName& name) {
    for (const auto& link : links().links) {
      if (link.name == name) return link.index;
    }
    return {};
  }
  [[nodiscard]] bool make(std::string_view kind, const net::IfName& name);
  void bring_up_loopback();
  void send(abi::RouteType type, const model::Route& route) {
    const auto* via = std::get_if<model::ViaGateway>(&route.target);
    const net::IfIndex index = via == nullptr ? net::IfIndex{} : index_of(via->device);
    check(calls_->change_route(bsd::encode_route(type, route, index, {calls_->pid(), 1}, 0),
                               net::fib_of(route.table).value_or(0)),
          "change a route");
  }
  void ask(const bsd::Bytes& request) {
    const auto answer = bsd::ask_key(*calls_, request);
    if (!answer) give_up("change the world", answer.error().text);
  }
  std::string pfctl(const std::vector<std::string>& arguments, std::string_view input) {
    auto ran = run_pfctl(*calls_, arguments, input);
    if (!ran) give_up("run pfctl", ran.error().text);
    if (ran->status != 0) give_up("change pf", ran->errors);
    return std::move(ran->output);
  }
  bsd::KeyStamp stamp() { return {static_cast<std::uint32_t>(calls_->pid()), ++sequence_}; }

  std::unique_ptr<bsd::Calls> calls_;
  std::uint32_t sequence_ = 0;
};

// The kernel gives a name of its own, which is changed to the wanted one where it differs. One side of a pair is enough.
// False: there is no such kind.
bool FreebsdWorld::make(std::string_view kind, const net::IfName& name) {
  abi::InterfaceRequest request{bsd::name_of(kind), {}};
  if (name.text().starts_with(kind)) request = bsd::request_for(name);
  const int code = calls_->control(Family::ipv4, abi::kCreate, &request);
  if (code == EINVAL) return false;
  check(code, "make a link");
  abi::Name wanted = bsd::name_of(name.text());
  if (request.name == wanted) return true;
  bsd::set_value(request, bsd::pointer_to(wanted));
  check(calls_->control(Family::ipv4, abi::kRename, &request), "rename a link");
  return true;
}

// A new jail's loopback is down and has no address; blackholes lead to one.
void FreebsdWorld::bring_up_loopback() {
  for (const auto& item : links().addresses) {
    if (item.device == loopback() && item.local.address == *net::parse_address("127.0.0.1")) return;
  }
  set_link(loopback(), true, 16'384);
  add_address({loopback(), *net::parse_prefix("127.0.0.1/8"), {}});
}

bool FreebsdWorld::has_route(const model::Route& route) {
  const auto all = bsd::list_routes(*calls_);
  if (!all) give_up("look at the world", all.error().text);
  return std::ranges::any_of(*all, [&](const bsd::ListedRoute& item) {
    model::Route found = item.route;
    if (auto* via = std::get_if<model::ViaGateway>(&found.target)) {
      for (const auto& link : links().links) {
        if (link.index == item.index) via->device = link.name;
      }
    }
    return !item.ours && found == route;
  });
}

}  // namespace

// vtid sees what pf has only after a while.
Result<platform::Ran> run_pfctl(bsd::Calls& calls, std::vector<std::string> arguments, std::string_view input) {
  constexpr std::chrono::milliseconds kPause{5};
  constexpr std::chrono::milliseconds kUntilSeen{1'100};
  const bool writes = std::ranges::find(arguments, "-f") != arguments.end();
  calls.begin_pfctl(std::move(arguments), std::string(input));
  auto ran = calls.end_pfctl();
  for (; !ran; ran = calls.end_pfctl()) std::this_thread::sleep_for(kPause);
  if (writes && !calls.descriptors().empty()) std::this_thread::sleep_for(kUntilSeen);
  return *std::move(ran);
}

std::unique_ptr<World> make_freebsd_world(std::unique_ptr<bsd::Calls> calls) {
  return std::make_unique<FreebsdWorld>(std::move(calls));
}

}  // namespace vtid::contract
