// The parts of an OPNsense configuration that have no like in pfSense's. What has is moved and renamed first, as it stands
// there, and read by the same reader. Facts: OPNsense's 26.7 sources and the older ones of its 20.1.
#pragma once

#include "foreign/pfsense.h"

namespace vtid::foreign {

// OPNsense's tree in pfSense's words. Elements are moved, renamed and added, each with the line and the path of where it comes
// from; none is lost but those that say "no".
void put_in_pfsense_words(Element& root, Draft& draft);

// VPN > IPsec > Connections: <Swanctl>, with the keys of <IPsec>. Their devices go into Work::ports.
void carry_opnsense_connections(Work& work, const Wish& wish);
void note_opnsense_rest(Work& work);

// The length of the smallest network that holds both; of one family.
[[nodiscard]] int smallest_network(const net::Address& one, const net::Address& other);

}  // namespace vtid::foreign
