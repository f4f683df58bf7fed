#include "platform/freebsd/backend.h"

#include <algorithm>
#include <set>

#include "platform/freebsd/changes.h"
#include "platform/observed_order.h"

namespace vtid::platform::freebsd {
namespace {

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
void name_routes(const std::vector<ListedRoute>& listed, const Names& names, model::Observed& observed) {
  std::set<net::Prefix> own;
  for (const ListedRoute& item : listed) {
    if (item.ours) own.insert(item.route.to);
  }
  for (const ListedRoute& item : listed) {
    if (!own.contains(item.route.to)) continue;
    auto route = named(item, names);
    if (!route) continue;
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
    return freebsd_capabilities(calls_->has_pf(), release_of(*calls_));
  }
  [[nodiscard]] Result<model::Observed> observe() override;
  [[nodiscard]] Result<std::map<net::IfName, model::LinkCounters>> counters() override {
    auto links = list_links(*calls_);
    if (!links) return std::unexpected(links.error());
    return std::move(links->counters);
  }
  [[nodiscard]] Result<std::map<std::string, model::RuleCounters>> rule_counters() override { return Pf(*calls_).counters(); }
  [[nodiscard]] std::vector<Result<void>> apply(std::span<const model::Op> ops) override {
    filter_.reset();
    return Changes(*calls_).apply(ops);
  }
  [[nodiscard]] int descriptor() const override { return calls_->descriptor(); }
  [[nodiscard]] Notices drain() override { return calls_->drain(); }

 private:
  [[nodiscard]] Result<std::optional<model::ObservedFilter>> observe_filter();

  std::unique_ptr<Calls> calls_;
  // pf says nothing when it changes and pfctl has to be run to see it, so it is not asked at every word of the others.
  struct LastFilter {
    std::optional<model::ObservedFilter> filter;
    TimePoint since;
  };
  static constexpr Duration kFilterLife{1'000};
  std::optional<LastFilter> filter_;
};

Result<std::optional<model::ObservedFilter>> Backend::observe_filter() {
  const TimePoint now = calls_->now();
  if (filter_ && now - filter_->since < kFilterLife) return filter_->filter;
  const auto seen = Pf(*calls_).look();
  if (!seen) return fail("cannot look at the filter: " + seen.error().text, seen.error().remedy, seen.error().code);
  filter_ = {seen->filter(), now};
  return filter_->filter;
}

Result<model::Observed> Backend::observe() {
  auto links = list_links(*calls_);
  if (!links) return std::unexpected(links.error());
  const auto routes = list_routes(*calls_);
  if (!routes) return std::unexpected(routes.error());
  auto sas = list_sas(*calls_);
  if (!sas) return std::unexpected(sas.error());
  auto filter = observe_filter();
  if (!filter) return std::unexpected(filter.error());
  Names names;
  for (const model::ObservedLink& link : links->links) names.emplace(link.index, link.name);
  model::Observed observed;
  observed.links = std::move(links->links);
  observed.addresses = std::move(links->addresses);
  name_routes(*routes, names, observed);
  observed.filter = *std::move(filter);
  for (ListedSa& item : *sas) {
    const model::Sa& sa = item.sa;
    if (item.ours) {
      observed.sas.push_back(sa);
    } else if (sa.if_id.value != 0) {  // its reqid is one of those that tunnels have
      observed.charons_sas.push_back({sa.source, sa.destination, sa.spi, sa.reqid, item.made});
    }
  }
  sort(observed);
  return observed;
}

}  // namespace

std::unique_ptr<Kernel> make_backend(std::unique_ptr<Calls> calls) { return std::make_unique<Backend>(std::move(calls)); }

namespace {

// From the release on, or before it. sys/netipsec/xform_esp.c, key.c (supported_ealgs, supported_aalgs): what RFC 8221
// deprecates went with 13.0; ChaCha20-Poly1305 came after 13.1; CCM, short tags and the others were never there.
enum class When : std::uint8_t { from, before, always };
struct Lost {
  model::Lacking what;
  When when = When::always;
  std::int64_t release = 0;
};
constexpr std::int64_t k13 = 1'300'000, k13_2 = 1'302'000;
constexpr Lost kLost[] = {
    {{.begins = "des", .name = "DES"}, When::from, k13},
    {{.begins = "3des", .name = "3DES"}, When::from, k13},
    {{.begins = "blowfish", .name = "Blowfish"}, When::from, k13},
    {{.begins = "cast", .name = "CAST"}, When::from, k13},
    {{.begins = "camellia", .name = "Camellia"}, When::from, k13},
    {{.begins = "md5", .name = "HMAC-MD5"}, When::from, k13},
    {{.begins = "chacha20poly1305", .name = "ChaCha20-Poly1305"}, When::before, k13_2},
    {{.begins = "aes", .holds = "ccm", .name = "AES-CCM"}},
    {{.begins = "aes", .ends = "gcm8", .name = "AES-GCM with a short tag"}},
    {{.begins = "aes", .ends = "gcm64", .name = "AES-GCM with a short tag"}},
    {{.begins = "aes", .ends = "gcm12", .name = "AES-GCM with a short tag"}},
    {{.begins = "aes", .ends = "gcm96", .name = "AES-GCM with a short tag"}},
    {{.begins = "aesxcbc", .name = "AES-XCBC"}},
    {{.begins = "aescmac", .name = "AES-CMAC"}},
};

bool lost(const Lost& item, std::int64_t release) {
  switch (item.when) {
    case When::from: return release >= item.release;
    case When::before: return release < item.release;
    case When::always: return true;
  }
  std::abort();
}

std::vector<model::Lacking> lacking(std::int64_t release) {
  std::vector<model::Lacking> found;
  for (const Lost& item : kLost) {
    if (lost(item, release)) found.push_back(item.what);
  }
  return found;
}

}  // namespace

std::int64_t release_of(Calls& calls) {
  constexpr std::int64_t k14 = 1'400'000;
  return calls.sysctl("kern.osreldate").value_or(k14);
}

Capabilities freebsd_capabilities(bool has_pf, std::int64_t release) {
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
          .filters = has_pf,
          .stray_sas_mute = true,
          .replay_window_step = kPacketsPerWindowByte,
          .lacks = lacking(release)};
}

}  // namespace vtid::platform::freebsd
