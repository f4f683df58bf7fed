#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "base/bounded_json.h"
#include "platform/linux/nft_ruleset.h"

namespace vtid::platform::netlink {
namespace {

using Json = nlohmann::ordered_json;

// Of a table that others may have filled: 100,000 rules, twice what the longest configuration makes.
constexpr JsonBounds kListing{.bytes = 64U << 20, .depth = 32, .values = 4U << 20, .members = 64};

constexpr std::string_view kFingerprintChain = "seal";
constexpr std::string_view kFingerprintMark = "vtid";

// "vtid enc 0123456789abcdef 0123456789abcdef": the mode, the set, the listing. A comment holds 127 bytes.
std::string print_fingerprint(const model::FilterSet& set, std::string_view listed) {
  return fmt::format("{} {} {} {}", kFingerprintMark, print(set.mode), digest(set), listed);
}

struct Fingerprint {
  std::string mode, set, listed;
};

std::optional<Fingerprint> parse_fingerprint(std::string_view comment) {
  std::array<std::string, 4> words;
  for (std::string& word : words) {
    const auto end = std::min(comment.find(' '), comment.size());
    word = comment.substr(0, end);
    comment.remove_prefix(std::min(end + 1, comment.size()));
  }
  if (words[0] != kFingerprintMark || words[3].empty() || !comment.empty()) return std::nullopt;
  return Fingerprint{words[1], words[2], words[3]};
}

std::string text_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::uint64_t number_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

// Takes the counters of a rule out of it.
model::RuleCounters take_counters(Json& rule) {
  model::RuleCounters sum;
  const auto expressions = rule.find("expr");
  if (expressions == rule.end() || !expressions->is_array()) return sum;
  for (Json& expression : *expressions) {
    if (!expression.is_object()) continue;
    const auto counter = expression.find("counter");
    if (counter == expression.end() || !counter->is_object()) continue;
    sum.packets += number_at(*counter, "packets");
    sum.bytes += number_at(*counter, "bytes");
    *counter = nullptr;
  }
  return sum;
}

class Reading {
 public:
  void take(Json& item) {
    if (!item.is_object()) return;
    for (auto& [kind, object] : item.items()) {
      if (kind == "metainfo" || !object.is_object()) continue;
      if (is_fingerprint(kind, object)) continue;
      object.erase("handle");
      if (kind == "rule") count(object);
      text_ += kind + object.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
    }
  }

  [[nodiscard]] Listing finish() {
    listing_.digest = model::digest(std::string_view(text_));
    if (fingerprint_) listing_.filter = {fingerprint_->mode, fingerprint_->set, fingerprint_->listed != listing_.digest};
    return std::move(listing_);
  }

 private:
  // Only the first rule of the fingerprint's chain is one; whatever else stands there is somebody else's.
  bool is_fingerprint(const std::string& kind, const Json& object) {
    if (kind == "chain") return text_at(object, "name") == kFingerprintChain && !object.contains("hook");
    if (kind != "rule" || text_at(object, "chain") != kFingerprintChain || fingerprint_) return false;
    fingerprint_ = parse_fingerprint(text_at(object, "comment"));
    return fingerprint_.has_value();
  }

  void count(Json& rule) {
    const std::string name = text_at(rule, "comment");
    const model::RuleCounters found = take_counters(rule);
    if (name.empty()) return;
    model::RuleCounters& sum = listing_.counters[name];
    sum.packets += found.packets;
    sum.bytes += found.bytes;
  }

  std::string text_;
  std::optional<Fingerprint> fingerprint_;
  Listing listing_;
};

}  // namespace

std::string render_fingerprint(const model::FilterSet& set, std::string_view listed) {
  const Json place{{"family", "inet"}, {"table", kFilterTable}};
  Json chain = place;
  chain["name"] = kFingerprintChain;
  Json rule = place;
  rule["chain"] = kFingerprintChain;
  rule["comment"] = print_fingerprint(set, listed);
  rule["expr"] = Json::array({{{"return", nullptr}}});
  const Json commands = Json::array({{{"add", {{"chain", chain}}}}, {{"add", {{"rule", rule}}}}});
  return Json{{"nftables", commands}}.dump();
}

Result<Listing> read_filter_listing(std::string_view json) {
  auto document = parse_bounded_json<Json>(json, kListing);
  if (!document) return fail("cannot read the filter: libnftables' listing is " + document.error().text);
  const auto items = document->find("nftables");
  if (items == document->end() || !items->is_array()) {
    return fail("cannot read the filter: libnftables' listing is not as it documents it");
  }
  Reading reading;
  for (Json& item : *items) reading.take(item);
  return reading.finish();
}

}  // namespace vtid::platform::netlink
