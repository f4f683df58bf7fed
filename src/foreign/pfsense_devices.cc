#include <fmt/format.h>

#include <algorithm>

#include "foreign/pfsense.h"

namespace vtid::foreign {
namespace {

// From 20.9 (2.4.5-p1) on <vtimaps> holds the numbers, from 21.9 (2.5.2) on they are those of the phases 2.
constexpr long kMaps = 20'009, kReqids = 21'009;

bool is_assigned(const Element& root, const std::string& number) {
  return std::ranges::any_of(root.at("interfaces").children,
                             [&](const Element& entry) { return entry.value("if") == "ipsec" + number; });
}

}  // namespace

std::optional<long> pfsense_version(const Element& root) {
  const auto parts = words_of(root.value("version"), ".");
  if (parts.empty() || parts.size() > 2) return std::nullopt;
  const auto major = number_of(parts[0]), minor = number_of(parts.size() > 1 ? parts[1] : "0");
  if (!major || !minor || *major > 1'000 || *minor > 999) return std::nullopt;
  return *major * 1'000 + *minor;
}

PfsenseDevices::PfsenseDevices(const Element& root) : root_(root) {
  const bool has_map = root.at("ipsec").at("vtimaps").has("item");
  for (const Element* item : root.at("ipsec").at("vtimaps").all("item")) pass_over(*item, {"reqid", "index", "ifnum"});
  const auto version = pfsense_version(root);
  if (version && *version >= kReqids)
    naming_ = Naming::reqid;
  else if (version && *version < kMaps)
    naming_ = Naming::ikeid;
  else
    naming_ = has_map ? Naming::map : Naming::whatever_is_assigned;
}

std::string PfsenseDevices::number(const std::string& ikeid, const std::string& reqid, std::optional<std::size_t> index) const {
  std::string old = index ? fmt::format("{}00{}", ikeid, *index) : "";
  switch (naming_) {
    case Naming::reqid: return reqid;
    case Naming::ikeid: return old;
    case Naming::whatever_is_assigned: return !is_assigned(root_, reqid) && is_assigned(root_, old) ? old : reqid;
    case Naming::map: break;
  }
  for (const Element* item : root_.at("ipsec").at("vtimaps").all("item")) {
    const bool ours = index && item->value("reqid") == ikeid && item->value("index") == std::to_string(*index);
    if (ours) return item->value("ifnum");
  }
  return "";
}

std::string PfsenseDevices::shared(const std::string& ikeid, const std::vector<const Element*>& phases) const {
  return number(ikeid, phases.empty() ? "" : phases.front()->value("reqid"), 0);
}

std::string PfsenseDevices::own(const std::string& ikeid, const Element& phase, std::optional<std::size_t> index) const {
  return number(ikeid, phase.value("reqid"), index);
}

}  // namespace vtid::foreign
