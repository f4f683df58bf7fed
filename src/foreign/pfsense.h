// The parts of a pfSense configuration, each carried over by one function, in this order. What they share is Work. Facts about
// pfSense: its 2.8 sources; what a part cannot say in vtid's words it notes.
#pragma once

#include <map>
#include <string>

#include "foreign/draft.h"
#include "foreign/pfsense_names.h"
#include "foreign/xml.h"

namespace vtid::foreign {

// What a device ipsecN of pfSense has become.
struct VtiPort {
  std::string tunnel;
  std::string child;                         // when it has the device for itself
  std::map<net::Family, net::Prefix> local;  // inner, the first of each family
};

struct Work {
  const Element& root;
  PfsenseNames names;
  Draft& draft;
  std::map<std::string, VtiPort, std::less<>> ports;           // by device: "ipsec1"
  std::map<std::string, std::string, std::less<>> interfaces;  // ours by pfSense's key: "opt1" -> "VTI_HQ"
  std::map<std::string, net::Family, std::less<>> gateways;    // carried over
  std::map<std::string, net::Family, std::less<>> groups;      // carried over

  bool has_policies = false;  // of enabled children in tunnel mode

  [[nodiscard]] bool assigned_mode() const { return root.at("ipsec").value("filtermode") == "if_ipsec"; }
  // The tunnel's device behind pfSense's interface, if it is one.
  [[nodiscard]] const VtiPort* port_of(const std::string& key) const;
  // Our name of an interface that is no tunnel's; assigns its device when it is not yet.
  std::string device_interface(const std::string& key);
};

void carry_tunnels(Work& work);
void carry_interfaces(Work& work);  // those of tunnels
void carry_gateways(Work& work);    // groups, default gateways and static routes too
void carry_filter(Work& work);      // rules, NAT, and rules that choose a gateway

[[nodiscard]] Place place_of(const Element& element);
// Notes each child of `element` that is not among `known`.
void note_others(Work& work, const Element& element, std::initializer_list<std::string_view> known);

// "ike" of a phase 1; an error says why the tunnel cannot be carried over.
[[nodiscard]] Result<Json> pfsense_ike(Work& work, const Element& phase1, const std::string& tunnel);
// Of a phase 2, in pfSense's order of preference.
[[nodiscard]] std::vector<std::string> pfsense_child_proposals(const Element& phase2);
// Seconds: what is written, else 90 % of the lifetime, else `otherwise`.
[[nodiscard]] long pfsense_rekey(const Element& phase, long otherwise);

}  // namespace vtid::foreign
