#include "foreign/pfsense_places.h"

#include <fmt/format.h>

namespace vtid::foreign {

std::vector<std::string> PfsensePlaces::on(const std::string& key) const {
  if (key == "enc0") return {"ipsec"};
  std::vector<std::string> result;
  if (const auto* members = work_.names.members(key)) {
    for (const std::string& member : *members) {
      if (const std::string place = one(member); !place.empty()) result.push_back(place);
    }
  } else if (const std::string place = one(key); !place.empty()) {
    result.push_back(place);
  }
  return result;
}

std::string PfsensePlaces::one(const std::string& key) const {
  const auto found = work_.interfaces.find(key);
  return work_.port_of(key) != nullptr && found != work_.interfaces.end() ? found->second : "";
}

std::vector<std::string> PfsensePlaces::every() const {
  std::vector<std::string> result{"ipsec"};
  for (const auto& [key, name] : work_.interfaces) {
    if (work_.port_of(key) != nullptr) result.push_back(name);
  }
  return result;
}

std::string title_of(const Element& rule) {
  return rule.value("descr").empty() ? rule.path.substr(rule.path.rfind('/') + 1) : rule.value("descr");
}

void PfsenseLeft::add(const Element& entry, const std::string& on) {
  auto& [first, titles] = by_interface_[on.empty() ? "no interface" : on];
  if (first == nullptr) first = &entry;
  append_name(titles, fmt::format("\"{}\"", title_of(entry)));
  told(entry);
}

void PfsenseLeft::note(Work& work) const {
  for (const auto& [on, entries] : by_interface_) {
    work.draft.note(
        place_of(*entries.first),
        fmt::format("what stands on {} is not carried over, but left to the host's own firewall: {}", on, entries.second));
  }
}

namespace {

void mark_all(const Element& element) {
  element.mark();
  for (const Element& child : element.children) mark_all(child);
}

}  // namespace

void pass_separators(const Element& rules) {
  for (const Element* separator : rules.all("separator")) mark_all(*separator);
}

}  // namespace vtid::foreign
