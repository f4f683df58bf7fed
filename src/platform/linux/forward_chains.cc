#include "platform/linux/forward_chains.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "platform/linux/nft_message.h"
#include "platform/linux/nft_ruleset.h"

namespace vtid::platform::netlink {
namespace {

std::optional<std::uint32_t> number(const Attributes& attributes, std::uint16_t attribute) {
  const auto value = attributes.get<std::uint32_t>(attribute);
  return value ? std::optional(ntohl(*value)) : std::nullopt;
}

std::optional<NftTable> table_of(const nlmsghdr& message, nf_tables_msg_types type, std::uint16_t attribute) {
  if (message.nlmsg_type != nft_type(type)) return std::nullopt;
  const auto header = header_of<nfgenmsg>(message);
  if (!header) return std::nullopt;
  return NftTable{header->nfgen_family, std::string(Attributes(message, sizeof *header).text(attribute))};
}

// A name in a comparison: with its NUL it is whole, without one a beginning (nft's and iptables' wildcards).
std::string device_name(std::span<const std::uint8_t> bytes) {
  const auto end = std::ranges::find(bytes, 0);
  std::string name(bytes.begin(), end);
  return end == bytes.end() && name.size() < 16 ? name + "*" : name;
}

// Reads a rule's expressions one after the other.
class RuleReader {
 public:
  explicit RuleReader(NftRule& rule) : rule_(rule), ipv6_(rule.table.family == NFPROTO_IPV6) { rule_.always = true; }

  void read(std::string_view name, const Attributes& data) {
    if (name == "immediate") return read_verdict(data.nested(NFTA_IMMEDIATE_DATA).nested(NFTA_DATA_VERDICT));
    if (name == "reject") return end_with(NftRule::Outcome::drops);
    if (name == "target") return read_target(data.text(NFTA_TARGET_NAME));
    if (name == "counter" || name == "log") return;
    rule_.always = false;
    if (name == "cmp") return read_comparison(data);
    loaded_device_ = loaded_family_ = false;
    if (name == "meta") return read_meta(number(data, NFTA_META_KEY).value_or(NFT_META_LEN));
    if (name == "payload") return read_payload(data);
    if (name == "match") return read_match(data.text(NFTA_MATCH_NAME));
    if (name == "lookup") read_lookup(data);
    if (name == "xfrm" || name == "rt") rule_.by_other = true;
  }

 private:
  void end_with(NftRule::Outcome outcome) { rule_.outcome = outcome; }

  void read_verdict(const Attributes& verdict) {
    const auto code = number(verdict, NFTA_VERDICT_CODE);
    if (!code) return;
    switch (static_cast<int>(*code)) {
      case NF_DROP: return end_with(NftRule::Outcome::drops);
      case NF_ACCEPT: return end_with(NftRule::Outcome::accepts);
      case NFT_JUMP:
      case NFT_GOTO: return end_with(NftRule::Outcome::enters);
      default: return;
    }
  }

  void read_target(std::string_view target) {
    if (target == "REJECT") end_with(NftRule::Outcome::drops);
  }

  void read_meta(std::uint32_t key) {
    loaded_family_ = key == NFT_META_NFPROTO;
    loaded_device_ = key == NFT_META_IIFNAME || key == NFT_META_OIFNAME;
    constexpr std::array<std::uint32_t, 7> kOther{NFT_META_IIF,      NFT_META_OIF,     NFT_META_MARK,   NFT_META_IIFGROUP,
                                                  NFT_META_OIFGROUP, NFT_META_IIFTYPE, NFT_META_OIFTYPE};
    if (std::ranges::find(kOther, key) != kOther.end()) rule_.by_other = true;
  }

  // Addresses stand behind the first 12 bytes of an IPv4 header and the first 8 of an IPv6 header.
  void read_payload(const Attributes& data) {
    const auto offset = number(data, NFTA_PAYLOAD_OFFSET).value_or(0);
    const bool address = offset >= (ipv6_ ? 8U : 12U);
    if (number(data, NFTA_PAYLOAD_BASE) == NFT_PAYLOAD_NETWORK_HEADER && address) rule_.by_other = true;
  }

  void read_comparison(const Attributes& data) {
    const auto value = data.nested(NFTA_CMP_DATA).payload(NFTA_DATA_VALUE);
    if (loaded_family_ && !value.empty()) ipv6_ = value.front() == NFPROTO_IPV6;
    if (!loaded_device_ || number(data, NFTA_CMP_OP) != NFT_CMP_EQ) return;
    rule_.devices.push_back(device_name(value));
  }

  void read_match(std::string_view match) {
    constexpr std::array<std::string_view, 4> kOther{"policy", "mark", "connmark", "iprange"};
    if (std::ranges::find(kOther, match) != kOther.end()) rule_.by_other = true;
  }

  void read_lookup(const Attributes& data) {
    rule_.by_other = true;
    if (data.has(NFTA_LOOKUP_DREG)) end_with(NftRule::Outcome::enters);  // a map of verdicts
  }

  NftRule& rule_;
  bool ipv6_;                   // as far as the rule has said
  bool loaded_family_ = false;  // by the last expression
  bool loaded_device_ = false;  // the last expression loaded a device's name
};

std::string maker_of(const std::set<std::string>& chains) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kMarks{{{"DOCKER-USER", "docker"},
                                                                                 {"ufw-before-forward", "ufw"},
                                                                                 {"ufw6-before-forward", "ufw"},
                                                                                 {"filter_FORWARD", "firewalld"}}};
  for (const auto& [chain, maker] : kMarks) {
    if (chains.contains(std::string(chain))) return std::string(maker);
  }
  return {};
}

std::string family_word(std::uint8_t family) { return family == NFPROTO_IPV4 ? "ip" : family == NFPROTO_IPV6 ? "ip6" : "inet"; }

// Whether packets that reach its end are dropped there, by its policy or by a last rule that does nothing else.
bool drops_at_end(const NftChain& chain, const std::vector<NftRule>& rules) {
  bool drops = chain.drops;
  for (const NftRule& rule : rules) {
    if (rule.table != chain.table || rule.chain != chain.name || !rule.always) continue;
    if (rule.outcome == NftRule::Outcome::accepts) return false;
    if (rule.outcome == NftRule::Outcome::drops) return true;
  }
  return drops;
}

}  // namespace

Bytes encode_dump_chains() { return Request(nft_type(NFT_MSG_GETCHAIN), NLM_F_DUMP, nft_header(NFPROTO_UNSPEC)).bytes(); }

Bytes encode_dump_rules(const NftTable& table) {
  return Request(nft_type(NFT_MSG_GETRULE), NLM_F_DUMP, nft_header(table.family)).put_text(NFTA_RULE_TABLE, table.name).bytes();
}

std::optional<NftChain> decode_chain(const nlmsghdr& message) {
  auto table = table_of(message, NFT_MSG_NEWCHAIN, NFTA_CHAIN_TABLE);
  if (!table) return std::nullopt;
  const Attributes attributes(message, sizeof(nfgenmsg));
  const bool routed = table->family == NFPROTO_IPV4 || table->family == NFPROTO_IPV6 || table->family == NFPROTO_INET;
  const bool forwards = routed && number(attributes.nested(NFTA_CHAIN_HOOK), NFTA_HOOK_HOOKNUM) == NF_INET_FORWARD;
  const bool drops = forwards && number(attributes, NFTA_CHAIN_POLICY) == NF_DROP;
  return NftChain{*std::move(table), std::string(attributes.text(NFTA_CHAIN_NAME)), forwards, drops};
}

std::optional<NftRule> decode_rule(const nlmsghdr& message) {
  auto table = table_of(message, NFT_MSG_NEWRULE, NFTA_RULE_TABLE);
  if (!table) return std::nullopt;
  const Attributes attributes(message, sizeof(nfgenmsg));
  NftRule rule{*std::move(table), std::string(attributes.text(NFTA_RULE_CHAIN))};
  RuleReader reader(rule);
  for (const Attributes& expression : attributes.elements(NFTA_RULE_EXPRESSIONS)) {
    reader.read(expression.text(NFTA_EXPR_NAME), expression.nested(NFTA_EXPR_DATA));
  }
  return rule;
}

std::vector<NftTable> forwarding_tables(const std::vector<NftChain>& chains) {
  std::set<NftTable> tables;
  for (const NftChain& chain : chains) {
    if (chain.forwards && chain.table != NftTable{NFPROTO_INET, std::string(kFilterTable)}) tables.insert(chain.table);
  }
  return {tables.begin(), tables.end()};
}

std::vector<model::ForwardChain> dropping_chains(const std::vector<NftChain>& chains, const std::vector<NftRule>& rules) {
  std::map<NftTable, std::set<std::string>> names;
  for (const NftChain& chain : chains) names[chain.table].insert(chain.name);
  const std::vector<NftTable> tables = forwarding_tables(chains);
  std::vector<model::ForwardChain> found;
  for (const NftChain& chain : chains) {
    if (!chain.forwards || std::ranges::find(tables, chain.table) == tables.end() || !drops_at_end(chain, rules)) continue;
    model::ForwardChain& drops = found.emplace_back();
    drops.family = family_word(chain.table.family);
    drops.table = chain.table.name;
    drops.name = chain.name;
    drops.maker = maker_of(names[chain.table]);
    for (const NftRule& rule : rules) {
      const bool lets_pass = rule.outcome == NftRule::Outcome::accepts || rule.outcome == NftRule::Outcome::enters;
      if (rule.table != chain.table || !lets_pass) continue;
      drops.devices.insert(rule.devices.begin(), rule.devices.end());
      drops.by_other = drops.by_other || (rule.by_other && rule.devices.empty());
    }
  }
  return found;
}

}  // namespace vtid::platform::netlink
