#include "config/values.h"

#include <algorithm>

namespace vtid::config {
namespace {

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

bool consists_of(std::string_view text, const std::string& allowed) {
  return text.find_first_not_of(allowed) == std::string_view::npos;
}

bool is_host_label(std::string_view label) {
  static const std::string allowed = std::string(kLetters) + std::string(kDigits) + '-';
  return !label.empty() && label.size() <= 63 && consists_of(label, allowed) && label.front() != '-' && label.back() != '-';
}

// RFC 1123, section 2.1. A last label of digits only is a mistyped address.
bool is_host_name(std::string_view name) {
  if (name.size() > kLongestHostName) return false;
  std::string_view label;
  for (std::size_t start = 0; start <= name.size(); start += label.size() + 1) {
    label = name.substr(start, name.find('.', start) - start);
    if (!is_host_label(label)) return false;
  }
  return !consists_of(label, std::string(kDigits));
}

Result<net::Address> host(net::Address address, std::string_view text) {
  const std::string_view what = address.is_unspecified() ? "the unspecified address"
                                : address.is_multicast() ? "a multicast address"
                                : address.is_loopback()  ? "a loopback address"
                                                         : "";
  if (what.empty()) return address;
  return fail(fmt::format("\"{}\" is {}, not a host's", text, what), "write the address of a host");
}

model::Endpoint to_endpoint(const net::Address& address) { return address; }

// "192.0.2.1-192.0.2.9"; none: it is no such thing.
std::optional<Result<model::Endpoint>> range_of_callers(const std::string& text) {
  const auto dash = text.find('-');
  const auto first = net::parse_address(text.substr(0, dash));
  if (dash == std::string::npos || !first) return std::nullopt;
  const auto last = net::parse_address(text.substr(dash + 1));
  if (!last) return fail(fmt::format("\"{}\" ends with no IP address", text), "write it like 192.0.2.1-192.0.2.9");
  if (first->family() != last->family() || *last < *first)
    return fail(fmt::format("\"{}\" does not lead from an address to a later one", text), "write it like 192.0.2.1-192.0.2.9");
  return model::Endpoint(model::AddressRange{*first, *last});
}

Result<model::Endpoint> one_peer(const Node& node) {
  const auto value = text(node);
  if (!value) return std::unexpected(value.error());
  if (*value == "any") return model::Endpoint(model::AnyAddress{});
  if (net::parse_address(*value)) return map(address(node), to_endpoint);
  if (value->contains('/')) return map(network(node), [](const net::Prefix& callers) { return model::Endpoint(callers); });
  if (auto range = range_of_callers(*value)) return *range;
  if (is_host_name(*value)) return model::Endpoint(model::HostName{*value});
  return fail(fmt::format("\"{}\" is neither an IP address nor a host name", *value), "write one of them, or \"any\"");
}

// Of one, that one.
Result<model::Endpoint> several_peers(const Node::Array& items) {
  if (items.empty()) return fail("is empty", "name where the peer is called");
  if (items.size() > kMostPeerAddresses) return fail(fmt::format("has more than {} entries", kMostPeerAddresses));
  model::SeveralAddresses several;
  std::optional<net::Family> family;
  for (const Node& item : items) {
    const auto peer = one_peer(item);
    if (!peer) return peer;
    const std::string word = model::print(*peer);
    if (!is_callable(*peer))
      return fail(fmt::format("holds \"{}\", which is nowhere to call", word), "write it alone, or take it out");
    const model::CalledAddress called = model::called_addresses(*peer).front();
    if (std::ranges::find(several.list, called) != several.list.end())
      return fail(fmt::format("holds {} twice", word), "take one out");
    const auto own = model::family_of(*peer);
    if (own && family.value_or(*own) != *own)
      return fail(fmt::format("{} is {}, and an address before it is not", word, net::print(*own)),
                  "write addresses of one family");
    if (own) family = own;
    several.list.push_back(called);
  }
  if (several.list.size() > 1) return model::Endpoint(std::move(several));
  return one_peer(items.front());
}

}  // namespace

Error wrong_kind(const Node& node, std::string_view wanted) { return {fmt::format("is {}, not {}", kind(node), wanted), ""}; }

Result<bool> flag(const Node& node) {
  if (const bool* value = std::get_if<bool>(&node.value)) return *value;
  return std::unexpected(wrong_kind(node, "true or false"));
}

Result<std::string> text(const Node& node) {
  const auto* value = std::get_if<std::string>(&node.value);
  if (value == nullptr) return std::unexpected(wrong_kind(node, "a string"));
  if (value->size() > kLongestText) return fail(fmt::format("is longer than {} bytes", kLongestText));
  if (std::ranges::any_of(*value, [](unsigned char c) { return c < 0x20 || c == 0x7f; })) {
    return fail("holds a control character", "take it out");
  }
  return *value;
}

Result<std::string> filled_text(const Node& node) {
  auto value = text(node);
  if (value && value->empty()) return fail("is empty");
  return value;
}

Result<model::Secret> secret_text(const Node& node) {
  return map(filled_text(node), [](const std::string& bytes) { return model::Secret(bytes); });
}

Result<net::Address> address(const Node& node) {
  return then(text(node), [](const std::string& value) {
    return then(net::parse_address(value), [&](const net::Address& parsed) { return host(parsed, value); });
  });
}

Result<net::Prefix> inner_prefix(const Node& node) {
  const auto value = text(node);
  if (!value) return std::unexpected(value.error());
  const auto prefix = net::parse_prefix(*value);
  if (!prefix) return prefix;
  return map(host(prefix->address, *value), [&](const net::Address&) { return *prefix; });
}

Result<net::Prefix> network(const Node& node) {
  const auto value = text(node);
  if (!value) return std::unexpected(value.error());
  const auto prefix = net::parse_prefix(*value);
  if (!prefix || prefix->network() == *prefix) return prefix;
  return fail(fmt::format("\"{}\" has host bits set", *value), fmt::format("write \"{}\"", net::print(prefix->network())));
}

Result<std::vector<net::Prefix>> networks(const Node& node) {
  const auto* items = std::get_if<Node::Array>(&node.value);
  if (items == nullptr) return map(network(node), [](const net::Prefix& one) { return std::vector{one}; });
  if (items->empty()) return fail("is empty", "name a network, or take the key out");
  if (items->size() > kMostNetworks) return fail(fmt::format("has more than {} entries", kMostNetworks));
  std::vector<net::Prefix> result;
  for (const Node& item : *items) {
    auto prefix = network(item);
    if (!prefix) return std::unexpected(prefix.error());
    result.push_back(*prefix);
  }
  return result;
}

Result<model::Endpoint> local_endpoint(const Node& node) {
  const auto value = text(node);
  if (value && *value == "any") return model::Endpoint(model::AnyAddress{});
  return map(address(node), to_endpoint);
}

Result<model::Endpoint> remote_endpoint(const Node& node) {
  const auto* items = std::get_if<Node::Array>(&node.value);
  return items == nullptr ? one_peer(node) : several_peers(*items);
}

Result<net::IfName> device(const Node& node) {
  return then(text(node), [](const std::string& name) { return net::IfName::parse(name); });
}

Result<std::string> vici_socket(const Node& node) {
  constexpr std::string_view kScheme = "unix://";
  const auto value = text(node);
  if (!value) return value;
  if (!value->starts_with("unix:///")) {
    return fail(fmt::format("\"{}\" is not a vici socket", *value), "write it like unix:///var/run/charon.vici");
  }
  if (value->size() - kScheme.size() > kLongestSocketPath) {
    return fail(fmt::format("names a path longer than {} bytes", kLongestSocketPath), "a UNIX socket holds no more");
  }
  return value;
}

Result<std::vector<std::string>> proposals(const Node& node) {
  static const std::string allowed = std::string(kLetters) + std::string(kDigits) + "-_";
  const auto* items = std::get_if<Node::Array>(&node.value);
  if (items == nullptr) return std::unexpected(wrong_kind(node, "an array of strings"));
  if (items->empty()) return fail("is empty", "name one proposal, or take the key out for the default");
  if (items->size() > kMostProposals) return fail(fmt::format("has more than {} entries", kMostProposals));
  std::vector<std::string> result;
  for (const Node& item : *items) {
    auto proposal = filled_text(item);
    if (!proposal) return fail("has an entry that " + proposal.error().text);
    if (proposal->size() > kLongestProposal || !consists_of(*proposal, allowed)) {
      return fail(fmt::format("\"{}\" is not a proposal", *proposal), "write it like aes256gcm16-prfsha384-ecp384");
    }
    result.push_back(std::move(*proposal));
  }
  return result;
}

Result<std::int64_t> whole_number(const Node& node, std::int64_t lowest, std::int64_t highest) {
  if (const auto* value = std::get_if<std::int64_t>(&node.value)) {
    if (*value >= lowest && *value <= highest) return *value;
    return fail(fmt::format("{} is out of range", *value), fmt::format("write a whole number from {} to {}", lowest, highest));
  }
  if (std::holds_alternative<double>(node.value)) {
    return fail("is not a whole number in range", fmt::format("write a whole number from {} to {}", lowest, highest));
  }
  return std::unexpected(wrong_kind(node, "a whole number"));
}

Result<Duration> duration(const Node& node, Duration shortest, Duration longest) {
  if (!std::holds_alternative<std::string>(node.value)) {
    return fail(fmt::format("is {}, not a duration", kind(node)),
                "write a string with a unit: \"500ms\", \"10s\", \"5m\", \"4h\", \"1d\"");
  }
  const auto value = then(text(node), [](const std::string& written) { return parse_duration(written); });
  if (!value || (*value >= shortest && *value <= longest)) return value;
  return fail(fmt::format("{} is out of range", print_duration(*value)),
              fmt::format("write {} to {}", print_duration(shortest), print_duration(longest)));
}

Result<Duration> renewal(const Node& node, Duration shortest) {
  constexpr Duration kLongest = std::chrono::hours{30 * 24};
  const auto value = duration(node, Duration{0}, kLongest);
  if (value && value->count() != 0 && *value < shortest) {
    return fail(fmt::format("{} is out of range", print_duration(*value)),
                fmt::format("write {} to {}, or 0s for never", print_duration(shortest), print_duration(kLongest)));
  }
  return whole_seconds(value);
}

Result<Duration> whole_seconds(Result<Duration> duration) {
  if (!duration || duration->count() % 1'000 == 0) return duration;
  return fail(fmt::format("{} is not a whole number of seconds", print_duration(*duration)), "charon keeps time in seconds");
}

std::string_view trimmed(std::string_view text, std::string_view blanks) {
  const auto first = text.find_first_not_of(blanks);
  return first == std::string_view::npos ? std::string_view{} : text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

}  // namespace vtid::config
