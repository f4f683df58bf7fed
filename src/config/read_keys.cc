#include <fmt/format.h>

#include "base/number.h"
#include "config/print.h"
#include "config/read.h"
#include "config/values.h"

namespace vtid::config {
namespace {

constexpr std::uint32_t kLowestSpi = 0x100;  // RFC 4303, section 2.1: what lies below is reserved
constexpr std::uint32_t kHighestSpi = 0xffff'ffff;

Result<std::uint32_t> spi(const Node& node) {
  constexpr std::string_view kRange = "write 0x100 to 0xffffffff, as \"0x1001\" or as a number";
  if (std::holds_alternative<std::int64_t>(node.value)) return number_in(kLowestSpi, kHighestSpi)(node);
  const auto written = text(node);
  if (!written) return std::unexpected(written.error());
  const auto value = parse_hexadecimal_or_decimal<std::uint32_t>(*written);
  if (!value || *value < kLowestSpi) {
    return fail(fmt::format("\"{}\" is not an SPI", written->substr(0, kLongestShown)), std::string(kRange));
  }
  return *value;
}

Result<model::SaAlgorithm> algorithm(const Node& node) {
  const auto written = filled_text(node);
  if (!written) return std::unexpected(written.error());
  if (const auto known = model::parse_sa_algorithm(*written)) return *known;
  std::vector<std::string> all;
  for (const model::SaAlgorithm& item : model::sa_algorithms()) all.push_back(model::print(item));
  const auto meant = nearest(*written, {all.begin(), all.end()});
  const std::string_view why = *written == "null" ? "neither encrypts nor authenticates"
                               : model::parse_sa_algorithm(*written + "-sha256")
                                   ? "does not authenticate"
                                   : "is not an algorithm that static SAs may have";
  return fail(fmt::format("\"{}\" {}", written->substr(0, kLongestShown), why),
              meant ? fmt::format("did you mean \"{}\"?", *meant) : "write it like aes256gcm16 or aes256-sha256");
}

std::string parts_of(const model::KeyLayout& layout) {
  std::string text;
  const auto add = [&text](int bytes, std::string_view what) {
    if (bytes != 0) text += fmt::format("{}{} ({})", text.empty() ? "" : " + ", bytes, what);
  };
  add(layout.cipher, "encryption");
  add(layout.salt, "salt");
  add(layout.integrity, "integrity");
  return text;
}

// What --check prints in the place of a key is none, and is told elsewhere.
std::optional<Error> what_is_wrong_with_key(const model::Secret& written, const model::SaAlgorithm& algorithm) {
  if (written.reveal() == kWithheldSecret) return std::nullopt;
  const model::KeyLayout layout = model::key_layout(algorithm);
  const auto key = model::decode_hex(written);
  const std::string remedy = fmt::format("{} takes {} bytes, in {} hexadecimal digits: {}", print(algorithm), layout.total(),
                                         2 * layout.total(), parts_of(layout));
  if (!key) return Error{"is not hexadecimal", remedy};
  const std::string& bytes = key->reveal();
  if (bytes.size() != static_cast<std::size_t>(layout.total())) {
    return Error{fmt::format("has {} bytes", bytes.size()), remedy};
  }
  if (bytes.find_first_not_of('\0') == std::string::npos) return Error{"is all zeros", "write random bytes"};
  return std::nullopt;
}

model::StaticSa read_sa(Object object, const ReadSecret& read_secret) {
  model::StaticSa sa;
  std::optional<model::SaAlgorithm> known;
  object.require("spi", sa.spi, spi);
  object.require("algorithm", known, algorithm);
  object.need("key");
  if (auto key = object.object("key")) read_secret(std::move(*key), sa.key);
  sa.algorithm = known.value_or(model::SaAlgorithm{});
  if (known && !sa.key.secret.reveal().empty()) {
    if (auto wrong = what_is_wrong_with_key(sa.key.secret, *known)) object.fail("key", std::move(*wrong));
  }
  object.close();
  return sa;
}

Result<bool> is_list(const Node& node) { return std::holds_alternative<Node::Array>(node.value); }

std::vector<model::StaticSa> read_inbound(Object& keys, const ReadSecret& read_secret) {
  std::vector<model::StaticSa> in;
  bool several = false;
  keys.require("in", several, is_list);
  if (!several) {
    if (auto one = keys.object("in")) in.push_back(read_sa(std::move(*one), read_secret));
    return in;
  }
  for (Object& one : keys.items("in")) in.push_back(read_sa(std::move(one), read_secret));
  if (in.empty()) keys.fail("in", Error{"is empty", "write one SA, or two while the peer changes from one to the other"});
  if (in.size() > kMostInboundSas) keys.fail("in", Error{fmt::format("has more than {} SAs", kMostInboundSas), ""});
  return in;
}

}  // namespace

model::StaticKeys read_static_keys(Object& tunnel, const ReadSecret& read_secret) {
  model::StaticKeys result;
  tunnel.need("outer");
  if (auto outer = tunnel.object("outer")) {
    outer->require("local", result.local, address);
    outer->require("remote", result.remote, address);
    outer->close();
  }
  tunnel.need("keys");
  if (auto keys = tunnel.object("keys")) {
    result.in = read_inbound(*keys, read_secret);
    keys->need("out");
    if (auto out = keys->object("out")) result.out = read_sa(std::move(*out), read_secret);
    keys->read("replay_window", result.replay_window, number_in<std::uint32_t>(0, kLargestReplayWindow));
    keys->close();
  }
  if (tunnel.has("ike")) {
    tunnel.fail("ike", Error{"stands beside static SAs", "keep \"ike\", or keep \"outer\" and \"keys\""});
    (void)tunnel.object("ike");
  }
  return result;
}

}  // namespace vtid::config
