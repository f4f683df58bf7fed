// One JSON value -> one typed value: shape and range, nothing across fields. Errors quote the value, so secrets go through
// secret_text(), which does not. Strings are bounded and hold no control characters.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/duration.h"
#include "base/error.h"
#include "config/tree.h"
#include "model/config.h"

namespace vtid::config {

inline constexpr std::size_t kLongestText = 1'024;      // bytes of any string in the file
inline constexpr std::size_t kLongestShown = 64;        // bytes of a wrong word in a finding
inline constexpr std::size_t kLongestHostName = 253;    // RFC 1035, without the final dot
inline constexpr std::size_t kLongestSocketPath = 103;  // sun_path on FreeBSD, less its NUL; Linux has 107
inline constexpr std::size_t kMostProposals = 32;
inline constexpr std::size_t kMostPeerAddresses = 16;
inline constexpr std::size_t kMostNetworks = 128;
inline constexpr std::size_t kLongestProposal = 255;

[[nodiscard]] Result<bool> flag(const Node& node);
[[nodiscard]] Result<std::string> text(const Node& node);         // may be empty
[[nodiscard]] Result<std::string> filled_text(const Node& node);  // not empty
[[nodiscard]] Result<model::Secret> secret_text(const Node& node);
[[nodiscard]] Result<net::Address> address(const Node& node);               // a host's: not unspecified, multicast or loopback
[[nodiscard]] Result<net::Prefix> inner_prefix(const Node& node);           // host bits name us: "10.6.106.1/30"
[[nodiscard]] Result<net::Prefix> network(const Node& node);                // host bits clear
[[nodiscard]] Result<std::vector<net::Prefix>> networks(const Node& node);  // one, or an array of them
[[nodiscard]] Result<model::Endpoint> local_endpoint(const Node& node);     // an address or "any"
[[nodiscard]] Result<model::Endpoint> remote_endpoint(const Node& node);    // or a host name
[[nodiscard]] Result<net::IfName> device(const Node& node);
[[nodiscard]] Result<std::string> vici_socket(const Node& node);
[[nodiscard]] Result<std::vector<std::string>> proposals(const Node& node);
[[nodiscard]] Result<std::int64_t> whole_number(const Node& node, std::int64_t lowest, std::int64_t highest);
[[nodiscard]] Result<Duration> duration(const Node& node, Duration shortest, Duration longest);
[[nodiscard]] Error wrong_kind(const Node& node, std::string_view wanted);

// std::expected's and_then() and transform(), which it has from g++ 13 on.
template <class T, class Next>
auto then(const Result<T>& value, Next next) -> std::invoke_result_t<Next, const T&> {
  if (!value) return std::unexpected(value.error());
  return next(*value);
}
template <class T, class Convert>
auto map(const Result<T>& value, Convert convert) -> Result<std::invoke_result_t<Convert, const T&>> {
  if (!value) return std::unexpected(value.error());
  return convert(*value);
}

template <class Number>
auto number_in(Number lowest, Number highest) {
  return [=](const Node& node) {
    return map(whole_number(node, std::int64_t{lowest}, std::int64_t{highest}),
               [](std::int64_t value) { return static_cast<Number>(value); });
  };
}

inline auto duration_in(Duration shortest, Duration longest) {
  return [=](const Node& node) { return duration(node, shortest, longest); };
}

// When something is renewed: "0s" is never, else `shortest` to 30 days, in whole seconds.
[[nodiscard]] Result<Duration> renewal(const Node& node, Duration shortest);

// What charon is told in whole seconds.
[[nodiscard]] Result<Duration> whole_seconds(Result<Duration> duration);

// One of a closed list of words.
template <class T>
struct Word {
  std::string_view name;
  T value;
};

template <class T, std::size_t N>
auto one_of(const Word<T> (&words)[N]) {
  return [&words](const Node& node) -> Result<T> {
    const auto* written = std::get_if<std::string>(&node.value);
    if (written == nullptr) return std::unexpected(wrong_kind(node, "a string"));
    std::string all;
    for (const Word<T>& word : words) {
      if (*written == word.name) return word.value;
      all += fmt::format("{}\"{}\"", all.empty() ? "" : " or ", word.name);
    }
    return fail(fmt::format("\"{}\" is not known here", written->substr(0, kLongestShown)), "write " + all);
  };
}

// This word, for nothing, or what `convert` reads.
template <class Convert>
auto or_word(std::string_view nothing, Convert convert) {
  return [=](const Node& node) -> Result<std::optional<typename decltype(convert(node))::value_type>> {
    const auto* word = std::get_if<std::string>(&node.value);
    if (word != nullptr && *word == nothing) return std::nullopt;
    auto value = convert(node);
    if (!value) return std::unexpected(std::move(value.error()));
    return std::move(*value);
  };
}

// What `convert` reads, for a member that has no value while its key is not there.
template <class Convert>
auto optional_of(Convert convert) {
  return [=](const Node& node) { return map(convert(node), [](const auto& value) { return std::optional(value); }); };
}

template <class Convert>
auto or_auto(Convert convert) {
  return or_word("auto", convert);
}

template <class Convert>
auto or_off(Convert convert) {
  return or_word("off", convert);
}

[[nodiscard]] std::string_view trimmed(std::string_view text, std::string_view blanks = " ");  // without them at its ends

}  // namespace vtid::config
