#include "selftest/steps.h"

#include <fmt/format.h>

#include <array>

namespace vtid::selftest {
namespace {

constexpr std::array<char, 2> kLetters{'A', 'B'};

struct Way {
  std::string_view name;
  std::array<std::string_view, 2> addresses;
};
constexpr std::array<Way, 2> kOutside{{{"IPv4", {"192.0.2.1", "192.0.2.2"}}, {"IPv6", {"2001:db8::1", "2001:db8::2"}}}};
constexpr std::array<Way, 4> kInside{{{"IPv4 in IPv4", {"10.6.1.1", "10.6.1.2"}},
                                      {"IPv6 in IPv4", {"fd00:1::1", "fd00:1::2"}},
                                      {"IPv4 in IPv6", {"10.6.2.1", "10.6.2.2"}},
                                      {"IPv6 in IPv6", {"fd00:2::1", "fd00:2::2"}}}};
constexpr std::array<Way, 2> kBehind{
    {{"a route, IPv4 in IPv6", {"10.1.0.1", "10.2.0.1"}}, {"a route, IPv6 in IPv4", {"fd00:10:1::1", "fd00:10:2::1"}}}};

class Course {
 public:
  std::vector<Step> run() {
    at_both("its outer addresses are set", true, [](Site& site, const net::IfName& wan) { return site.plug_in(wan); });
    pings("over the wire by", kOutside, true);
    at_both("its tunnels are made by one plan, and the next is empty", true,
            [](Site& site, const net::IfName&) { return site.follow_file(); });
    pings("through the tunnel:", kInside);
    pings("through the tunnel by", kBehind);
    at_both("both interfaces counted both ways", false, [](Site& site, const net::IfName&) { return site.count_traffic(); });
    add(1, "its SAs are deleted by hand", true, [](Site& site, const net::IfName&) { return site.lose_sas(); });
    for (const Way& way : kInside) {
      add(0, fmt::format("nothing comes back without B's SAs: {}", way.name), false,
          [way](Site& site, const net::IfName&) { return site.miss(way.addresses[0], way.addresses[1]); });
    }
    add(1, "they are made again by one plan, and the next is empty", true,
        [](Site& site, const net::IfName&) { return site.follow_file(); });
    pings("through the tunnel again:", kInside);
    at_both("all that is ours is taken away by one plan", false,
            [](Site& site, const net::IfName&) { return site.follow_empty_file(); });
    return std::move(steps_);
  }

 private:
  using Run = std::function<Result<void>(Site&, const net::IfName&)>;

  void add(std::size_t site, std::string_view name, bool essential, Run run) {
    steps_.push_back({fmt::format("{}: {}", kLetters[site], name), site, essential, std::move(run)});
  }
  void at_both(std::string_view name, bool essential, const Run& run) {
    for (const std::size_t site : {0U, 1U}) add(site, name, essential, run);
  }
  void pings(std::string_view how, std::span<const Way> ways, bool essential = false) {
    for (const Way& way : ways) {
      for (const std::size_t site : {0U, 1U}) {
        add(site, fmt::format("{} answers {} {}", kLetters[1 - site], how, way.name), essential,
            [way, site](Site& here, const net::IfName&) { return here.reach(way.addresses[site], way.addresses[1 - site]); });
      }
    }
  }

  std::vector<Step> steps_;
};

}  // namespace

std::vector<Step> all_steps() { return Course().run(); }

}  // namespace vtid::selftest
