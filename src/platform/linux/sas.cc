#include "platform/linux/sas.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "platform/linux/xfrm_address.h"

namespace vtid::platform::netlink {
namespace {

constexpr std::uint32_t kLargestPlainWindow = 32;  // bits of xfrm_replay_state.bitmap
constexpr std::uint32_t kBitsPerWord = 32;
constexpr std::uint64_t kHoldSeconds = 10ULL * 365 * 24 * 3600;  // of an SA without a lifetime

// The kernel's names, net/xfrm/xfrm_algo.c.
struct CipherName {
  model::Cipher cipher;
  std::string_view name;
};
constexpr CipherName kCiphers[] = {{model::Cipher::aes_gcm, "rfc4106(gcm(aes))"},
                                   {model::Cipher::aes_ccm, "rfc4309(ccm(aes))"},
                                   {model::Cipher::chacha20_poly1305, "rfc7539esp(chacha20,poly1305)"},
                                   {model::Cipher::aes_cbc, "cbc(aes)"},
                                   {model::Cipher::null, "ecb(cipher_null)"}};
struct IntegrityName {
  model::Integrity integrity;
  std::string_view name;
};
constexpr IntegrityName kIntegrities[] = {{model::Integrity::sha1, "hmac(sha1)"},
                                          {model::Integrity::sha256, "hmac(sha256)"},
                                          {model::Integrity::sha384, "hmac(sha384)"},
                                          {model::Integrity::sha512, "hmac(sha512)"}};

// What stands before the key in xfrm_algo, and in xfrm_algo_aead and xfrm_algo_auth, which tell the length of the ICV too.
// (Those end in a flexible array, which C++ does not have.)
struct PlainHeader {
  std::array<char, 64> name{};
  std::uint32_t key_bits = 0;
};
struct TaggedHeader {
  std::array<char, 64> name{};
  std::uint32_t key_bits = 0;
  std::uint32_t icv_bits = 0;
};
static_assert(sizeof(PlainHeader) == sizeof(xfrm_algo));
static_assert(sizeof(TaggedHeader) == sizeof(xfrm_algo_aead) && sizeof(TaggedHeader) == sizeof(xfrm_algo_auth));

struct ReplayHeader {  // xfrm_replay_state_esn before its bitmap
  std::uint32_t words = 0;
  std::array<std::uint32_t, 4> counters{};
  std::uint32_t window = 0;
};
static_assert(sizeof(ReplayHeader) == sizeof(xfrm_replay_state_esn));

template <class Header>
void put_algorithm(Request& request, std::uint16_t attribute, Header header, std::string_view name, std::string_view key) {
  std::ranges::copy(name, header.name.begin());
  header.key_bits = static_cast<std::uint32_t>(key.size() * 8);
  Bytes bytes(sizeof header + key.size());
  std::memcpy(bytes.data(), &header, sizeof header);
  std::ranges::copy(key, bytes.begin() + sizeof header);
  request.put_bytes(attribute, bytes.data(), bytes.size());
}

void put_algorithms(Request& request, const model::Sa& sa) {
  const model::KeyLayout layout = model::key_layout(sa.algorithm);
  const std::string_view key = sa.key.reveal();
  const std::size_t split = std::min(static_cast<std::size_t>(layout.cipher + layout.salt), key.size());
  const auto icv_bits = static_cast<std::uint32_t>(sa.algorithm.icv_bits);
  const auto* const cipher = std::ranges::find(kCiphers, sa.algorithm.cipher, &CipherName::cipher);
  if (sa.algorithm.integrity == model::Integrity::none) {
    put_algorithm(request, XFRMA_ALG_AEAD, TaggedHeader{.icv_bits = icv_bits}, cipher->name, key);
    return;
  }
  const auto* const integrity = std::ranges::find(kIntegrities, sa.algorithm.integrity, &IntegrityName::integrity);
  put_algorithm(request, XFRMA_ALG_AUTH_TRUNC, TaggedHeader{.icv_bits = icv_bits}, integrity->name, key.substr(split));
  put_algorithm(request, XFRMA_ALG_CRYPT, PlainHeader{}, cipher->name, key.substr(0, split));
}

xfrm_usersa_info header_of_sa(const model::Sa& sa, std::uint32_t mark) {
  xfrm_usersa_info header{};
  header.sel.user = mark;
  header.id.daddr = raw(sa.destination);
  header.id.spi = htonl(sa.spi);
  header.id.proto = IPPROTO_ESP;
  header.saddr = raw(sa.source);
  header.lft.soft_byte_limit = header.lft.hard_byte_limit = XFRM_INF;
  header.lft.soft_packet_limit = header.lft.hard_packet_limit = XFRM_INF;
  header.reqid = sa.reqid.value;
  header.family = family_number(sa.destination.family());
  header.mode = XFRM_MODE_TUNNEL;
  header.replay_window = static_cast<std::uint8_t>(sa.replay_window > kLargestPlainWindow ? 0 : sa.replay_window);
  header.flags = XFRM_STATE_AF_UNSPEC;
  return header;
}

xfrm_usersa_id identity_of(const auto& sa) {
  xfrm_usersa_id identity{};
  identity.daddr = raw(sa.destination);
  identity.spi = htonl(sa.spi);
  identity.family = family_number(sa.destination.family());
  identity.proto = IPPROTO_ESP;
  return identity;
}

bool is_marked(const xfrm_usersa_info& header) {
  return header.sel.user == model::kSaMark && header.sel.family == AF_UNSPEC && header.id.proto == IPPROTO_ESP &&
         header.mode == XFRM_MODE_TUNNEL && (header.family == AF_INET || header.family == AF_INET6);
}

struct ReadAlgorithm {
  std::string_view name;
  int key_bits = 0;
  int icv_bits = 0;
  std::string_view key;
};

// As far as all of it is there.
template <class Header>
std::optional<ReadAlgorithm> read_algorithm(const Attributes& attributes, std::uint16_t attribute) {
  const auto header = attributes.get<Header>(attribute);
  if (!header) return std::nullopt;
  const auto bytes = attributes.payload(attribute);
  const auto* text = static_cast<const char*>(static_cast<const void*>(bytes.data()));
  const std::size_t key_bytes = header->key_bits / 8;
  if (key_bytes > bytes.size() - sizeof(Header)) return std::nullopt;
  ReadAlgorithm read{
      {text, strnlen(text, header->name.size())}, static_cast<int>(key_bytes * 8), 0, {text + sizeof(Header), key_bytes}};
  if constexpr (std::is_same_v<Header, TaggedHeader>) read.icv_bits = static_cast<int>(std::min(header->icv_bits, 4096U));
  return read;
}

void read_aead(const ReadAlgorithm& aead, model::Sa& sa) {
  const auto* const cipher = std::ranges::find(kCiphers, aead.name, &CipherName::name);
  if (cipher == std::end(kCiphers)) return;
  sa.algorithm = {cipher->cipher, model::Integrity::none, 0, aead.icv_bits};
  sa.algorithm.key_bits = aead.key_bits - model::key_layout(sa.algorithm).salt * 8;
  sa.key = model::Secret(std::string(aead.key));
}

void read_pair(const ReadAlgorithm& crypt, const ReadAlgorithm& auth, model::Sa& sa) {
  const auto* const cipher = std::ranges::find(kCiphers, crypt.name, &CipherName::name);
  const auto* const integrity = std::ranges::find(kIntegrities, auth.name, &IntegrityName::name);
  if (cipher == std::end(kCiphers) || integrity == std::end(kIntegrities)) return;
  sa.algorithm = {cipher->cipher, integrity->integrity, crypt.key_bits, auth.icv_bits};
  sa.key = model::Secret(std::string(crypt.key) + std::string(auth.key));
}

bool read_algorithms(const Attributes& attributes, model::Sa& sa) {
  sa.algorithm.key_bits = -1;
  if (const auto aead = read_algorithm<TaggedHeader>(attributes, XFRMA_ALG_AEAD)) {
    read_aead(*aead, sa);
  } else if (const auto crypt = read_algorithm<PlainHeader>(attributes, XFRMA_ALG_CRYPT)) {
    if (const auto auth = read_algorithm<TaggedHeader>(attributes, XFRMA_ALG_AUTH_TRUNC)) read_pair(*crypt, *auth, sa);
  }
  if (std::ranges::find(model::sa_algorithms(), sa.algorithm) == model::sa_algorithms().end()) return false;
  if (std::ranges::all_of(sa.key.reveal(), [](char byte) { return byte == 0; })) sa.key = {};
  return true;
}

}  // namespace

Bytes encode_new_sa(const model::Sa& sa, std::uint32_t mark) {
  Request request(XFRM_MSG_NEWSA, 0, header_of_sa(sa, mark));
  put_algorithms(request, sa);
  if (sa.replay_window > kLargestPlainWindow) {
    // Without its bitmap, which is then empty: verify_replay() takes the bare header.
    ReplayHeader replay;
    replay.words = (sa.replay_window + kBitsPerWord - 1) / kBitsPerWord;
    replay.window = sa.replay_window;
    request.put(XFRMA_REPLAY_ESN_VAL, replay);
  }
  return request.put(XFRMA_IF_ID, sa.if_id.value).bytes();
}

Bytes encode_delete_sa(const model::Sa& sa) { return Request(XFRM_MSG_DELSA, 0, identity_of(sa)).bytes(); }
Bytes encode_get_sa(const model::Sa& sa) { return Request(XFRM_MSG_GETSA, 0, identity_of(sa)).bytes(); }
Bytes encode_get_sa(const model::CharonsSa& sa) { return Request(XFRM_MSG_GETSA, 0, identity_of(sa)).bytes(); }
Bytes encode_dump_sas() { return Request(XFRM_MSG_GETSA, NLM_F_DUMP, xfrm_usersa_id{}).bytes(); }

std::optional<model::Sa> decode_sa(const nlmsghdr& message) {
  const auto head = header_of<xfrm_usersa_info>(message);
  if (message.nlmsg_type != XFRM_MSG_NEWSA || !head || !is_marked(*head)) return std::nullopt;
  const Attributes attributes(message, sizeof *head);
  model::Sa sa;
  sa.source = *address_of(head->saddr, head->family);
  sa.destination = *address_of(head->id.daddr, head->family);
  sa.spi = ntohl(head->id.spi);
  sa.reqid = {head->reqid};
  sa.if_id = {attributes.get<std::uint32_t>(XFRMA_IF_ID).value_or(0)};
  const auto wide = attributes.get<ReplayHeader>(XFRMA_REPLAY_ESN_VAL);
  sa.replay_window = wide ? wide->window : head->replay_window;
  return read_algorithms(attributes, sa) ? std::optional(std::move(sa)) : std::nullopt;
}

std::uint64_t wall_seconds() { return static_cast<std::uint64_t>(std::time(nullptr)); }

std::optional<model::CharonsSa> decode_charons_sa(const nlmsghdr& message, std::uint64_t now) {
  const auto head = header_of<xfrm_usersa_info>(message);
  if (message.nlmsg_type != XFRM_MSG_NEWSA || !head || head->id.proto != IPPROTO_ESP || is_marked(*head)) return std::nullopt;
  const Attributes attributes(message, sizeof *head);
  if (!attributes.has(XFRMA_ALG_AEAD) && !attributes.has(XFRMA_ALG_CRYPT)) return std::nullopt;
  const auto source = address_of(head->saddr, head->family);
  const auto destination = address_of(head->id.daddr, head->family);
  if (!source || !destination || head->reqid == 0 || head->id.spi == 0) return std::nullopt;
  model::CharonsSa sa{*destination, ntohl(head->id.spi), *source, {head->reqid}};
  sa.made = WallTime{std::chrono::seconds{static_cast<std::int64_t>(head->curlft.add_time)}};
  const auto if_id = attributes.get<std::uint32_t>(XFRMA_IF_ID);
  sa.behind_ours = if_id && sa.reqid == net::reqid_of({*if_id});
  sa.held = sa.behind_ours && head->curlft.add_time > now;
  return sa;
}

// xfrm_update_ae_params (net/xfrm/xfrm_user.c) takes all four counts: those that passed meanwhile are lost to the statistics.
std::optional<Bytes> encode_hold_sa(const nlmsghdr& standing, bool held, std::uint64_t now) {
  const auto head = header_of<xfrm_usersa_info>(standing);
  if (!head) return std::nullopt;
  xfrm_aevent_id event{};
  event.sa_id = {head->id.daddr, head->id.spi, head->family, head->id.proto};
  event.saddr = head->saddr;
  event.reqid = head->reqid;
  const std::uint64_t lifetime = head->lft.hard_add_expires_seconds;
  xfrm_lifetime_cur counts = head->curlft;
  counts.add_time = held ? now + (lifetime != 0 ? lifetime : kHoldSeconds) : now - 1;
  return Request(XFRM_MSG_NEWAE, NLM_F_REPLACE, event).put(XFRMA_LTIME_VAL, counts).bytes();
}

bool is_our_sa(const nlmsghdr& message) {
  switch (message.nlmsg_type) {
    case XFRM_MSG_NEWSA:
    case XFRM_MSG_UPDSA: {
      const auto head = header_of<xfrm_usersa_info>(message);
      return head && is_marked(*head);
    }
    case XFRM_MSG_DELSA: {
      if (!header_of<xfrm_usersa_id>(message)) return false;
      const auto gone = Attributes(message, sizeof(xfrm_usersa_id)).get<xfrm_usersa_info>(XFRMA_SA);
      return gone && is_marked(*gone);
    }
    case XFRM_MSG_FLUSHSA: return true;
    default: return false;
  }
}

std::optional<std::uint32_t> decode_lost_sa(const nlmsghdr& message) {
  const auto gone = header_of<xfrm_usersa_id>(message);
  if (message.nlmsg_type != XFRM_MSG_DELSA || !gone || gone->proto != IPPROTO_ESP || is_our_sa(message)) return std::nullopt;
  return ntohl(gone->spi);
}

}  // namespace vtid::platform::netlink
