#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "foreign/pfsense.h"

namespace vtid::foreign {
namespace {

constexpr std::string_view kNothing = "vtid has nothing for it";

// Parts whose elements are carried over, or else named.
constexpr std::array<std::string_view, 5> kParts{"ipsec", "gateways", "staticroutes", "filter", "nat"};

// Of <system>: they change what rules, translations, gateways or tunnels do. An empty one is a yes.
constexpr std::array<std::string_view, 24> kOfSystem{"disablefilter",
                                                     "disablescrub",
                                                     "disablereplyto",
                                                     "disablenegate",
                                                     "skip_rules_gw_down",
                                                     "gw_down_kill_states",
                                                     "kill_states",
                                                     "schedule_states",
                                                     "gw_switch_default",
                                                     "lb_use_sticky",
                                                     "state_policy",
                                                     "statepolicy",
                                                     "optimization",
                                                     "scrubnodf",
                                                     "scrubrnid",
                                                     "vpn_scrubnodf",
                                                     "vpn_fragment_reassemble",
                                                     "bypassstaticroutes",
                                                     "no_apipa_block",
                                                     "enablenatreflectionpurenat",
                                                     "enablenatreflectionhelper",
                                                     "enablebinatreflection",
                                                     "maximumstates",
                                                     "adaptivestart"};

// Other sections that make interfaces or routes.
constexpr std::array<std::string_view, 9> kOfTheHost{"vlans", "qinqs", "laggs",    "bridges", "gifs",
                                                     "gres",  "ppps",  "wireless", "vxlans"};

class Rest {
 public:
  explicit Rest(Work& work) : work_(work) {}

  void note() {
    for (const Element& entry : work_.root.at("interfaces").children) note_interface(entry);
    for (const Element& entry : work_.root.at("virtualip").children) note_virtual(entry);
    for (const std::string_view part : kParts) note_unread(work_, work_.root.at(part));
    note_unread(work_, work_.root.at("ifgroups"));
    note_system(work_.root.at("system"));
    for (const Element* item : work_.root.at("sysctl").all("item")) note_tunable(*item);
    for (const std::string_view section : kOfTheHost) {
      if (const Element* found = work_.root.find(section); found != nullptr && !found->children.empty())
        work_.draft.note(place_of(*found), "is left to the system, which makes such interfaces");
    }
    for (const Element& package : work_.root.at("installedpackages").children) {
      if (package.name.starts_with("frr") || package.name.starts_with("quagga") || package.name.starts_with("openbgpd"))
        work_.draft.note(place_of(package), "is not carried over: routing protocols have a file of their own",
                         "write it into that; the tunnels' devices keep their names");
    }
  }

 private:
  // What an interface is besides its name and its place in a tunnel.
  void note_interface(const Element& entry) {
    if (work_.port_of(entry.name) != nullptr) return note_unread(work_, entry);
    pass_over(entry, {"enable", "descr", "if", "ipaddr", "subnet", "ipaddrv6", "subnetv6", "gateway", "gatewayv6"});
    const bool known = work_.interfaces.contains(entry.name) || entry.value("if").starts_with("ipsec");  // told already
    const std::string names = take_unread_names(entry);
    if (known && names.empty()) return;
    entry.mark();
    work_.draft.note(place_of(entry), fmt::format("{} is left to the system{}{}", work_.names.title(entry.name),
                                                  names.empty() ? "" : ", with ", names));
  }

  void note_virtual(const Element& vip) {
    if (vip.read) {
      pass_over(vip, {"mode", "interface", "uniqid", "descr", "type"});
      return note_unread(work_, vip);
    }
    const std::string on = work_.interfaces.contains(vip.value("interface")) ? work_.interfaces.at(vip.value("interface"))
                                                                             : vip.value("interface");
    pass_over(vip, {"mode", "uniqid", "descr", "type", "subnet_bits", "subnet"});
    const std::string names = take_unread_names(vip);
    vip.mark();
    work_.draft.note(place_of(vip),
                     fmt::format("the address {}/{} on {} is not carried over{}{}", vip.value("subnet"),
                                 vip.value("subnet_bits"), on, names.empty() ? "" : ", nor ", names),
                     "give it to the system; on a tunnel's interface, vtid leaves it alone");
  }

  void note_tunable(const Element& item) {
    const std::string& name = item.value("tunable");
    const bool ours =
        name.starts_with("net.inet.ipsec.") || name.starts_with("net.inet6.ipsec6.") || name.starts_with("net.enc.");
    const bool known = work_.opnsense && name == "net.inet.ipsec.filtertunnel";  // it says which mode "filter" has
    if (!ours || known || item.value("value") == "default") return;
    work_.draft.note(place_of(item), fmt::format("{} is left to the system, but for what \"filter\" sets of it", name));
  }

  void note_system(const Element& system) {
    if (system.has("maxmss_enable")) {
      const std::string& written = system.value("maxmss");
      work_.draft.note(place_of(system.at("maxmss_enable")),
                       fmt::format("the MSS of {} in all tunnels is not carried over", written.empty() ? "1400" : written),
                       "write \"mss\" into the \"interfaces\" of tunnels");
    }
    for (const std::string_view name : kOfSystem) {
      if (system.has(name)) work_.draft.note(place_of(system.at(name)), fmt::format("is not carried over: {}", kNothing));
    }
  }

  Work& work_;
};

// In the order of the alphabet.
constexpr std::array kWords = std::to_array<std::string_view>({"ackqueue",
                                                               "action_disable",
                                                               "address",
                                                               "alert_interval",
                                                               "aliasaddress",
                                                               "aliassubnet",
                                                               "allowopts",
                                                               "any",
                                                               "associated-rule-id",
                                                               "authentication_method",
                                                               "blockbogons",
                                                               "blockpriv",
                                                               "caref",
                                                               "certref",
                                                               "closeaction",
                                                               "created",
                                                               "custom",
                                                               "data_payload",
                                                               "default",
                                                               "defaultgw",
                                                               "defaultqueue",
                                                               "descr",
                                                               "destination",
                                                               "dhgroup",
                                                               "direction",
                                                               "disabled",
                                                               "disablereplyto",
                                                               "dnpipe",
                                                               "dpd_delay",
                                                               "dpd_maxfail",
                                                               "dpinger_dont_add_static_route",
                                                               "dscp",
                                                               "dst",
                                                               "dstmask",
                                                               "dstport",
                                                               "enable",
                                                               "encryption",
                                                               "encryption-algorithm",
                                                               "encryption-algorithm-option",
                                                               "external",
                                                               "failover",
                                                               "floating",
                                                               "force_down",
                                                               "gateway",
                                                               "gw_down_kill_states",
                                                               "gw_duplicates",
                                                               "hash-algorithm",
                                                               "hash-algorithm-option",
                                                               "icmptype",
                                                               "id",
                                                               "ikeid",
                                                               "ikeport",
                                                               "iketype",
                                                               "interface",
                                                               "interval",
                                                               "ipprotocol",
                                                               "item",
                                                               "keep_failover_states",
                                                               "keepalive",
                                                               "keylen",
                                                               "label",
                                                               "labels",
                                                               "latencyhigh",
                                                               "latencylow",
                                                               "lifetime",
                                                               "local-port",
                                                               "localid",
                                                               "log",
                                                               "loss_interval",
                                                               "losshigh",
                                                               "losslow",
                                                               "margintime",
                                                               "max",
                                                               "max-src-conn",
                                                               "max-src-conn-rate",
                                                               "max-src-conn-rates",
                                                               "max-src-nodes",
                                                               "max-src-states",
                                                               "members",
                                                               "mobike",
                                                               "mobile",
                                                               "mode",
                                                               "monitor",
                                                               "monitor_disable",
                                                               "myid_data",
                                                               "myid_type",
                                                               "name",
                                                               "nat",
                                                               "nat_traversal",
                                                               "natlocalid",
                                                               "natport",
                                                               "natreflection",
                                                               "nattport",
                                                               "netbits",
                                                               "network",
                                                               "nobinat",
                                                               "nonat",
                                                               "nonlocalgateway",
                                                               "nopfsync",
                                                               "nordr",
                                                               "nosync",
                                                               "not",
                                                               "nottagged",
                                                               "os",
                                                               "pdnpipe",
                                                               "peerid_data",
                                                               "peerid_type",
                                                               "pfsgroup",
                                                               "pinghost",
                                                               "pkcs11certref",
                                                               "pkcs11pin",
                                                               "poolopts",
                                                               "port",
                                                               "pre-shared-key",
                                                               "prf-algorithm",
                                                               "prfselect_enable",
                                                               "private-key",
                                                               "protocol",
                                                               "quick",
                                                               "rand_time",
                                                               "reauth_enable",
                                                               "reauth_time",
                                                               "rekey_enable",
                                                               "rekey_time",
                                                               "remote-gateway",
                                                               "remoteid",
                                                               "reqid",
                                                               "responderonly",
                                                               "ridentifier",
                                                               "sched",
                                                               "set",
                                                               "source",
                                                               "source-track",
                                                               "source_hash_key",
                                                               "sourceport",
                                                               "splitconn",
                                                               "srcmask",
                                                               "startaction",
                                                               "statepolicy",
                                                               "statetimeout",
                                                               "statetype",
                                                               "staticnatport",
                                                               "subnet",
                                                               "subnet_bits",
                                                               "tag",
                                                               "tagged",
                                                               "target",
                                                               "target_subnet",
                                                               "tcpflags1",
                                                               "tcpflags2",
                                                               "tcpflags_any",
                                                               "tfc_bytes",
                                                               "tfc_enable",
                                                               "tier",
                                                               "time",
                                                               "time_period",
                                                               "tracker",
                                                               "trigger",
                                                               "type",
                                                               "uniqid",
                                                               "updated",
                                                               "user",
                                                               "username",
                                                               "value",
                                                               "vlanprio",
                                                               "vlanprioset",
                                                               "weight"});
static_assert(std::ranges::is_sorted(kWords));

}  // namespace

bool is_pfsense_word(std::string_view name) { return std::ranges::binary_search(kWords, name); }

void note_rest(Work& work) { Rest(work).note(); }

void note_unread(Work& work, const Element& part) {
  for (const Element* element : unread(part)) {
    const std::string names = take_unread_names(*element);
    work.draft.note(place_of(*element), fmt::format("is not carried over: {}{}{}{}", kNothing, names.empty() ? "" : " (", names,
                                                    names.empty() ? "" : ")"));
  }
}

}  // namespace vtid::foreign
