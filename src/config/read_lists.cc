#include "config/read_lists.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "base/number.h"
#include "config/read.h"
#include "config/rules.h"
#include "config/tree.h"

namespace vtid::config {
namespace {

using model::ListRef;
using model::PortRange;

std::optional<std::uint16_t> port_number(std::string_view digits) {
  const auto port = parse_number<std::uint16_t>(digits);
  return port == 0 ? std::nullopt : port;
}

Result<PortRange> ports(const Node& node) {
  if (!std::holds_alternative<std::string>(node.value)) {
    return map(number_in<std::uint16_t>(1, UINT16_MAX)(node), [](std::uint16_t port) { return PortRange{port, port}; });
  }
  const auto value = text(node);
  if (!value) return std::unexpected(value.error());
  const auto dash = value->find('-');
  const auto first = port_number(value->substr(0, dash));
  const auto last = dash == std::string::npos ? first : port_number(value->substr(dash + 1));
  if (first && last && *first <= *last) return PortRange{*first, *last};
  return fail(fmt::format("\"{}\" is neither a port nor a range of ports", value->substr(0, kLongestShown)),
              "write it like 443 or \"5060-5061\"");
}

// The name behind the sign, if it stands for a list.
std::optional<std::string_view> list_in(const Node& node) {
  const auto* word = std::get_if<std::string>(&node.value);
  return word != nullptr && word->starts_with(kListSign) ? std::optional(std::string_view(*word).substr(1)) : std::nullopt;
}

// Each item is either a value or the name of a list.
template <class T, class Convert, class Find>
Result<model::AnyOf<T>> any_of(const Node& node, std::size_t most, Convert convert, Find find) {
  using Item = std::variant<T, ListRef>;
  const auto items = any_or_list(most, [&](const Node& item) -> Result<Item> {
    if (const auto name = list_in(item)) return map(find(*name), [](const ListRef& list) { return Item(list); });
    return map(convert(item), [](const T& value) { return Item(value); });
  })(node);
  if (!items) return std::unexpected(items.error());
  model::AnyOf<T> result;
  for (const Item& item : *items) {
    if (const auto* list = std::get_if<ListRef>(&item)) {
      result.lists.push_back(*list);
    } else {
      result.values.push_back(std::get<T>(item));
    }
  }
  return result;
}

// The entries of a list, each wrong one a finding of its own.
template <class T, class Convert>
auto entries(std::size_t most, const std::string& at, Findings& findings, Convert convert) {
  return [=, &findings](const Node& node) -> Result<std::vector<T>> {
    const auto* items = std::get_if<Node::Array>(&node.value);
    if (items == nullptr) return std::unexpected(wrong_kind(node, "an array"));
    if (items->empty()) return fail("is empty", "write at least one entry, or take the list out of the rules that name it");
    if (items->size() > most)
      return fail(fmt::format("has {} entries", items->size()), fmt::format("at most {} are allowed", most));
    std::vector<T> result;
    result.reserve(items->size());
    for (std::size_t i = 0; i < items->size(); ++i) {
      const Node& item = (*items)[i];
      const auto value =
          list_in(item)
              ? Result<T>(fail("is a list, and lists do not hold lists", "name both lists where they are used, as an array"))
              : convert(item);
      if (value) {
        result.push_back(*value);
      } else {
        findings.error(join(at, i), value.error().text, value.error().remedy);
      }
    }
    return model::reduced(std::move(result));
  };
}

// A network or an address in each line; "#" and ";" begin a comment. Wrong lines are findings at `at`.
std::vector<net::Prefix> networks_in(std::string_view text, const std::string& file, const std::string& at,
                                     Findings& findings) {
  std::vector<net::Prefix> networks;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = text.find('\n');
    const std::string_view line = trimmed(text.substr(0, std::min(end, text.find_first_of("#;"))), " \t\r");
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (line.empty()) continue;
    if (networks.size() == kMostListNetworks) {
      findings.error(at, fmt::format("{} holds more than {} networks", file, kMostListNetworks), "make several lists of it");
      break;
    }
    Node item;
    item.value = std::string(line);
    if (const auto network = end_of_traffic(item)) {
      networks.push_back(*network);
    } else {
      findings.error(at, fmt::format("{}, line {}: {}", file, number, network.error().text), network.error().remedy);
    }
  }
  return model::reduced(std::move(networks));
}

void read_file(Object& object, const Readers& readers, Findings& findings, model::List& list) {
  object.read("file", list.file, filled_text);
  if (list.file.empty()) return;
  const std::string at = join(object.pointer(), "file");
  const auto text = readers.list ? readers.list(list.file) : fail("no file can be read here", "write \"networks\"");
  if (!text) return findings.error(at, text.error().text, text.error().remedy);
  list.networks = networks_in(*text, list.file, at, findings);
  if (list.networks.empty() && !findings.any_under(at))
    findings.warning(at, fmt::format("{} holds no network: the list matches nothing", list.file), "");
}

}  // namespace

Lists::Lists(const std::vector<ListRef>& lists) {
  for (const ListRef& list : lists) lists_.emplace(list->name, &list);
}

Result<ListRef> Lists::find(std::string_view name) const {
  if (const auto found = lists_.find(name); found != lists_.end()) return *found->second;
  std::vector<std::string_view> names;
  for (const auto& [known, list] : lists_) names.push_back(known);
  const auto meant = nearest(name, names);
  return fail(fmt::format("there is no list \"{}\"", name.substr(0, kLongestShown)),
              meant ? fmt::format("did you mean \"{}{}\"?", kListSign, *meant) : "write it in \"lists\"");
}

Result<ListRef> Lists::networks(std::string_view name) const {
  auto list = find(name);
  if (!list || (*list)->ports.empty()) return list;
  return fail(fmt::format("the list \"{}\" holds ports", name), "name one that holds networks");
}

Result<ListRef> Lists::ports(std::string_view name) const {
  auto list = find(name);
  if (!list || (*list)->networks.empty()) return list;
  return fail(fmt::format("the list \"{}\" holds networks", name), "name one that holds ports");
}

Result<net::Prefix> end_of_traffic(const Node& node) {
  const auto value = text(node);
  if (!value) return std::unexpected(value.error());
  if (value->contains('/')) return network(node);
  return map(net::parse_address(*value), [](const net::Address& address) {
    return net::Prefix{address, static_cast<std::uint8_t>(address.bits())};
  });
}

Result<model::AnyOf<net::Prefix>> ends_of_traffic(const Node& node, const Lists& lists) {
  return any_of<net::Prefix>(node, kMostNetworks, end_of_traffic, [&](std::string_view name) { return lists.networks(name); });
}

Result<model::AnyOf<net::Prefix>> exceptions_of_traffic(const Node& node, const Lists& lists) {
  const auto* word = std::get_if<std::string>(&node.value);
  if (word != nullptr && *word == "any") return fail("leaves nothing", "name networks, or take the key out");
  return ends_of_traffic(node, lists);
}

Result<model::AnyOf<PortRange>> ports_of_traffic(const Node& node, const Lists& lists) {
  return any_of<PortRange>(node, kMostPorts, ports, [&](std::string_view name) { return lists.ports(name); });
}

std::vector<ListRef> read_lists(Object& root, Findings& findings, const Readers& readers) {
  std::vector<ListRef> lists;
  for (auto& [name, object] : root.named("lists", kMostLists)) {
    model::List list{name};
    const std::string& at = object.pointer();
    object.read("networks", list.networks,
                entries<net::Prefix>(kMostListNetworks, join(at, "networks"), findings, end_of_traffic));
    read_file(object, readers, findings, list);
    object.read("ports", list.ports, entries<PortRange>(kMostListPorts, join(at, "ports"), findings, ports));
    const int kinds = int{object.has("networks")} + int{object.has("file")} + int{object.has("ports")};
    if (object.readable() && kinds != 1) {
      object.fail(kinds == 0 ? Error{"holds nothing", "write \"networks\", \"file\" or \"ports\""}
                             : Error{"holds networks and ports, or networks of two places", "make two lists of it"});
    }
    object.read("description", list.description, text);
    object.close();
    if (const std::string wrong = what_is_wrong_with_name(name, kLongestListName); !wrong.empty()) {
      object.fail(Error{"the name " + wrong, std::string(kNameRemedy)});
    }
    lists.emplace_back(std::move(list));
  }
  return lists;
}

}  // namespace vtid::config
