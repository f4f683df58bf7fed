// The parts of a pfSense configuration, each carried over by one function, in this order. What they share is Work. Facts about
// pfSense: its 2.8 sources; what a part cannot say in vtid's words it notes.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "foreign/draft.h"
#include "foreign/pfsense_names.h"
#include "foreign/xml.h"

namespace vtid::foreign {

// What a device ipsecN of pfSense has become.
struct VtiPort {
  std::string tunnel;
  std::string child;                          // when it has the device for itself
  std::map<net::Family, net::Prefix> local;   // inner, the first of each family
  std::map<net::Family, std::string> asleep;  // what is switched off, and with it the gateway: "tunnels/hq"
};

// pfSense sends to a peer by the gateway of the interface that the phase 1 stands on, whatever its other routes say.
struct PeerPin {
  const Element& phase1;
  std::string tunnel;
  std::optional<net::Address> peer;  // none: it has a name
};

// A phase 1 on a group of gateways: the tunnel moves with the group, if that comes over.
struct GroupEnd {
  const Element& phase1;
  std::string tunnel;
  std::string group;
  net::Family family;
};

struct Work {
  const Element& root;
  PfsenseNames names;
  Draft& draft;
  std::map<std::string, VtiPort, std::less<>> ports;           // by device: "ipsec1"
  std::map<std::string, std::string, std::less<>> interfaces;  // ours by pfSense's key: "opt1" -> "VTI_HQ"
  std::map<std::string, net::Family, std::less<>> gateways;    // carried over
  std::map<std::string, net::Family, std::less<>> groups;      // carried over
  std::map<std::string, std::string, std::less<>> asleep;      // gateways that are switched off, and by what: "tunnels/hq"
  std::map<std::string, std::string, std::less<>> renamed;     // gateways that have another name with us
  std::vector<PeerPin> pins;

  bool has_policies = false;  // of enabled children in tunnel mode
  bool opnsense = false;      // whose file it is, in pfSense's words
  std::vector<GroupEnd> group_ends{};
  std::map<std::string, std::string, std::less<>> lists{};  // ours by alias, of one family with a sign behind it

  [[nodiscard]] std::string_view product() const { return opnsense ? "OPNsense" : "pfSense"; }
  [[nodiscard]] bool assigned_mode() const { return root.at("ipsec").value("filtermode") == "if_ipsec"; }
  // The tunnel's device behind pfSense's interface, if it is one.
  [[nodiscard]] const VtiPort* port_of(const std::string& key) const;
  // "@NAME" of the list that an alias has become, which is made when it is first asked for. `wanted` is the alias, or what
  // tells it from its other family; `key` is "networks" or "ports".
  std::string list_of(const std::string& alias, const std::string& wanted, const char* key,
                      const std::vector<std::string>& entries);
  // The name that a gateway of pfSense has with us.
  [[nodiscard]] std::string ours(const std::string& gateway) const;
  // Our name of an interface that is no tunnel's; assigns its device when it is not yet.
  std::string device_interface(const std::string& key);
};

void carry_tunnels(Work& work);
void carry_interfaces(Work& work);  // those of tunnels
void carry_gateways(Work& work);    // groups, default gateways and static routes too
void carry_filter(Work& work);      // rules, NAT, and rules that choose a gateway
void note_rest(Work& work);         // at the end: what nobody has read of all that tunnels have to do with
void note_unread(Work& work, const Element& part);

[[nodiscard]] Place place_of(const Element& element);
// With its <descr>, for what has no description in vtid.json.
[[nodiscard]] Place described(const Element& element);
// A note stands for all of the element: only what pfSense itself would not write into it is noted besides.
void told(const Element& element);
// They have no meaning here, or none that is lost.
void pass_over(const Element& element, std::initializer_list<std::string_view> children);
// Notes those that hold a text: empty ones are pfSense's way to say nothing.
void note_texts(Work& work, const Element& element, std::initializer_list<std::string_view> children, std::string_view why);
// "a, b": what lies unread in it, marked as read.
[[nodiscard]] std::string take_unread_names(const Element& element);
// Whether pfSense writes elements of this name into interfaces, gateways, routes, rules, translations or IPsec.
[[nodiscard]] bool is_pfsense_word(std::string_view name);

// How pfSense has named its ipsecN. Its releases differ, and config.xml says in <version> which of them wrote it.
class PfsenseDevices {
 public:
  explicit PfsenseDevices(const Element& root);

  // The N of a tunnel's only device; its phases 2 in the file's order. Empty: it has none.
  [[nodiscard]] std::string shared(const std::string& ikeid, const std::vector<const Element*>& phases) const;
  // The N of a child with a device for itself, which is number `index` of the tunnel's VTI phases 2 that are enabled.
  [[nodiscard]] std::string own(const std::string& ikeid, const Element& phase, std::optional<std::size_t> index) const;

 private:
  enum class Naming { reqid, map, ikeid, whatever_is_assigned };

  [[nodiscard]] std::string number(const std::string& ikeid, const std::string& reqid, std::optional<std::size_t> index) const;

  const Element& root_;
  Naming naming_ = Naming::reqid;
};
// <version> in thousands: "21.5" is 21005; nothing: it does not say.
[[nodiscard]] std::optional<long> pfsense_version(const Element& root);

struct PfsenseIke {
  Json ike;
  std::string shut;  // the condition that cannot be kept, so that the tunnel has to come out disabled; empty: none
};
// "ike" of a phase 1; an error says why the tunnel cannot be carried over.
[[nodiscard]] Result<PfsenseIke> pfsense_ike(Work& work, const Element& phase1, const std::string& tunnel);
// Of a phase 2, in pfSense's order of preference, or as they stand there.
[[nodiscard]] std::vector<std::string> pfsense_child_proposals(const Element& phase2, bool as_they_stand);

// Seconds, as pfSense gives them to charon; 0: never.
struct PfsenseTimes {
  long rekey = 0, reauth = 0;
};
[[nodiscard]] PfsenseTimes pfsense_ike_times(const Element& phase1);
// Nothing: it leaves the time to charon.
[[nodiscard]] std::optional<long> pfsense_child_rekey(const Element& phase2);

}  // namespace vtid::foreign
