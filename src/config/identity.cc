#include "config/identity.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "config/values.h"

namespace vtid::config {
namespace {

// What is wrong with an identity; empty text: nothing.
using Fault = Error;

enum class Form : std::uint8_t { ipv4, ipv6, ipv4_network, ipv6_network, ipv4_range, ipv6_range, name, mailbox, dn, free };

struct Prefix {
  std::string_view text;
  Form form;
};

// strongSwan's, src/libstrongswan/utils/identification.c.
constexpr std::array kPrefixes{
    Prefix{"ipv4:", Form::ipv4},
    Prefix{"ipv6:", Form::ipv6},
    Prefix{"ipv4net:", Form::ipv4_network},
    Prefix{"ipv6net:", Form::ipv6_network},
    Prefix{"ipv4range:", Form::ipv4_range},
    Prefix{"ipv6range:", Form::ipv6_range},
    Prefix{"rfc822:", Form::mailbox},
    Prefix{"email:", Form::mailbox},
    Prefix{"userfqdn:", Form::mailbox},
    Prefix{"fqdn:", Form::name},
    Prefix{"dns:", Form::name},
    Prefix{"asn1dn:", Form::dn},
    Prefix{"asn1gn:", Form::free},
    Prefix{"xmppaddr:", Form::free},
    Prefix{"keyid:", Form::free},
};

constexpr std::array<std::string_view, 33> kNameParts{"ND",
                                                      "UID",
                                                      "DC",
                                                      "CN",
                                                      "SN",
                                                      "serialNumber",
                                                      "C",
                                                      "L",
                                                      "ST",
                                                      "STREET",
                                                      "O",
                                                      "OU",
                                                      "T",
                                                      "D",
                                                      "postalAddress",
                                                      "postalCode",
                                                      "N",
                                                      "G",
                                                      "I",
                                                      "dnQualifier",
                                                      "dmdName",
                                                      "pseudonym",
                                                      "ID",
                                                      "EN",
                                                      "employeeNumber",
                                                      "E",
                                                      "Email",
                                                      "emailAddress",
                                                      "UN",
                                                      "unstructuredName",
                                                      "UA",
                                                      "unstructuredAddress",
                                                      "TCGID"};

constexpr std::array<std::string_view, 6> kAnybody{"%any", "%any6", "*", "0.0.0.0", "::", "0::0"};

bool same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

Fault check_hex(std::string_view digits) {
  const bool good = !digits.empty() && digits.size() % 2 == 0 &&
                    std::ranges::all_of(digits, [](unsigned char c) { return std::isxdigit(c) != 0; });
  if (good) return {};
  return {"\"#\" is not followed by pairs of hexadecimal digits", "write it like \"@#0a1b2c\""};
}

std::optional<net::Address> address_of(std::string_view text, bool v4) {
  const auto address = net::parse_address(text);
  return address && address->is_v4() == v4 ? std::optional(*address) : std::nullopt;
}

bool is_range(std::string_view text, bool v4) {
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return false;
  const auto first = address_of(text.substr(0, dash), v4), last = address_of(text.substr(dash + 1), v4);
  return first && last && !(*last < *first);
}

bool is_network(std::string_view text, bool v4) {
  const auto prefix = text.contains('/') ? net::parse_prefix(text) : Result<net::Prefix>(fail(""));
  return prefix && prefix->address.is_v4() == v4;
}

bool is_address_of_any_kind(std::string_view text, bool v4) {
  return address_of(text, v4) || is_range(text, v4) || is_network(text, v4);
}

Fault check_name(std::string_view name) {
  if (name.empty()) return {"is a name without a letter", "write the name"};
  const bool numeric = name.find_first_not_of("0123456789./-") == std::string_view::npos;
  if (numeric) return {fmt::format("\"{}\" is not an address", name), "write an address, or a name with letters"};
  if (name.find_first_of(" /,") == std::string_view::npos) return {};
  return {fmt::format("\"{}\" is not a name", name), "write it as \"keyid:…\" if it is meant as free text"};
}

Fault check_mailbox(std::string_view mailbox) {
  const auto at = mailbox.find('@');
  if (at != std::string_view::npos && at > 0 && at + 1 < mailbox.size() && !mailbox.contains(' ')) return {};
  return {fmt::format("\"{}\" is not like user@example.org", mailbox), "write a user, '@' and a domain"};
}

Fault check_name_part(std::string_view part) {
  const auto equals = part.find('=');
  const std::string_view type = trimmed(part.substr(0, equals));
  if (equals == std::string_view::npos || type.empty())
    return {fmt::format("\"{}\" is not a part of a distinguished name", trimmed(part)),
            "write it like \"C=CH, O=Example, CN=hq\""};
  if (std::ranges::any_of(kNameParts, [&](std::string_view known) { return same_word(known, type); })) return {};
  return {fmt::format("\"{}\" is not known in a distinguished name", type),
          "charon knows C, ST, L, O, OU, CN, DC, E, UID, serialNumber and some more; write \"keyid:…\" if it is meant as free "
          "text"};
}

// Separated by commas, or by '/' when it starts with one.
Fault check_dn(std::string_view dn) {
  const char separator = dn.starts_with('/') ? '/' : ',';
  if (separator == '/') dn.remove_prefix(1);
  std::size_t parts = 0;
  for (;;) {
    const auto end = dn.find(separator);
    if (++parts > kMostNameParts) return {fmt::format("has more than {} parts", kMostNameParts), ""};
    if (Fault fault = check_name_part(dn.substr(0, end)); !fault.text.empty()) return fault;
    if (end == std::string_view::npos) return {};
    dn.remove_prefix(end + 1);
  }
}

Fault check_address(bool good, std::string_view rest, std::string_view wanted) {
  if (good) return {};
  return {fmt::format("\"{}\" is not {}", rest, wanted), "correct it, or take the prefix away if it is a name"};
}

Fault check_prefixed(Form form, std::string_view rest) {
  if (rest.starts_with('#')) return check_hex(rest.substr(1));
  switch (form) {
    case Form::ipv4: return check_address(address_of(rest, true).has_value(), rest, "an IPv4 address");
    case Form::ipv6: return check_address(address_of(rest, false).has_value(), rest, "an IPv6 address");
    case Form::ipv4_network: return check_address(is_network(rest, true), rest, "an IPv4 network");
    case Form::ipv6_network: return check_address(is_network(rest, false), rest, "an IPv6 network");
    case Form::ipv4_range: return check_address(is_range(rest, true), rest, "a range of IPv4 addresses");
    case Form::ipv6_range: return check_address(is_range(rest, false), rest, "a range of IPv6 addresses");
    case Form::mailbox: return check_mailbox(rest);
    case Form::dn: return check_dn(rest);
    case Form::name:
    case Form::free: break;
  }
  return rest.empty() ? Fault{"has nothing behind its prefix", "write the identity behind it"} : Fault{};
}

// Without a prefix the look decides, in strongSwan's order.
Fault check_plain(std::string_view id) {
  if (id.contains('=')) return check_dn(id);
  if (id.starts_with("@#")) return check_hex(id.substr(2));
  if (id.starts_with("@@")) return check_mailbox(id.substr(2));
  if (id.starts_with('@')) return check_name(id.substr(1));
  if (id.contains('@')) return check_mailbox(id);
  if (id.contains(':')) {
    if (is_address_of_any_kind(id, false)) return {};
    return {fmt::format("\"{}\" is neither an IPv6 address nor one of the prefixes that charon knows", id),
            fmt::format("write \"keyid:{}\" if it is meant as free text", id)};
  }
  return is_address_of_any_kind(id, true) ? Fault{} : check_name(id);
}

bool is_anybody(std::string_view id) { return std::ranges::find(kAnybody, id) != kAnybody.end(); }

Fault check_identity(std::string_view id) {
  if (id.size() > kLongestIdentity) return {fmt::format("is longer than {} bytes", kLongestIdentity), ""};
  if (is_anybody(id)) return {};
  if (id.starts_with('%')) return {fmt::format("\"{}\" is not an identity", id), "only \"%any\" begins with '%'"};
  if (id.starts_with('{'))
    return {"names its kind by number", "write one of the prefixes instead: keyid:, fqdn:, email:, asn1dn:"};
  for (const Prefix& prefix : kPrefixes) {
    if (same_word(id.substr(0, prefix.text.size()), prefix.text))
      return check_prefixed(prefix.form, id.substr(prefix.text.size()));
  }
  return check_plain(id);
}

// "*.example.org", "*@example.org", "CN=*".
bool is_pattern(std::string_view id) {
  if (is_anybody(id) || id.starts_with('*')) return true;
  for (const std::string_view prefix : {"fqdn:*", "dns:*", "email:*", "rfc822:*", "userfqdn:*", "@*"}) {
    if (same_word(id.substr(0, prefix.size()), prefix)) return true;
  }
  return id.contains("=*") || id.contains("= *");
}

}  // namespace

Result<std::string> peer_identity(const Node& node) {
  auto id = filled_text(node);
  if (!id) return id;
  if (Fault fault = check_identity(*id); !fault.text.empty()) return std::unexpected(std::move(fault));
  return id;
}

Result<std::string> own_identity(const Node& node) {
  auto id = peer_identity(node);
  if (!id || !is_pattern(*id)) return id;
  return fail(fmt::format("\"{}\" stands for many, and this end is one", *id), "write who we are, or take it out");
}

}  // namespace vtid::config
