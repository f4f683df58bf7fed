#include "foreign/pfsense_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/number.h"

namespace vtid::foreign {
namespace {

std::optional<net::Prefix> prefix_of(std::string_view address, std::string_view length) {
  const auto parsed = net::parse_address(address);
  if (!parsed) return std::nullopt;
  const long bits = number_of(length).value_or(parsed->bits());
  if (bits > parsed->bits()) return std::nullopt;
  return net::Prefix{*parsed, static_cast<std::uint8_t>(bits)};
}

}  // namespace

std::optional<long> number_of(std::string_view text) {
  const auto number = parse_number<long>(text);
  return number >= 0 ? number : std::nullopt;
}

std::vector<std::string> words_of(std::string_view text, std::string_view separators) {
  std::vector<std::string> words;
  for (std::size_t start = 0; start < text.size();) {
    const auto end = std::min(text.find_first_of(separators, start), text.size());
    if (end > start) words.emplace_back(text.substr(start, end - start));
    start = end + 1;
  }
  return words;
}

PfsenseNames::PfsenseNames(const Element& root) : gateways_(root.at("gateways")) {
  for (const Element& interface : root.at("interfaces").children) interfaces_.emplace(interface.name, &interface);
  for (const Element& vip : root.at("virtualip").children) {
    if (!vip.value("uniqid").empty()) virtual_.emplace("_vip" + vip.value("uniqid"), &vip);
  }
  for (const Element* group : root.at("ifgroups").all("ifgroupentry")) {
    static_cast<void>(group->at("descr"));  // for the reader of the file
    if (!group->value("ifname").empty()) groups_.emplace(group->value("ifname"), words_of(group->value("members")));
  }
  for (const Element* alias : root.at("aliases").all("alias")) aliases_.emplace(alias->value("name"), alias);
}

const Element* PfsenseNames::interface(std::string_view key) const {
  const auto found = interfaces_.find(key);
  return found == interfaces_.end() ? nullptr : found->second;
}

const std::vector<std::string>* PfsenseNames::members(std::string_view group) const {
  const auto found = groups_.find(group);
  return found == groups_.end() ? nullptr : &found->second;
}

std::string PfsenseNames::owner(std::string_view key) const {
  std::string name(key);
  for (int depth = 0; depth < kDeepestAlias; ++depth) {  // an alias address may stand on a CARP one
    const auto vip = virtual_.find(name);
    if (vip == virtual_.end()) return name;
    name = vip->second->value("interface");
  }
  return name;
}

std::optional<PfsenseNames::FirstMember> PfsenseNames::first_member(std::string_view gateway_group) const {
  std::vector<std::string> first;
  long lowest = 0;
  for (const Element* group : gateways_.all("gateway_group")) {
    if (group->value("name") != gateway_group) continue;
    for (const Element* item : group->all("item")) {
      auto parts = words_of(item->text, "|");
      const long tier = parts.size() > 1 ? number_of(parts[1]).value_or(0) : 0;  // 0: "never"
      if (tier == 0 || (lowest != 0 && tier >= lowest)) continue;
      lowest = tier;
      first = std::move(parts);
    }
  }
  if (first.empty()) return std::nullopt;
  const std::string virtual_address = first.size() > 2 && first[2] != "address" ? first[2] : "";
  for (const Element* gateway : gateways_.all("gateway_item")) {
    if (gateway->value("name") == first[0]) return FirstMember{gateway->value("interface"), virtual_address};
  }
  const auto lines = this->lines();
  const auto line = lines.find(first[0]);
  return line == lines.end() ? std::nullopt : std::optional(FirstMember{line->second.key, virtual_address});
}

std::map<std::string, PfsenseNames::Line> PfsenseNames::lines() const {
  std::map<std::string, Line> lines;
  for (const auto& [key, entry] : interfaces_) {
    for (const net::Family family : {net::Family::ipv4, net::Family::ipv6}) {
      std::string kind = entry->value(family == net::Family::ipv4 ? "ipaddr" : "ipaddrv6");
      if (kind.empty() || kind == "track6" || net::parse_address(kind)) continue;
      std::ranges::transform(kind, kind.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
      lines.emplace(title(key) + '_' + kind, Line{key, family});
    }
  }
  return lines;
}

std::string PfsenseNames::title(std::string_view key) const {
  const Element* entry = interface(key);
  std::string title(entry != nullptr && !entry->value("descr").empty() ? entry->value("descr") : key);
  std::ranges::transform(title, title.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return title;
}

std::string PfsenseNames::device(std::string_view key) const {
  const Element* entry = interface(key);
  return entry == nullptr ? "" : entry->value("if");
}

std::optional<net::Prefix> PfsenseNames::address(std::string_view key, net::Family family) const {
  if (const auto vip = virtual_.find(key); vip != virtual_.end()) {
    vip->second->mark();
    const auto prefix = prefix_of(vip->second->value("subnet"), vip->second->value("subnet_bits"));
    return prefix && prefix->family() == family ? prefix : std::nullopt;
  }
  const Element* entry = interface(key);
  if (entry == nullptr) return std::nullopt;
  const bool v4 = family == net::Family::ipv4;
  const auto prefix = prefix_of(entry->value(v4 ? "ipaddr" : "ipaddrv6"), entry->value(v4 ? "subnet" : "subnetv6"));
  return prefix && prefix->family() == family ? prefix : std::nullopt;
}

Result<std::vector<net::Prefix>> PfsenseNames::networks(std::string_view text) const {
  std::vector<net::Prefix> result;
  if (auto added = add_networks(text, result, 0); !added) return std::unexpected(added.error());
  return result;
}

Result<void> PfsenseNames::add_networks(std::string_view text, std::vector<net::Prefix>& result, int depth) const {
  if (const auto prefix = net::parse_prefix(text)) {
    if (result.size() >= kMostAliasEntries)
      return fail(fmt::format("there are more than {} addresses in it", kMostAliasEntries));
    result.push_back(prefix->network());
    return {};
  }
  const auto alias = aliases_.find(text);
  if (alias == aliases_.end()) return fail(fmt::format("\"{}\" is neither an address nor an alias of some", text));
  const std::string& type = alias->second->value("type");
  if ((type != "host" && type != "network" && type != "networkgroup") || depth >= kDeepestAlias) {
    return fail(fmt::format("the alias \"{}\" is of type \"{}\"", text, type));
  }
  const auto entries = words_of(alias->second->value("address"));
  if (entries.empty()) return fail(fmt::format("the alias \"{}\" is empty", text));  // so each step adds something
  for (const std::string& entry : entries) {
    if (auto added = add_networks(entry, result, depth + 1); !added)
      return fail(fmt::format("in the alias \"{}\" {}", text, added.error().text));
  }
  return {};
}

Result<std::vector<std::string>> PfsenseNames::ports(std::string_view text) const {
  std::vector<std::string> result;
  if (auto added = add_ports(text, result, 0); !added) return std::unexpected(added.error());
  return result;
}

Result<void> PfsenseNames::add_ports(std::string_view text, std::vector<std::string>& result, int depth) const {
  const auto parts = words_of(text, "-:");
  const auto is_port = [](const std::string& part) {
    return number_of(part).value_or(0) >= 1 && number_of(part).value_or(0) <= 65'535;
  };
  if (!parts.empty() && parts.size() <= 2 && std::ranges::all_of(parts, is_port)) {
    if (result.size() >= kMostAliasPorts) return fail(fmt::format("there are more than {} ports in it", kMostAliasPorts));
    result.push_back(parts.size() == 1 ? parts[0] : parts[0] + '-' + parts[1]);
    return {};
  }
  const auto alias = aliases_.find(text);
  if (alias == aliases_.end() || alias->second->value("type") != "port" || depth >= kDeepestAlias) {
    return fail(fmt::format("\"{}\" is neither a port nor an alias of some", text));
  }
  const auto entries = words_of(alias->second->value("address"));
  if (entries.empty()) return fail(fmt::format("the alias \"{}\" is empty", text));  // so each step adds something
  for (const std::string& entry : entries) {
    if (auto added = add_ports(entry, result, depth + 1); !added) return added;
  }
  return {};
}

}  // namespace vtid::foreign
