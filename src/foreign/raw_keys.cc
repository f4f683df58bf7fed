#include "foreign/raw_keys.h"

#include <fmt/format.h>

#include <array>
#include <optional>

#include "base/base64.h"
#include "config/credentials.h"
#include "model/secret.h"

namespace vtid::foreign {
namespace {

constexpr char kInteger = 0x02, kBitString = 0x03, kSequence = 0x30;
constexpr std::size_t kLongestNumber = 2'048;  // bytes: RSA of 16384 bits

std::string der(char tag, const std::string& content) {
  std::string length;
  if (content.size() < 0x80) {
    length = static_cast<char>(content.size());
  } else {
    for (std::size_t left = content.size(); left > 0; left >>= 8) length.insert(length.begin(), static_cast<char>(left & 0xff));
    length.insert(length.begin(), static_cast<char>(0x80 | length.size()));
  }
  return tag + length + content;
}

// Not negative, in as few bytes as it needs.
std::string der_integer(std::string_view bytes) {
  while (bytes.size() > 1 && bytes.front() == '\0') bytes.remove_prefix(1);
  const bool high = !bytes.empty() && (static_cast<unsigned char>(bytes.front()) & 0x80) != 0;
  return der(kInteger, (high || bytes.empty() ? std::string(1, '\0') : std::string()) + std::string(bytes));
}

// RFC 3279, 2.3.1: rsaEncryption.
std::string public_key_info(const std::string& key) {
  using namespace std::string_view_literals;
  static const std::string kRsa("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00"sv);
  return der(kSequence, kRsa + der(kBitString, std::string(1, '\0') + key));
}

std::string rsa_key(std::string_view modulus, std::string_view exponent) {
  return public_key_info(der(kSequence, der_integer(modulus) + der_integer(exponent)));
}

// RFC 3110, 2: the exponent's length in one byte, or in two behind a zero.
std::optional<std::string> of_dns(std::string_view bytes) {
  if (bytes.size() < 3) return std::nullopt;
  std::size_t length = static_cast<unsigned char>(bytes[0]), at = 1;
  if (length == 0) {
    length = static_cast<std::size_t>(static_cast<unsigned char>(bytes[1])) << 8 | static_cast<unsigned char>(bytes[2]);
    at = 3;
  }
  if (length == 0 || at + length >= bytes.size() || bytes.size() > kLongestNumber) return std::nullopt;
  return rsa_key(bytes.substr(at + length), bytes.substr(at, length));
}

// RFC 4253, 6.6: "ssh-rsa", the exponent and the modulus, each behind its length in four bytes.
std::optional<std::string> of_ssh(std::string_view bytes) {
  std::array<std::string_view, 3> parts;
  for (std::string_view& part : parts) {
    if (bytes.size() < 4) return std::nullopt;
    std::size_t length = 0;
    for (int i = 0; i < 4; ++i) length = length << 8 | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
    if (length > bytes.size() - 4 || length > kLongestNumber) return std::nullopt;
    part = bytes.substr(4, length);
    bytes.remove_prefix(4 + length);
  }
  if (parts[0] != "ssh-rsa") return std::nullopt;
  return rsa_key(parts[2], parts[1]);
}

// A SubjectPublicKeyInfo as it is, or what PKCS#1 puts into one.
std::optional<std::string> of_der(const std::string& bytes) {
  if (auto whole = config::read_public_key(bytes, "")) return *std::move(whole);
  if (bytes.size() < 2 || bytes.front() != kSequence) return std::nullopt;
  std::string whole = public_key_info(bytes);
  if (!config::read_public_key(whole, "")) return std::nullopt;
  return whole;
}

std::optional<std::string> bytes_of_key(std::string_view written) {
  if (written.starts_with("0x") || written.starts_with("0X")) {
    const auto bytes = model::decode_hex(model::Secret("0x" + std::string(written.substr(2))));
    return bytes ? std::optional(bytes->reveal()) : std::nullopt;
  }
  if (written.starts_with("0s") || written.starts_with("0S")) written.remove_prefix(2);
  return decode_base64(written);
}

}  // namespace

Result<std::string> raw_public_key(std::string_view written) {
  const bool ssh = written.starts_with("ssh:"), dns = written.starts_with("dns:");
  if (ssh || dns) written.remove_prefix(4);
  const auto bytes = bytes_of_key(written);
  if (!bytes) return fail("the public key is neither base64 behind 0s nor hexadecimal behind 0x");
  std::optional<std::string> key;
  if (ssh)
    key = of_ssh(*bytes);
  else if (!dns)
    key = of_der(*bytes);
  if (!key && !ssh) key = of_dns(*bytes);
  if (!key) return fail("the public key is none of RSA that can be read");
  return pem_of("PUBLIC KEY", *key);
}

Result<std::string> raw_private_key(const std::map<std::string, std::string>& numbers) {
  std::string content = der_integer("");  // of two primes
  for (const char* name :
       {"Modulus", "PublicExponent", "PrivateExponent", "Prime1", "Prime2", "Exponent1", "Exponent2", "Coefficient"}) {
    const auto number = numbers.find(name);
    const auto bytes = number == numbers.end() ? std::nullopt : bytes_of_key(number->second);
    if (!bytes || bytes->size() > kLongestNumber) return fail(fmt::format("the RSA key has no {} that can be read", name));
    content += der_integer(*bytes);
  }
  return der(kSequence, content);
}

std::string pem_of(std::string_view label, std::string_view bytes) {
  constexpr std::size_t kLine = 64;
  std::string text = fmt::format("-----BEGIN {}-----\n", label);
  const std::string digits = encode_base64(bytes);
  for (std::size_t at = 0; at < digits.size(); at += kLine) text += digits.substr(at, kLine) + '\n';
  return text + fmt::format("-----END {}-----\n", label);
}

std::string pem_of_line(const std::string& text) {
  constexpr std::string_view kBegin = "-----BEGIN ", kDashes = "-----";
  if (!text.starts_with(kBegin)) return text;
  const auto label_end = text.find(kDashes, kBegin.size());
  if (label_end == std::string::npos) return text;
  const std::string label = text.substr(kBegin.size(), label_end - kBegin.size());
  const auto start = label_end + kDashes.size(), end = text.find("-----END ", start);
  const auto bytes = end == std::string::npos ? std::nullopt : decode_base64(std::string_view(text).substr(start, end - start));
  return bytes ? pem_of(label, *bytes) : text;
}

}  // namespace vtid::foreign
