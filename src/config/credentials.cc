#include "config/credentials.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <ranges>

#include "config/der.h"
#include "config/pem.h"
#include "config/sha1.h"

namespace vtid::config {
namespace {

using namespace std::string_view_literals;
using Elements = std::vector<Der>;

constexpr std::size_t kMostCertificates = 16;                                          // of one file
constexpr std::string_view kRsaEncryption = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"sv;  // RFC 8017, A.1
constexpr std::string_view kEcPublicKey = "\x2a\x86\x48\xce\x3d\x02\x01"sv;            // RFC 5480, 2.1.1
constexpr std::string_view kBasicConstraints = "\x55\x1d\x13"sv;                       // RFC 5280, 4.2.1.9
constexpr unsigned char kExplicit0 = 0xa0, kExplicit1 = 0xa1, kExplicit3 = 0xa3, kImplicitBits1 = 0x81;

enum class Kind : std::uint8_t {
  certificate,
  revocation_list,
  pkcs1,
  pkcs8,
  sec1,
  encrypted_key,
  public_key,
  pkcs1_public,
  other
};

struct Piece {
  Kind kind = Kind::other;
  std::string bytes;
};

bool shaped(const Elements& items, std::initializer_list<unsigned char> tags) {
  return items.size() >= tags.size() && std::ranges::equal(tags, items | std::views::take(tags.size()), {}, {}, &Der::tag);
}

// The TBSCertificate from its serialNumber on: RFC 5280, 4.1. Requests and revocation lists have other insides.
std::optional<Elements> to_be_signed(std::string_view certificate) {
  const auto outer = elements_in(certificate, kDerSequence);
  if (!outer || outer->size() != 3 || !shaped(*outer, {kDerSequence, kDerSequence, kDerBits})) return std::nullopt;
  auto inner = elements(outer->front().content);
  if (!inner) return std::nullopt;
  if (!inner->empty() && inner->front().tag == kExplicit0) inner->erase(inner->begin());
  const bool good = shaped(*inner, {kDerInteger, kDerSequence, kDerSequence, kDerSequence, kDerSequence, kDerSequence});
  return good ? inner : std::nullopt;
}

// RFC 5280, 5.1: a version, the signature's algorithm, the issuer, and when it was issued.
bool is_revocation_list(std::string_view bytes) {
  const auto outer = elements_in(bytes, kDerSequence);
  if (!outer || outer->size() != 3 || !shaped(*outer, {kDerSequence, kDerSequence, kDerBits})) return false;
  auto inner = elements(outer->front().content);
  if (!inner) return false;
  if (!inner->empty() && inner->front().tag == kDerInteger) inner->erase(inner->begin());
  return shaped(*inner, {kDerSequence, kDerSequence, kDerUtcTime}) ||
         shaped(*inner, {kDerSequence, kDerSequence, kDerGeneralizedTime});
}

bool is_public_key(const Elements& items) {
  return items.size() == 2 && shaped(items, {kDerSequence, kDerBits}) && whole_bits(items[1]);
}

Kind kind_of(std::string_view bytes) {
  const auto items = elements_in(bytes, kDerSequence);
  if (!items) return Kind::other;
  if (const auto inner = to_be_signed(bytes)) {
    const auto key = elements((*inner)[5].content);
    return key && is_public_key(*key) ? Kind::certificate : Kind::other;
  }
  if (is_revocation_list(bytes)) return Kind::revocation_list;
  if (is_public_key(*items)) return Kind::public_key;
  if (items->size() == 9 && std::ranges::all_of(*items, [](const Der& one) { return one.tag == kDerInteger; }))
    return Kind::pkcs1;
  if (items->size() == 2 && shaped(*items, {kDerInteger, kDerInteger})) return Kind::pkcs1_public;
  if (shaped(*items, {kDerInteger, kDerSequence, kDerOctets})) return Kind::pkcs8;
  if (shaped(*items, {kDerInteger, kDerOctets})) return Kind::sec1;
  if (items->size() == 2 && shaped(*items, {kDerSequence, kDerOctets})) return Kind::encrypted_key;
  return Kind::other;
}

std::string_view what(Kind kind) {
  switch (kind) {
    case Kind::certificate: return "a certificate";
    case Kind::revocation_list: return "a list of revoked certificates";
    case Kind::pkcs1:
    case Kind::pkcs8:
    case Kind::sec1: return "a private key";
    case Kind::encrypted_key: return "an encrypted private key";
    case Kind::public_key:
    case Kind::pkcs1_public: return "a public key";
    case Kind::other: break;
  }
  return "something else";
}

// openssl puts the curve in front of the keys that it makes.
Result<std::vector<Piece>> pieces(std::string_view bytes) {
  std::vector<Piece> result;
  if (!is_pem(bytes)) {
    if (bytes.empty()) return fail("the file is empty");
    if (kind_of(bytes) == Kind::other) return fail("the file is neither PEM nor DER of a certificate or a key");
    result.push_back({kind_of(bytes), std::string(bytes)});
    return result;
  }
  auto blocks = pem_blocks(bytes);
  if (!blocks) return fail("the file " + blocks.error().text);
  for (PemBlock& block : *blocks) {
    if (block.label == "EC PARAMETERS") continue;
    const Kind kind = block.encrypted ? Kind::encrypted_key : kind_of(block.bytes);
    result.push_back({kind, std::move(block.bytes)});
  }
  return result;
}

Error holds(Kind kind, std::string_view wanted) { return {fmt::format("the file holds {}, not {}", what(kind), wanted), ""}; }

Result<std::vector<std::string>> read_all_of(std::string_view bytes, Kind kind, std::string_view name) {
  auto found = pieces(bytes);
  if (!found) return std::unexpected(found.error());
  if (found->size() > kMostCertificates) return fail(fmt::format("the file holds more than {} {}s", kMostCertificates, name));
  std::vector<std::string> all;
  for (Piece& piece : *found) {
    if (piece.kind != kind) return std::unexpected(holds(piece.kind, what(kind)));
    all.push_back(std::move(piece.bytes));
  }
  if (all.empty()) return fail(fmt::format("the file holds no {}", name));
  return all;
}

// subjectPublicKey of a key's own public half, as a certificate would have it.
std::optional<std::string> public_bits_of(std::string_view private_key);

std::optional<std::string> public_bits_of_rsa(const Elements& key) {
  return der_sequence(std::string(key[1].whole) + std::string(key[2].whole));  // modulus, publicExponent: RFC 8017, A.1
}

std::optional<std::string> public_bits_of_ec(const Elements& key) {
  const auto tagged = std::ranges::find(key, kExplicit1, &Der::tag);  // RFC 5915, 3
  const auto inner = tagged == key.end() ? std::nullopt : elements_in(tagged->whole, kExplicit1);
  if (!inner || inner->size() != 1 || inner->front().tag != kDerBits) return std::nullopt;
  const auto bits = whole_bits(inner->front());
  return bits ? std::optional(std::string(*bits)) : std::nullopt;
}

std::optional<std::string> public_bits_of_pkcs8(const Elements& key) {
  const auto tagged = std::ranges::find(key, kImplicitBits1, &Der::tag);  // RFC 5958, 2
  if (tagged != key.end()) {
    const auto bits = whole_bits(*tagged);
    return bits ? std::optional(std::string(*bits)) : std::nullopt;
  }
  const auto algorithm = elements(key[1].content);
  if (!algorithm || algorithm->empty() || algorithm->front().tag != kDerOid) return std::nullopt;
  const std::string_view oid = algorithm->front().content;
  return oid == kRsaEncryption || oid == kEcPublicKey ? public_bits_of(key[2].content) : std::nullopt;
}

std::optional<std::string> public_bits_of(std::string_view private_key) {
  const auto key = elements_in(private_key, kDerSequence);
  switch (kind_of(private_key)) {
    case Kind::pkcs1: return public_bits_of_rsa(*key);
    case Kind::sec1: return public_bits_of_ec(*key);
    case Kind::pkcs8: return public_bits_of_pkcs8(*key);
    default: return std::nullopt;
  }
}

std::string bits_of(const std::string& public_key) {
  const auto items = elements_in(public_key, kDerSequence);
  return items && is_public_key(*items) ? std::string(*whole_bits((*items)[1])) : "";
}

}  // namespace

Result<std::vector<std::string>> read_certificates(std::string_view bytes) {
  return read_all_of(bytes, Kind::certificate, "certificate");
}

Result<std::vector<std::string>> read_revocation_lists(std::string_view bytes) {
  return read_all_of(bytes, Kind::revocation_list, "list of revoked certificates");
}

Result<std::string> read_private_key(std::string_view bytes, std::string_view name) {
  auto found = pieces(bytes);
  if (!found) return std::unexpected(found.error());
  if (found->size() != 1) return fail(fmt::format("the file holds {} things, not one private key", found->size()));
  Piece& piece = found->front();
  switch (piece.kind) {
    case Kind::pkcs1:
    case Kind::pkcs8:
    case Kind::sec1: return std::move(piece.bytes);
    case Kind::encrypted_key:
      return fail("the private key is encrypted, and nobody is there to type its passphrase",
                  fmt::format("decrypt it: (umask 077; openssl pkey -in {0} -out {0}.plain), and name that file", name));
    default: return std::unexpected(holds(piece.kind, "a private key"));
  }
}

Result<std::string> read_public_key(std::string_view bytes, std::string_view name) {
  auto found = pieces(bytes);
  if (!found) return std::unexpected(found.error());
  if (found->size() != 1) return fail(fmt::format("the file holds {} things, not one public key", found->size()));
  Piece& piece = found->front();
  if (piece.kind == Kind::public_key) return std::move(piece.bytes);
  Error error = holds(piece.kind, "a public key");
  if (piece.kind == Kind::pkcs1_public)
    error = {"the file holds a public key of PKCS#1, not a PUBLIC KEY",
             fmt::format("convert it: openssl rsa -RSAPublicKey_in -in {} -pubout", name)};
  if (piece.kind == Kind::certificate) error.remedy = fmt::format("take the key out: openssl x509 -in {} -noout -pubkey", name);
  return std::unexpected(std::move(error));
}

std::string public_key_of(const std::string& certificate) {
  const auto inner = to_be_signed(certificate);
  return inner ? std::string((*inner)[5].whole) : "";
}

bool is_ca(const std::string& certificate) {
  const auto inner = to_be_signed(certificate);
  if (!inner) return false;
  const auto tagged = std::ranges::find(*inner, kExplicit3, &Der::tag);
  if (tagged == inner->end()) return false;
  const auto extensions = elements_in(tagged->content, kDerSequence);
  if (!extensions) return false;
  return std::ranges::any_of(*extensions, [](const Der& extension) {
    const auto parts = elements(extension.content);
    if (!parts || parts->size() < 2 || parts->front().content != kBasicConstraints) return false;
    const auto constraints = elements_in(parts->back().content, kDerSequence);
    return constraints && shaped(*constraints, {kDerBoolean}) && constraints->front().content != "\0"sv;
  });
}

std::string key_id_of(const std::string& public_key) { return sha1_hex(bits_of(public_key)); }

// A point on a curve has a long and a short form (SEC 1, 2.3.3): those cannot be compared.
std::optional<bool> is_pair(const std::string& private_key, const std::string& public_key) {
  const auto stated = public_bits_of(private_key);
  const std::string bits = bits_of(public_key);
  const auto short_form = [](const std::string& point) { return point.starts_with('\x02') || point.starts_with('\x03'); };
  if (!stated || short_form(*stated) != short_form(bits)) return std::nullopt;
  return *stated == bits;
}

}  // namespace vtid::config
