// Where rules and translations of pfSense stand with us, and what becomes of those that stand nowhere.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "foreign/pfsense.h"

namespace vtid::foreign {

class PfsensePlaces {
 public:
  explicit PfsensePlaces(const Work& work) : work_(work) {}

  // Of an interface, "enc0" or a group: "ipsec", interfaces of ours in the group's order, or nothing.
  [[nodiscard]] std::vector<std::string> on(const std::string& key) const;
  [[nodiscard]] std::string one(const std::string& interface) const;  // empty: it is no tunnel's
  [[nodiscard]] std::vector<std::string> every() const;

 private:
  const Work& work_;
};

// What the host's own firewall has, named in one note for each interface.
class PfsenseLeft {
 public:
  void add(const Element& entry, const std::string& on);
  void note(Work& work) const;

 private:
  std::map<std::string, std::pair<const Element*, std::string>> by_interface_;  // the first one, and all titles
};

[[nodiscard]] std::string title_of(const Element& rule);  // its description, or else its number
void pass_separators(const Element& rules);               // lines between rules on a page
void carry_nat(Work& work, const PfsensePlaces& places, PfsenseLeft& left);

}  // namespace vtid::foreign
