#include "foreign/pfsense.h"

#include <fmt/format.h>

#include <algorithm>

#include "net/names.h"

namespace vtid::foreign {

Place place_of(const Element& element) { return {element.line, element.path}; }

void note_others(Work& work, const Element& element, std::initializer_list<std::string_view> known) {
  for (const Element& child : element.children) {
    if (std::ranges::find(known, child.name) != known.end()) continue;
    if (child.text.empty() && child.children.empty()) continue;
    work.draft.note(place_of(child), "is not carried over: vtid has nothing for it");
  }
}

const VtiPort* Work::port_of(const std::string& key) const {
  const auto found = ports.find(names.device(key));
  return found == ports.end() ? nullptr : &found->second;
}

std::string Work::device_interface(const std::string& key) {
  if (const auto known = interfaces.find(key); known != interfaces.end()) return known->second;
  const Element* entry = names.interface(key);
  if (entry == nullptr || names.device(key).empty()) return "";
  std::string name = draft.fresh_name("interfaces", names.title(key), 25);
  draft.add("interfaces", name, {{"device", names.device(key)}}, place_of(*entry));
  draft.note(place_of(*entry), fmt::format("interfaces/{} is the device {}, as on the pfSense host", name, names.device(key)),
             "put in what the device is called on the new host; its addresses are the system's");
  interfaces.emplace(key, name);
  return name;
}

Result<Imported> import_pfsense(std::string_view text, std::string_view file_name, const Wish& wish) {
  if (text.size() > kLongestForeignFile) return fail(fmt::format("{} is longer than {} bytes", file_name, kLongestForeignFile));
  const auto root = parse_xml(text);
  if (!root) return fail(fmt::format("{}: {}", file_name, root.error().text), root.error().remedy);
  if (root->name != "pfsense") {
    return fail(fmt::format("{}: line {}: the root element is <{}>, and that of a pfSense configuration is <pfsense>",
                            file_name, root->line, root->name.substr(0, 64)),
                "give the config.xml of Diagnostics > Backup & Restore");
  }
  Draft draft(wish);
  Work work{*root, PfsenseNames(*root), draft, {}, {}, {}, {}, false};
  if (!root->has("ipsec")) draft.note({}, "there is no <ipsec> in it, so there are no tunnels");
  carry_tunnels(work);
  carry_interfaces(work);
  carry_gateways(work);
  carry_filter(work);
  return draft.settle(file_name);
}

}  // namespace vtid::foreign
