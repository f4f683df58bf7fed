#include "platform/freebsd/backend.h"

#include <algorithm>
#include <limits>
#include <set>

#include "platform/freebsd/changes.h"
#include "platform/observed_order.h"

namespace vtid::platform::freebsd {
namespace {

constexpr std::uint32_t kLargestWindow = 255 * kPacketsPerWindowByte;  // sadb_sa_replay is a byte

using Names = std::map<net::IfIndex, net::IfName>;

// Nothing: it went with its device between two looks.
std::optional<model::Route> named(const ListedRoute& item, const Names& names) {
  model::Route route = item.route;
  if (auto* via = std::get_if<model::ViaGateway>(&route.target)) {
    const auto found = names.find(item.index);
    if (found == names.end()) return std::nullopt;
    via->device = found->second;
  }
  return route;
}

// Since FreeBSD 13 a second route to a network is a second next hop of it, and is listed as a message of its own
// (sys/net/rtsock.c, sysctl_dumpentry).
void name_routes(const std::vector<ListedRoute>& listed, const Names& names, const std::set<net::IfName>& default_devices,
                 model::Observed& observed) {
  std::set<std::pair<net::Prefix, net::TableId>> own;
  for (const ListedRoute& item : listed) {
    if (item.ours) own.emplace(item.route.to, item.route.table);
  }
  for (const ListedRoute& item : listed) {
    const bool rival = own.contains({item.route.to, item.route.table});
    if (!rival && item.route.to.length != 0) continue;
    auto route = named(item, names);
    if (!route) continue;
    if (!item.ours && is_followed_default(*route, default_devices)) observed.defaults.push_back(*route);
    if (!rival) continue;
    if (item.ours) {
      observed.routes.push_back({*std::move(route)});
    } else {
      observed.rivals.push_back(*std::move(route));
    }
  }
}

class Backend final : public Kernel {
 public:
  explicit Backend(std::unique_ptr<Calls> calls) : calls_(std::move(calls)) {}

  [[nodiscard]] Capabilities capabilities() const override {
    return freebsd_capabilities(calls_->has_pf(), release_of(*calls_), count_fibs(*calls_));
  }
  [[nodiscard]] Result<model::Observed> observe() override;
  [[nodiscard]] Result<std::map<net::IfName, model::LinkCounters>> counters() override {
    auto links = list_links(*calls_);
    if (!links) return std::unexpected(links.error());
    return std::move(links->counters);
  }
  [[nodiscard]] Result<std::map<std::string, model::RuleCounters>> rule_counters() override { return pf_.counters(); }
  [[nodiscard]] std::vector<Result<void>> apply(std::span<const model::Op> ops, Duration budget) override;
  [[nodiscard]] bool is_under_way() const override { return pf_.is_under_way(); }
  [[nodiscard]] std::vector<int> descriptors() const override { return calls_->descriptors(); }
  [[nodiscard]] Notices drain() override {
    Notices notices = calls_->drain();
    if (pf_.go_on()) ++notices.ours;
    return notices;
  }

 private:
  static constexpr Duration kChainLife{1'000};

  std::unique_ptr<Calls> calls_;
  PfJobs pf_{*calls_};
  std::optional<Changes> chain_;  // where a budget ended before the operations did
  TimePoint chain_began_{};
};

// What was looked up for the ops before serves those that go on from there, or 1,000 links would be listed for each portion of
// the ops that stand on them. Not for long: others change things too.
std::vector<Result<void>> Backend::apply(std::span<const model::Op> ops, Duration budget) {
  const TimePoint now = calls_->now();
  if (!chain_ || now - chain_began_ >= kChainLife) {
    chain_.emplace(*calls_, pf_);
    chain_began_ = now;
  }
  auto results = chain_->apply(ops, budget);
  if (results.size() == ops.size()) chain_.reset();
  return results;
}

Result<model::Observed> Backend::observe() {
  const auto filter = pf_.look();
  if (!filter) return fail("cannot look at the filter: " + filter.error().text, filter.error().remedy, filter.error().code);
  auto links = list_links(*calls_);
  if (!links) return std::unexpected(links.error());
  const auto routes = list_routes(*calls_);
  if (!routes) return std::unexpected(routes.error());
  auto sas = list_sas(*calls_);
  if (!sas) return std::unexpected(sas.error());
  Names names;
  for (const model::ObservedLink& link : links->links) names.emplace(link.index, link.name);
  model::Observed observed;
  observed.links = std::move(links->links);
  observed.addresses = std::move(links->addresses);
  name_routes(*routes, names, default_devices(), observed);
  observed.filter = filter->filter();
  for (ListedSa& item : *sas) {
    const model::Sa& sa = item.sa;
    if (item.ours) {
      observed.sas.push_back(sa);
    } else if (sa.if_id.value != 0) {  // its reqid is one of those that tunnels have
      observed.charons_sas.push_back({sa.destination, sa.spi, sa.source, sa.reqid, item.made});
    }
  }
  sort(observed);
  return observed;
}

}  // namespace

std::unique_ptr<Kernel> make_backend(std::unique_ptr<Calls> calls) { return std::make_unique<Backend>(std::move(calls)); }

namespace {

// In the releases from the first on, before the second. sys/netipsec/xform_esp.c, key.c (supported_ealgs, supported_aalgs):
// what RFC 8221 deprecates went with 13.0; ChaCha20-Poly1305 came after 13.1; CCM, short tags and the others were never there.
struct Lost {
  model::Lacking what;
  std::int64_t from = 0;
  std::int64_t before = std::numeric_limits<std::int64_t>::max();
};
constexpr std::int64_t k13 = 1'300'000, k13_2 = 1'302'000;
constexpr Lost kLost[] = {
    {{.begins = "des", .name = "DES"}, k13},
    {{.begins = "3des", .name = "3DES"}, k13},
    {{.begins = "blowfish", .name = "Blowfish"}, k13},
    {{.begins = "cast", .name = "CAST"}, k13},
    {{.begins = "camellia", .name = "Camellia"}, k13},
    {{.begins = "md5", .name = "HMAC-MD5"}, k13},
    {{.begins = "chacha20poly1305", .name = "ChaCha20-Poly1305"}, 0, k13_2},
    {{.begins = "aes", .holds = "ccm", .name = "AES-CCM"}},
    {{.begins = "aes", .ends = "gcm8", .name = "AES-GCM with a short tag"}},
    {{.begins = "aes", .ends = "gcm64", .name = "AES-GCM with a short tag"}},
    {{.begins = "aes", .ends = "gcm12", .name = "AES-GCM with a short tag"}},
    {{.begins = "aes", .ends = "gcm96", .name = "AES-GCM with a short tag"}},
    {{.begins = "aesxcbc", .name = "AES-XCBC"}},
    {{.begins = "aescmac", .name = "AES-CMAC"}},
};

std::vector<model::Lacking> lacking(std::int64_t release) {
  std::vector<model::Lacking> found;
  for (const Lost& item : kLost) {
    if (release >= item.from && release < item.before) found.push_back(item.what);
  }
  return found;
}

}  // namespace

std::int64_t release_of(Calls& calls) {
  constexpr std::int64_t k14 = 1'400'000;
  return calls.sysctl("kern.osreldate").value_or(k14);
}

Capabilities freebsd_capabilities(bool has_pf, std::int64_t release, std::uint32_t fibs) {
  return {.system = "freebsd",
          .link_has_if_id = false,
          .link_has_outer = true,
          .link_multicast_is_free = false,
          .manages_policies = false,
          .address_needs_peer = true,
          .route_has_metric = false,
          .multipath = false,
          .routes_join = release >= k13,
          .has_rules = false,
          .has_vrfs = false,
          .fibs = fibs,
          .address_has_state = false,
          .asks_arp = false,
          .sees_dscp = false,
          .filters = has_pf,
          .orphaned_sas_mute = true,
          .sa_options = false,
          .largest_replay_window = kLargestWindow,
          .replay_window_step = kPacketsPerWindowByte,
          .lacks = lacking(release)};
}

}  // namespace vtid::platform::freebsd
