#include "platform/freebsd/wire/pfkey.h"

#include <algorithm>
#include <limits>

namespace vtid::platform::freebsd {
namespace {

constexpr std::uint32_t kAllTypes = 0;  // SADB_SATYPE_UNSPEC

// sys/net/pfkeyv2.h. What is not here is not in the kernel's tables (sys/netipsec/key_debug.c, xform_esp.c).
struct CipherNumber {
  model::Cipher cipher;
  std::uint8_t number;
};
constexpr CipherNumber kCiphers[] = {{model::Cipher::aes_gcm, 20},            // SADB_X_EALG_AESGCM16
                                     {model::Cipher::chacha20_poly1305, 15},  // SADB_X_EALG_CHACHA20POLY1305
                                     {model::Cipher::aes_cbc, 12},            // SADB_X_EALG_AESCBC
                                     {model::Cipher::null, 11}};              // SADB_EALG_NULL
struct IntegrityNumber {
  model::Integrity integrity;
  std::uint8_t number;
};
constexpr IntegrityNumber kIntegrities[] = {{model::Integrity::none, 0},
                                            {model::Integrity::sha1, 3},     // SADB_AALG_SHA1HMAC
                                            {model::Integrity::sha256, 5},   // SADB_X_AALG_SHA2_256
                                            {model::Integrity::sha384, 6},   // SADB_X_AALG_SHA2_384
                                            {model::Integrity::sha512, 7}};  // SADB_X_AALG_SHA2_512

// ESP's NULL has no key, and since FreeBSD 13 or so the kernel refuses an SA without one (key_setsaval, EINVAL). It takes any
// of up to 256 bytes there and never looks at it; every release takes these 64 bits, as setkey(8)'s `-E null "12345678"`.
constexpr std::string_view kNoKey{"\0\0\0\0\0\0\0\0", 8};

struct Numbers {
  std::uint8_t encrypt = 0;
  std::uint8_t auth = 0;
};
// Asked of the list, so that what is read back is one of its members.
std::optional<Numbers> numbers_of(const model::SaAlgorithm& algorithm) {
  const auto* cipher = std::ranges::find(kCiphers, algorithm.cipher, &CipherNumber::cipher);
  const auto* integrity = std::ranges::find(kIntegrities, algorithm.integrity, &IntegrityNumber::integrity);
  if (cipher == std::end(kCiphers) || integrity == std::end(kIntegrities)) return std::nullopt;
  // A cipher that authenticates itself has its whole tag; shorter ones are not in the kernel.
  if (algorithm.integrity == model::Integrity::none && algorithm.icv_bits != 128) return std::nullopt;
  return Numbers{cipher->number, integrity->number};
}

void finish(Bytes& message) {
  const auto units = static_cast<std::uint16_t>(message.size() / 8);
  std::memcpy(message.data() + offsetof(abi::KeyHeader, length), &units, sizeof units);
}

Bytes begin(abi::KeyType type, std::uint8_t sa_type, KeyStamp stamp) {
  abi::KeyHeader header;
  header.type = type;
  header.sa_type = sa_type;
  header.sequence = stamp.sequence;
  header.pid = stamp.pid;
  Bytes message;
  append(message, header);
  return message;
}

template <class Part>
Part headed(abi::KeyPart type, std::size_t size = sizeof(Part)) {
  Part part;
  part.head = {static_cast<std::uint16_t>(round8(size) / 8), type};
  return part;
}

std::array<std::uint8_t, 4> network_order(std::uint32_t number) {
  return {static_cast<std::uint8_t>(number >> 24), static_cast<std::uint8_t>(number >> 16),
          static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)};
}

std::uint32_t from_network_order(const std::array<std::uint8_t, 4>& bytes) {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 | std::uint32_t{bytes[2]} << 8 | bytes[3];
}

std::uint32_t window_bytes(const model::Sa& sa) {
  return sa.replay_window / kPacketsPerWindowByte + (sa.replay_window % kPacketsPerWindowByte != 0 ? 1 : 0);
}

void put_sa(Bytes& message, const model::Sa& sa, Numbers numbers) {
  constexpr std::uint32_t kMost = std::numeric_limits<std::uint8_t>::max();
  auto part = headed<abi::KeySa>(abi::kPartSa);
  part.spi = network_order(sa.spi);
  part.replay = static_cast<std::uint8_t>(std::min(window_bytes(sa), kMost));
  part.state = abi::kStateMature;
  part.auth = numbers.auth;
  part.encrypt = numbers.encrypt;
  append(message, part);
}

void put_address(Bytes& message, abi::KeyPart type, const net::Address& address) {
  const Bytes sockaddr = encode_sockaddr(address);
  auto part = headed<abi::KeyAddress>(type, sizeof(abi::KeyAddress) + sockaddr.size());
  part.protocol = abi::kAnyProtocol;
  part.prefix_length = static_cast<std::uint8_t>(address.bits());
  append(message, part);
  append(message, View(sockaddr));
  pad8(message);
}

void put_key(Bytes& message, abi::KeyPart type, std::string_view key) {
  auto part = headed<abi::KeyBits>(type, sizeof(abi::KeyBits) + key.size());
  part.bits = static_cast<std::uint16_t>(key.size() * 8);
  append(message, part);
  message.insert(message.end(), key.begin(), key.end());
  pad8(message);
}

void put_lifetime(Bytes& message, abi::KeyPart type, std::uint64_t seconds, std::uint32_t allocations) {
  auto part = headed<abi::KeyLifetime>(type);
  part.seconds = seconds;
  part.allocations = allocations;
  append(message, part);
}

Bytes encode_named_sa(abi::KeyType type, const model::Sa& sa, KeyStamp stamp) {
  Bytes message = begin(type, abi::kSaTypeEsp, stamp);
  put_sa(message, sa, {});
  put_address(message, abi::kPartSource, sa.source);
  put_address(message, abi::kPartDestination, sa.destination);
  finish(message);
  return message;
}

std::optional<net::Address> address_in(View part) {
  return part.size() < sizeof(abi::KeyAddress) ? std::nullopt : decode_sockaddr(part.subspan(sizeof(abi::KeyAddress)));
}

std::string_view key_in(View part) {
  const auto head = read_at<abi::KeyBits>(part);
  if (!head || part.size() - sizeof *head < head->bits / 8U) return {};
  return {reinterpret_cast<const char*>(part.data()) + sizeof *head, head->bits / 8U};
}

std::uint32_t window_in(const KeyMessage& message, const abi::KeySa& sa) {
  const auto wide = read_at<abi::KeyReplay>(message.parts[abi::kPartReplay]);
  return wide ? wide->packets : sa.replay * kPacketsPerWindowByte;
}

// The kernel itself fills in an integrity for ciphers that need none; the key's length tells AES's sizes apart.
std::optional<model::SaAlgorithm> algorithm_of(const abi::KeySa& sa, std::size_t cipher_key) {
  for (const model::SaAlgorithm& algorithm : model::sa_algorithms()) {
    const auto numbers = numbers_of(algorithm);
    if (!numbers || numbers->encrypt != sa.encrypt) continue;
    const bool alone = algorithm.integrity == model::Integrity::none;
    const model::KeyLayout layout = key_layout(algorithm);
    const auto length = static_cast<std::size_t>(layout.cipher) + static_cast<std::size_t>(layout.salt);
    const bool fits = length == 0 || length == cipher_key;
    if (fits && (alone || numbers->auth == sa.auth)) return algorithm;
  }
  return std::nullopt;
}

bool has_mark(const KeyMessage& message) {
  const auto life = read_at<abi::KeyLifetime>(message.parts[abi::kPartLifetimeHard]);
  return life && life->allocations == model::kSaMark;
}

WallTime made_at(const KeyMessage& message) {
  const auto life = read_at<abi::KeyLifetime>(message.parts[abi::kPartLifetimeCurrent]);
  return life ? WallTime{std::chrono::seconds{static_cast<std::int64_t>(life->seconds)}} : WallTime{};
}

void read_request(View policy, ListedPolicy& found) {
  const auto request = read_at<abi::KeyPolicyRequest>(policy, sizeof(abi::KeyPolicy));
  if (!request) return;
  found.reqid = request->reqid;
  const View addresses = policy.subspan(sizeof(abi::KeyPolicy) + sizeof(abi::KeyPolicyRequest));
  found.source = decode_sockaddr(addresses);
  // Packed here, not rounded: 8 + 28 + 28 makes 64 (sys/netipsec/key.c).
  if (!addresses.empty() && addresses[0] <= addresses.size())
    found.destination = decode_sockaddr(addresses.subspan(addresses[0]));
}

}  // namespace

std::optional<KeyMessage> read_key_message(View bytes) {
  const auto header = read_at<abi::KeyHeader>(bytes);
  if (!header || header->version != abi::kKeyVersion || std::size_t{header->length} * 8 != bytes.size()) return std::nullopt;
  KeyMessage message{*header, {}};
  for (View rest = bytes.subspan(sizeof *header); !rest.empty();) {
    const auto part = read_at<abi::KeyPartHead>(rest);
    if (!part || part->length == 0 || std::size_t{part->length} * 8 > rest.size()) return std::nullopt;
    if (part->type < message.parts.size()) message.parts[part->type] = rest.first(std::size_t{part->length} * 8);
    rest = rest.subspan(std::size_t{part->length} * 8);
  }
  return message;
}

std::optional<Bytes> encode_add_sa(const model::Sa& sa, KeyStamp stamp, const std::optional<Lifetimes>& lifetimes) {
  const auto numbers = numbers_of(sa.algorithm);
  if (!numbers) return std::nullopt;
  Bytes message = begin(abi::kSadbAdd, abi::kSaTypeEsp, stamp);
  put_sa(message, sa, *numbers);
  auto more = headed<abi::KeySa2>(abi::kPartSa2);
  more.mode = abi::kModeTunnel;
  more.reqid = sa.reqid.value;
  append(message, more);
  put_address(message, abi::kPartSource, sa.source);
  put_address(message, abi::kPartDestination, sa.destination);
  const model::KeyLayout layout = key_layout(sa.algorithm);
  const std::string_view key = sa.key.reveal();
  const auto cipher = std::min(static_cast<std::size_t>(layout.cipher + layout.salt), key.size());
  if (key.size() > cipher) put_key(message, abi::kPartKeyAuth, key.substr(cipher));
  put_key(message, abi::kPartKeyEncrypt, cipher == 0 ? kNoKey : key.substr(0, cipher));
  if (lifetimes) {
    put_lifetime(message, abi::kPartLifetimeHard, lifetimes->hard, lifetimes->allocations);
    put_lifetime(message, abi::kPartLifetimeSoft, lifetimes->soft, lifetimes->allocations);
  }
  if (window_bytes(sa) > std::numeric_limits<std::uint8_t>::max()) {
    auto wide = headed<abi::KeyReplay>(abi::kPartReplay);
    wide.packets = sa.replay_window;
    append(message, wide);
  }
  finish(message);
  return message;
}

Bytes encode_delete_sa(const model::Sa& sa, KeyStamp stamp) { return encode_named_sa(abi::kSadbDelete, sa, stamp); }
Bytes encode_get_sa(const model::Sa& sa, KeyStamp stamp) { return encode_named_sa(abi::kSadbGet, sa, stamp); }

Bytes encode_key_dump(abi::KeyType type, KeyStamp stamp) {
  Bytes message = begin(type, kAllTypes, stamp);
  finish(message);
  return message;
}

std::optional<ListedSa> decode_sa(const KeyMessage& message) {
  const auto sa = read_at<abi::KeySa>(message.parts[abi::kPartSa]);
  const auto more = read_at<abi::KeySa2>(message.parts[abi::kPartSa2]);
  const auto source = address_in(message.parts[abi::kPartSource]);
  const auto destination = address_in(message.parts[abi::kPartDestination]);
  if (message.header.sa_type != abi::kSaTypeEsp || !sa || !more || !source || !destination) return std::nullopt;
  const bool in_use = sa->state == abi::kStateMature || sa->state == abi::kStateDying;
  if (more->mode != abi::kModeTunnel || !in_use) return std::nullopt;
  ListedSa found{{}, has_mark(message), made_at(message)};
  found.sa.source = *source;
  found.sa.destination = *destination;
  found.sa.spi = from_network_order(sa->spi);
  found.sa.reqid = {more->reqid};
  if (more->reqid > net::kReqIdBase && more->reqid <= net::reqid_of(net::kHighestUnit).value)
    found.sa.if_id = net::if_id_of({more->reqid - net::kReqIdBase});
  found.sa.replay_window = window_in(message, *sa);
  const std::string_view cipher = key_in(message.parts[abi::kPartKeyEncrypt]);
  const auto algorithm = algorithm_of(*sa, cipher.size());
  if (algorithm) found.sa.algorithm = *algorithm;
  const bool both = algorithm && algorithm->integrity != model::Integrity::none;
  std::string key(algorithm && algorithm->cipher == model::Cipher::null ? std::string_view{} : cipher);
  if (both) key += key_in(message.parts[abi::kPartKeyAuth]);
  found.sa.key = model::Secret(std::move(key));
  return found;
}

std::optional<ListedPolicy> decode_policy(const KeyMessage& message) {
  const View part = message.parts[abi::kPartPolicy];
  const auto policy = read_at<abi::KeyPolicy>(part);
  if (!policy) return std::nullopt;
  ListedPolicy found;
  found.direction = policy->direction;
  found.scope = policy->scope;
  found.id = policy->id;
  found.priority = policy->priority;
  if (const auto inner = address_in(message.parts[abi::kPartSource])) found.family = inner->family();
  read_request(part, found);
  if (message.header.type != abi::kSadbAcquire) return found;
  if (const auto more = read_at<abi::KeySa2>(message.parts[abi::kPartSa2])) found.reqid = more->reqid;
  found.source = address_in(message.parts[abi::kPartSource]);
  found.destination = address_in(message.parts[abi::kPartDestination]);
  return found;
}

bool key_notice_concerns_us(View bytes) {
  const auto message = read_key_message(bytes);
  if (!message || message->header.error != 0) return false;
  switch (message->header.type) {
    case abi::kSadbAdd:
    case abi::kSadbUpdate: return has_mark(*message);
    case abi::kSadbDelete:
    case abi::kSadbFlush: return true;
    case abi::kSadbSpdAdd:
    case abi::kSadbSpdDelete: return message->header.pid == 0;
    default: return false;
  }
}

}  // namespace vtid::platform::freebsd
