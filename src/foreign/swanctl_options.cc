#include "foreign/swanctl_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <optional>

#include "base/duration.h"
#include "base/number.h"
#include "foreign/swanctl_auth.h"
#include "foreign/swanctl_words.h"

namespace vtid::foreign {
namespace {

constexpr long kLongestMargin = 15L * 86'400;

long renewed_after(const Json& json, std::string_view key) {
  if (!json.contains(std::string(key))) return 0;
  const auto duration = parse_duration(json[std::string(key)].get<std::string>());
  return duration ? duration->count() / 1'000 : 0;
}

// Carries settings of one section, and notes what vtid has the name of but not the value.
class Options {
 public:
  Options(const Section& section, Json& json, Draft& draft) : section_(section), json_(json), draft_(draft) {}

  void put(std::string_view setting, const std::string& key, const std::optional<Json>& value, std::string_view bounds) {
    const Setting* written = section_.setting(setting);
    if (written == nullptr || written->value.empty()) return;
    if (value)
      json_[key] = *value;
    else
      draft_.note(place_of(section_, *written), fmt::format("is not carried over: \"{}\" is {}", key, bounds));
  }

  void word(std::string_view setting, std::initializer_list<std::string_view> words) {
    const std::string& value = section_.value(setting);
    const bool known = std::ranges::find(words, value) != words.end();
    put(setting, std::string(setting), known ? std::optional<Json>(value) : std::nullopt,
        "a word that vtid does not know here");
  }

  // A margin before or after a renewal.
  void margin(std::string_view setting, const std::string& key, std::optional<long> seconds, long most) {
    const bool fits = seconds && *seconds >= 0 && *seconds <= std::min(most, kLongestMargin);
    put(setting, key, fits ? std::optional<Json>(fmt::format("{}s", *seconds)) : std::nullopt,
        fmt::format("{}s here at most", std::min(most, kLongestMargin)));
  }

  void number(std::string_view setting, const std::string& key, long lowest, long highest) {
    const auto value = any_base(section_.value(setting));
    const bool fits = value && *value >= lowest && *value <= highest;
    put(setting, key, fits ? std::optional<Json>(*value) : std::nullopt, fmt::format("{} to {}", lowest, highest));
  }

  [[nodiscard]] std::optional<long> seconds(std::string_view setting) const { return seconds_of(section_.value(setting)); }

 private:
  const Section& section_;
  Json& json_;
  Draft& draft_;
};

// Six binary digits.
std::optional<Json> dscp_of(std::string_view digits) {
  const auto value = parse_number<int>(digits, 2);
  return value && *value >= 0 && *value <= 63 ? std::optional(Json(*value)) : std::nullopt;
}

// What is set within the bits that are not vtid's own.
std::optional<Json> mark_of(std::string_view written) {
  const auto slash = written.find('/');
  const auto value = any_base(written.substr(0, slash));
  const auto mask = slash == std::string_view::npos ? std::optional(0xffffL) : any_base(written.substr(slash + 1));
  if (!value || !mask || *mask == 0 || (*value | *mask) > 0xffff || (*value & ~*mask) != 0) return std::nullopt;
  return Json(fmt::format("0x{:x}/0x{:x}", *value, *mask));
}

// A number, and k, m or g of 1024 each.
std::optional<Json> bytes_of(std::string_view written) {
  constexpr std::string_view kUnits = "kmg";
  const auto unit = written.empty() ? std::string_view::npos : kUnits.find(static_cast<char>(written.back() | 0x20));
  const auto number = any_base(unit == std::string_view::npos ? written : written.substr(0, written.size() - 1));
  if (!number || *number > 1'000'000'000'000) return std::nullopt;
  long bytes = *number;
  for (std::size_t i = 0; unit != std::string_view::npos && i <= unit; ++i)
    bytes = bytes > 1'000'000'000'000 ? bytes : bytes * 1'024;
  if (bytes < 1'000'000 || bytes > 999'999'999'999'999) return std::nullopt;
  return Json(bytes);
}

std::optional<Json> copy_of(std::string_view written) {
  if (written == "out" || written == "in") return Json(written);
  return Json(is_yes(written, false) ? "both" : "none");
}

void carry_auth_options(const Section& connection, Json& auth, Draft& draft) {
  if (!auth.contains("certificate")) return;
  Options options(connection, auth, draft);
  const std::string& send = connection.value("send_cert");
  const bool known = send == "ifasked" || send == "always" || send == "never";
  options.put("send_cert", "send", known ? std::optional<Json>(send == "ifasked" ? "asked" : send) : std::nullopt,
              "another word");
  options.put("send_certreq", "request", Json(is_yes(connection.value("send_certreq"), true)), "");
}

}  // namespace

void carry_ike_options(const Section& connection, Json& ike, Draft& draft) {
  Options options(connection, ike, draft);
  carry_auth_options(connection, ike["auth"], draft);
  const bool version1 = ike["version"] == 1;
  const long rekey = renewed_after(ike, "rekey"), reauth = renewed_after(ike, "reauth");
  const long until = rekey == 0 ? reauth : reauth == 0 ? rekey : std::min(rekey, reauth);
  options.margin("rand_time", "spread", options.seconds("rand_time"), until / 2);
  if (until > 0)
    options.margin("over_time", "grace", options.seconds("over_time"), kLongestMargin);
  else
    static_cast<void>(connection.value("over_time"));  // says nothing where nothing is renewed
  if (version1 && renewed_after(ike, "dpd") > 0) {
    const auto timeout = options.seconds("dpd_timeout");
    if (timeout && *timeout >= renewed_after(ike, "dpd")) options.margin("dpd_timeout", "dpd_timeout", timeout, 86'400);
  }
  if (!version1) options.word("childless", {"allow", "prefer", "force", "never"});
  if (connection.value("unique") == "replace" && ike["remote"]["address"] != "any")
    draft.note(place_of(connection, *connection.setting("unique")),
               "is not carried over: \"replace\" is for peers at \"any\" address here, and others have \"never\"");
  options.word("fragmentation", {"yes", "accept", "no", version1 ? "force" : "yes"});
  if (ike["remote"]["address"] == "any")
    options.word("unique", {"never", "replace", "keep"});
  else if (connection.value("unique") != "replace")
    options.word("unique", {"never"});
  options.put("dscp", "dscp", dscp_of(connection.value("dscp")), "0 to 63");
  Options local(connection, ike["local"], draft), remote(connection, ike["remote"], draft);
  local.number("local_port", "port", 1, 65'535);
  if (ike["remote"]["address"] != "any") remote.number("remote_port", "port", 1, 65'535);
}

void carry_child_options(const Section& section, Json& child, Draft& draft) {
  Options options(section, child, draft);
  const long rekey = renewed_after(child, "rekey");
  options.margin("rand_time", "spread", options.seconds("rand_time"), rekey / 2);
  options.number("rekey_packets", "rekey_packets", 1'000, 999'999'999'999'999);
  options.put("rekey_bytes", "rekey_bytes", bytes_of(section.value("rekey_bytes")), "at least 1000000");
  options.number("replay_window", "replay_window", 0, 4'096);
  const bool tunnel = child["mode"] != "transport";
  if (tunnel && !section.value("copy_dscp").empty()) options.put("copy_dscp", "dscp", copy_of(section.value("copy_dscp")), "");
  if (tunnel) options.put("copy_ecn", "ecn", Json(is_yes(section.value("copy_ecn"), true)), "");
  if (tunnel) options.put("copy_df", "df", Json(is_yes(section.value("copy_df"), true) ? "copy" : "clear"), "");
  options.put("set_mark_in", "mark_in", mark_of(section.value("set_mark_in")), "within 0xffff");
  options.put("set_mark_out", "mark_out", mark_of(section.value("set_mark_out")), "within 0xffff");
  const std::string& offload = section.value("hw_offload");
  const bool named = offload == "auto" || offload == "crypto" || offload == "packet";
  options.put("hw_offload", "offload", Json(named ? offload : is_yes(offload, false) ? "crypto" : "none"), "");
}

}  // namespace vtid::foreign
