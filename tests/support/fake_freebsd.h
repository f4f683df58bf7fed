// A FreeBSD kernel behind the backend's system calls, in maps: it takes the bytes that a real one takes and gives the answers
// that a 12.1 kernel was seen to give (docs/freebsd.md). For tests on any system; errno values are this system's.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <set>

#include "platform/freebsd/calls.h"
#include "platform/freebsd/wire/pfkey.h"
#include "platform/freebsd/wire/requests.h"
#include "platform/freebsd/wire/routing.h"

namespace vtid::platform::freebsd {

class FakeFreebsd {
 public:
  FakeFreebsd();

  // Several sets of calls share one kernel, each with a PF_KEY socket of its own.
  [[nodiscard]] std::unique_ptr<Calls> open();
  [[nodiscard]] std::unique_ptr<Calls> open_for_others();  // whose pfctl takes no time of the daemon's

  // What is counted.
  [[nodiscard]] std::size_t writes() const { return writes_; }
  [[nodiscard]] bool running(const std::string& link) const { return (links_.at(link).flags & abi::kIffRunning) != 0; }

  // Time, which passes by itself only where something costs it.
  void set_time(TimePoint time) { time_ = time; }
  void pass(Duration time) { spent_ += time; }
  [[nodiscard]] TimePoint now() const { return time_ + spent_; }
  void cost(std::uint32_t request, std::function<Duration()> time) { costs_[request] = std::move(time); }
  void slow_pfctl(Duration time) { pfctl_time_ = time; }  // each run of it
  [[nodiscard]] Duration pfctl_time() const { return pfctl_time_; }
  [[nodiscard]] std::size_t lists() const { return lists_; }    // of links or routes so far
  [[nodiscard]] std::size_t pfctls() const { return pfctls_; }  // runs so far

  void set_fib(const std::string& link, std::uint32_t fib) {  // as somebody with ifconfig
    links_.at(link).fib = fib;
    notice();
  }

  // What goes wrong.
  void crowd_next_key_answer() { crowded_ = true; }  // others' notices come between the answers
  void lose_key_answers(int dumps) { losing_ = dumps; }
  void make_sas_at(WallTime time) { made_ = time; }
  void refuse_pf_text(std::string complaint) { complaint_ = std::move(complaint); }  // until it is empty again

  // pf, as an administrator has it: the main ruleset as pfctl prints it.
  void enable_pf(bool enabled) { pf_enabled_ = enabled; }
  void unload_pf() { has_pf_ = false; }
  void unload_enc();
  void set_main_rules(std::string rules) { anchors_[""].rules = std::move(rules); }
  void set_main_nat(std::string nat) { anchors_[""].nat = std::move(nat); }
  void set_release(std::int64_t release) { sysctls_["kern.osreldate"] = release; }
  void set_sysctl(const std::string& name, std::int64_t value) { sysctls_[name] = value; }
  [[nodiscard]] std::int64_t sysctl(const std::string& name) const { return sysctls_.at(name); }
  [[nodiscard]] const std::string& loaded_text() const { return loaded_text_; }  // what was loaded into "vtid" last
  [[nodiscard]] std::size_t links_of(std::string_view kind) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(links_, [&](const auto& link) { return link.second.groups.contains(std::string(kind)); }));
  }
  [[nodiscard]] bool has_link(const std::string& link) const { return links_.contains(link); }
  [[nodiscard]] bool is_up(const std::string& link) const { return (links_.at(link).flags & abi::kIffUp) != 0; }
  // Called before each step that opens or closes something: a switch of the mode, or a load into "vtid".
  std::function<void()> on_filter_step = [] {};

  void hide_gateway(const net::Address& gateway, const std::string& link) { elsewhere_[gateway] = link; }

 private:
  friend class FakeCalls;
  struct Link {
    net::IfIndex index;
    std::uint32_t flags = 0;
    std::uint32_t mtu = 1500;
    std::uint8_t type = 6;
    std::string description;
    std::set<std::string> groups{"all"};
    std::uint32_t reqid = 0;
    std::uint32_t fib = 0, outer_fib = 0;
    std::optional<std::pair<net::Address, net::Address>> outer;
    std::uint32_t neighbour_flags = abi::kAutoLinkLocal;
    std::vector<ListedAddress> addresses;
  };
  struct Socket {
    std::deque<Bytes> messages;
    Notices notices;
  };

  int control(std::uint32_t request, void* argument);
  int create(abi::InterfaceRequest& request);
  int destroy(const std::string& name);
  int rename(const abi::InterfaceRequest& request);
  int group(const abi::GroupRequest& request);
  int members(abi::GroupRequest& request);
  int on_link(std::uint32_t request, abi::InterfaceRequest& argument, Link& link);
  int set_reqid(Link& link, std::uint32_t reqid);
  int set_outer(Link& link, View source, View destination);
  int outer(const Link& link, bool source, net::Family family, std::uint8_t* place) const;
  int add_address(Link& link, const ListedAddress& address);
  int delete_address(Link& link, View sockaddr);
  void set_flags(Link& link, std::uint32_t flags);
  void reconsider_running();
  Bytes list_routes(std::uint32_t fib) const;
  Bytes list_links() const;
  int change_route(View message, std::uint32_t fib);
  std::optional<net::IfIndex> index_for(const ListedRoute& route, View gateway) const;
  void drop_routes(net::IfIndex index, bool v4_only);
  void answer_key(Socket& socket, View request);
  void dump_sas(Socket& socket, const abi::KeyHeader& header);
  void notice(bool ours = true);

  struct Anchor {
    std::string rules, nat;
  };
  Ran pfctl(const std::vector<std::string>& arguments, std::string_view input);
  Ran load_anchor(const std::string& name, std::string_view input);
  Ran show(const std::string& name, std::string_view what);

  struct KernelRoute {
    ListedRoute route;
    std::uint32_t flags = 0;
  };
  std::map<std::string, Link> links_;
  std::multimap<std::pair<net::Prefix, net::TableId>, KernelRoute> routes_;  // several to one network since FreeBSD 13
  std::vector<Bytes> sas_;                                                   // as they were added
  std::map<net::Address, std::string> elsewhere_;
  std::vector<Socket*> sockets_;
  std::map<std::string, Anchor> anchors_;
  std::map<std::string, std::int64_t, std::less<>> sysctls_;
  std::string complaint_, loaded_text_;
  bool has_pf_ = true, pf_enabled_ = true;
  TimePoint time_{};
  Duration spent_{};
  std::map<std::uint32_t, std::function<Duration()>> costs_;  // of what control() is asked
  Duration pfctl_time_{};
  std::size_t pfctls_ = 0, lists_ = 0;
  std::uint32_t next_index_ = 1;
  std::size_t writes_ = 0;
  WallTime made_{};
  bool crowded_ = false;
  int losing_ = 0;
};

}  // namespace vtid::platform::freebsd
