#include "support/pf_evaluator.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <sstream>
#include <utility>

#include "net/protocols.h"

namespace vtid::test {

class PfEvaluator::Parser {
 public:
  Parser(std::string_view line, Tables& tables) : line_(line), tables_(tables) {
    std::string spaced;
    for (const char c : line) {
      const bool alone = c == '{' || c == '}' || c == '(' || c == ')';
      spaced += alone ? std::string{' ', c, ' '} : std::string(1, c == ',' ? ' ' : c);
    }
    std::istringstream in(spaced);
    for (std::string word; in >> word;) words_.push_back(word);
  }

  // Nothing: a rule that neither passes nor blocks, or a table, which stands before the rules that name it.
  std::optional<Rule> rule() {
    if (take("match")) return std::nullopt;
    if (take("table")) return table();
    Rule rule;
    rule.verdict = verdict();
    rule.direction = take("in") ? PfDirection::in : (need("out"), PfDirection::out);
    (void)take("log");
    need("quick");
    need("on");
    rule.on = word();
    if (take("route-to")) rule.route_to = way();
    if (take("reply-to")) (void)way();
    if (take("inet")) rule.family = net::Family::ipv4;
    if (take("inet6")) rule.family = net::Family::ipv6;
    if (take("proto")) rule.protocols = numbers([](const std::string& item) { return *net::protocol_number(item); });
    if (!take("all")) {
      need("from");
      rule.from = ends();
      need("to");
      rule.to = ends();
    }
    if (take("icmp-type")) rule.icmp_types = numbers([](const auto& item) { return icmp_type(net::kIcmp, item); });
    if (take("icmp6-type")) rule.icmp_types = numbers([](const auto& item) { return icmp_type(net::kIcmp6, item); });
    rule.keeps = keeps();
    if (take("label")) (void)word();
    if (next_ != words_.size()) unknown();
    return rule;
  }

 private:
  [[noreturn]] void unknown() const {
    std::fprintf(stderr, "the evaluator of pf's rules does not know word %zu of: %s\n", next_ + 1, line_.c_str());
    std::abort();
  }
  bool take(std::string_view wanted) {
    if (next_ == words_.size() || words_[next_] != wanted) return false;
    ++next_;
    return true;
  }
  void need(std::string_view wanted) {
    if (!take(wanted)) unknown();
  }
  std::string word() {
    if (next_ == words_.size()) unknown();
    return words_[next_++];
  }
  std::optional<Rule> table() {
    auto& entries = tables_[word()];
    need("const");
    for (const std::string& item : list()) entries.push_back(*net::parse_prefix(item));
    return std::nullopt;
  }
  std::vector<std::string> list() {
    if (!take("{")) return {word()};
    std::vector<std::string> items;
    while (!take("}")) items.push_back(word());
    return items;
  }
  template <class Read>
  std::vector<std::uint8_t> numbers(Read read) {
    std::vector<std::uint8_t> found;
    for (const std::string& item : list()) found.push_back(read(item));
    return found;
  }

  // pf.conf(5)'s own words.
  static std::uint8_t icmp_type(std::uint8_t protocol, const std::string& item) {
    static const std::map<std::string, std::uint8_t> kOf4{{"echoreq", 8}};
    static const std::map<std::string, std::uint8_t> kOf6{{"echoreq", 128}, {"neighbrsol", 135}, {"neighbradv", 136}};
    const auto& words = protocol == net::kIcmp ? kOf4 : kOf6;
    if (const auto found = words.find(item); found != words.end()) return found->second;
    return static_cast<std::uint8_t>(std::stoi(item));
  }

  PfVerdict verdict() {
    if (take("pass")) return PfVerdict::passed;
    need("block");
    return take("return") ? PfVerdict::rejected : PfVerdict::blocked;
  }

  // The device of the first hop: which member of a pool pf takes is not looked at.
  std::string way() {
    const bool pool = take("{");
    std::string device;
    do {
      need("(");
      if (std::string found = word(); device.empty()) device = std::move(found);
      (void)word();
      need(")");
    } while (pool && !take("}"));
    (void)take("round-robin");
    return device;
  }

  void add_end(const std::string& item, std::vector<net::Prefix>& prefixes) {
    if (!item.starts_with('<')) return prefixes.push_back(*net::parse_prefix(item));
    const auto table = tables_.find(item);
    if (table == tables_.end()) unknown();
    prefixes.insert(prefixes.end(), table->second.begin(), table->second.end());
  }

  Ends ends() {
    Ends found;
    found.negated = take("!");
    if (take("(")) {
      need("self");
      need(")");
      found.self = true;
      found.any = false;
    } else if (!take("any")) {
      found.any = false;
      for (const std::string& item : list()) add_end(item, found.prefixes);
    }
    if (!take("port")) return found;
    for (const std::string& item : list()) {
      const auto colon = item.find(':');
      const auto last = colon == std::string::npos ? item : item.substr(colon + 1);
      found.ports.emplace_back(std::stoi(item), std::stoi(last));
    }
    return found;
  }

  // pf.conf(5): pass rules keep state unless they say otherwise; the policy of states is floating unless the main ruleset says
  // otherwise, which it must not.
  Keeps keeps() {
    if (take("no")) {
      need("state");
      return Keeps::no_state;
    }
    if (take("keep")) {
      need("state");
      if (take("(")) {
        need("floating");
        need(")");
      }
    }
    return Keeps::state;
  }

  std::string line_;
  Tables& tables_;
  std::vector<std::string> words_;
  std::size_t next_ = 0;
};

PfEvaluator::PfEvaluator(std::string_view anchor, std::set<std::string> group, std::set<net::Address> self)
    : group_(std::move(group)), self_(std::move(self)) {
  std::istringstream in{std::string(anchor)};
  Tables tables;
  for (std::string line; std::getline(in, line);) {
    if (auto rule = Parser(line, tables).rule()) rules_.push_back(*std::move(rule));
  }
}

// A state knows the packets of its own direction, and the answers in the other one. Whatever the device: it floats.
const PfEvaluator::State* PfEvaluator::state_of(const PfPacket& packet, PfDirection direction) const {
  const auto found = std::ranges::find_if(states_, [&](const State& state) {
    if (state.first.protocol != packet.protocol) return false;
    if (state.direction == direction) {
      return state.first.from == packet.from && state.first.to == packet.to && state.first.from_port == packet.from_port &&
             state.first.to_port == packet.to_port;
    }
    return state.first.from == packet.to && state.first.to == packet.from && state.first.from_port == packet.to_port &&
           state.first.to_port == packet.from_port;
  });
  return found == states_.end() ? nullptr : &*found;
}

bool PfEvaluator::within(const Ends& ends, const net::Address& address, std::uint16_t port) const {
  const bool inside = ends.any || (ends.self && self_.contains(address)) ||
                      std::ranges::any_of(ends.prefixes, [&](const net::Prefix& item) { return item.contains(address); });
  if (inside == ends.negated) return false;
  return ends.ports.empty() ||
         std::ranges::any_of(ends.ports, [&](const auto& range) { return range.first <= port && port <= range.second; });
}

// A rule of TCP that keeps state begins with a SYN alone (flags S/SA, which pfctl adds and prints).
bool PfEvaluator::matches(const Rule& rule, const PfPacket& packet, PfDirection direction, const std::string& device) const {
  if (rule.direction != direction) return false;
  if (rule.on != device && !(rule.on == "vtid" && group_.contains(device))) return false;
  if (rule.family && *rule.family != packet.from.family()) return false;
  if (!rule.protocols.empty() && std::ranges::find(rule.protocols, packet.protocol) == rule.protocols.end()) return false;
  if (!rule.icmp_types.empty() && std::ranges::find(rule.icmp_types, packet.icmp_type) == rule.icmp_types.end()) return false;
  const bool makes_state = rule.verdict == PfVerdict::passed && rule.keeps == Keeps::state;
  if (makes_state && packet.protocol == net::kTcp && !packet.opens) return false;
  return within(rule.from, packet.from, packet.from_port) && within(rule.to, packet.to, packet.to_port);
}

// route-to is for packets of the direction in which the state began.
PfOutcome PfEvaluator::meet(const PfPacket& packet, PfDirection direction, const std::string& device,
                            const std::optional<std::string>& inherited) {
  if (const State* state = state_of(packet, direction)) {
    return {PfVerdict::passed, state->direction == direction ? state->route_to : std::nullopt};
  }
  const auto rule = std::ranges::find_if(rules_, [&](const Rule& item) { return matches(item, packet, direction, device); });
  if (rule == rules_.end()) {  // the main ruleset's `pass`
    states_.push_back({packet, direction, inherited});
    return {};
  }
  if (rule->verdict != PfVerdict::passed) return {rule->verdict, {}};
  if (rule->keeps == Keeps::state) states_.push_back({packet, direction, rule->route_to ? rule->route_to : inherited});
  return {PfVerdict::passed, rule->route_to};
}

}  // namespace vtid::test
