// FreeBSD's ABI as far as vtid speaks it: 64-bit, little endian (amd64, arm64), 12 to 14, where these layouts are equal.
// Written here once so that what is built of them is tested anywhere; freebsd/abi_check.cc compares all of it with the
// system's own headers in each build for FreeBSD. No header of any system is included.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace vtid::platform::freebsd::abi {

// sys/sys/socket.h
inline constexpr std::uint8_t kFamilyNone = 0;
inline constexpr std::uint8_t kFamilyInet = 2;
inline constexpr std::uint8_t kFamilyLink = 18;
inline constexpr std::uint8_t kFamilyInet6 = 28;

struct SockaddrIn {  // sys/netinet/in.h
  std::uint8_t length = 0;
  std::uint8_t family = 0;
  std::uint16_t port = 0;
  std::array<std::uint8_t, 4> address{};
  std::array<std::uint8_t, 8> zero{};
};
static_assert(sizeof(SockaddrIn) == 16);

struct SockaddrIn6 {  // sys/netinet6/in6.h
  std::uint8_t length = 0;
  std::uint8_t family = 0;
  std::uint16_t port = 0;
  std::uint32_t flow = 0;
  std::array<std::uint8_t, 16> address{};
  std::uint32_t scope = 0;
};
static_assert(sizeof(SockaddrIn6) == 28);

struct SockaddrDl {  // sys/net/if_dl.h
  std::uint8_t length = 0;
  std::uint8_t family = 0;
  std::uint16_t index = 0;
  std::uint8_t type = 0;
  std::uint8_t name_length = 0;
  std::uint8_t address_length = 0;
  std::uint8_t selector_length = 0;
  std::array<char, 46> data{};
};
static_assert(sizeof(SockaddrDl) == 54);

// --- PF_ROUTE: sys/net/route.h, sys/net/if.h ------------------------------------------------------------------------------
inline constexpr std::uint8_t kRouteVersion = 5;  // RTM_VERSION
enum RouteType : std::uint8_t {
  kRtmAdd = 0x1,
  kRtmDelete = 0x2,
  kRtmChange = 0x3,
  kRtmGet = 0x4,
  kRtmNewAddr = 0xc,
  kRtmDelAddr = 0xd,
  kRtmIfInfo = 0xe,
  kRtmIfAnnounce = 0x11,
};
inline constexpr std::uint32_t kRtfUp = 0x1;
inline constexpr std::uint32_t kRtfGateway = 0x2;
inline constexpr std::uint32_t kRtfHost = 0x4;
inline constexpr std::uint32_t kRtfStatic = 0x800;
inline constexpr std::uint32_t kRtfBlackhole = 0x1000;
inline constexpr std::uint32_t kRtfProto1 = 0x8000;
// The addresses behind a header, in the order of their bits.
enum Slot : std::uint8_t { kDestination = 0, kGateway = 1, kNetmask = 2, kInterface = 4, kLocal = 5, kBroadcast = 7 };
inline constexpr int kSlots = 8;  // RTAX_MAX
inline constexpr std::uint32_t kIffUp = 0x1;
inline constexpr std::uint32_t kIffPointToPoint = 0x10;
inline constexpr std::uint32_t kIffRunning = 0x40;
inline constexpr std::uint32_t kIffMulticast = 0x8000;
inline constexpr int kCtlNet = 4;    // CTL_NET
inline constexpr int kPfRoute = 17;  // PF_ROUTE
inline constexpr int kNetRtDump = 1;
inline constexpr int kNetRtIfListL = 5;

struct MessageHead {  // how each message of a run begins
  std::uint16_t length = 0;
  std::uint8_t version = 0;
  std::uint8_t type = 0;
};
static_assert(sizeof(MessageHead) == 4);

struct RouteHeader {  // rt_msghdr
  MessageHead head;
  std::uint16_t index = 0;
  std::uint16_t spare = 0;
  std::uint32_t flags = 0;
  std::uint32_t addresses = 0;
  std::int32_t pid = 0;
  std::int32_t sequence = 0;
  std::int32_t error = 0;
  std::int32_t fmask = 0;
  std::uint64_t inits = 0;
  std::array<std::uint64_t, 14> metrics{};  // rt_metrics
};
static_assert(sizeof(RouteHeader) == 152);

struct InterfaceFacts {  // if_data
  std::uint8_t type = 0;
  std::array<std::uint8_t, 5> unused{};
  std::uint16_t length = 0;
  std::uint32_t mtu = 0;
  std::uint32_t metric = 0;
  std::uint64_t baudrate = 0;
  std::uint64_t packets_in = 0;
  std::uint64_t errors_in = 0;
  std::uint64_t packets_out = 0;
  std::uint64_t errors_out = 0;
  std::uint64_t collisions = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::array<std::uint64_t, 6> more{};
  std::array<std::uint64_t, 3> times{};
};
static_assert(sizeof(InterfaceFacts) == 152);

// if_msghdrl and ifa_msghdrl: they say themselves where their facts and their addresses begin.
struct ListHeader {
  MessageHead head;
  std::uint32_t addresses = 0;
  std::uint32_t flags = 0;
  std::uint16_t index = 0;
  std::uint16_t spare = 0;
  std::uint16_t length = 0;
  std::uint16_t facts_offset = 0;
  std::int32_t metric = 0;  // of an address; spare in a link's
};
static_assert(sizeof(ListHeader) == 24);

// --- ioctl(2): sys/sys/ioccom.h, sys/sys/sockio.h -------------------------------------------------------------------------
constexpr std::uint32_t in(std::uint32_t number, std::size_t size) {  // _IOW('i', ...)
  return 0x8000'0000U | static_cast<std::uint32_t>(size) << 16 | std::uint32_t{'i'} << 8 | number;
}
constexpr std::uint32_t in_and_out(std::uint32_t number, std::size_t size) { return 0x4000'0000U | in(number, size); }

inline constexpr std::size_t kNameSize = 16;  // IFNAMSIZ
using Name = std::array<char, kNameSize>;

struct Buffer {  // ifreq_buffer
  std::uint64_t length = 0;
  std::uint64_t pointer = 0;
};

struct InterfaceRequest {  // ifreq: a name and 16 bytes of whatever the call is about
  Name name{};
  std::array<std::uint8_t, 16> value{};
};
static_assert(sizeof(InterfaceRequest) == 32);

struct Inet4Alias {  // in_aliasreq
  Name name{};
  SockaddrIn address;
  SockaddrIn destination;
  SockaddrIn mask;
  std::int32_t vhid = 0;
};
static_assert(sizeof(Inet4Alias) == 68);

struct Inet6Alias {  // in6_aliasreq
  Name name{};
  SockaddrIn6 address;
  SockaddrIn6 destination;
  SockaddrIn6 mask;
  std::int32_t flags = 0;
  std::int64_t expire = 0;
  std::int64_t preferred = 0;
  std::uint32_t valid_seconds = 0;
  std::uint32_t preferred_seconds = 0;
  std::int32_t vhid = 0;
  std::uint32_t end = 0;
};
static_assert(sizeof(Inet6Alias) == 136);
inline constexpr std::uint32_t kInfiniteLifetime = 0xffff'ffff;  // ND6_INFINITE_LIFETIME, sys/netinet6/nd6.h

struct Inet6Request {  // in6_ifreq
  Name name{};
  SockaddrIn6 address;
  std::array<std::uint8_t, 244> rest{};
};
static_assert(sizeof(Inet6Request) == 288);

struct GroupRequest {  // ifgroupreq
  Name name{};
  std::uint32_t length = 0;
  std::uint32_t padding = 0;
  std::array<std::uint8_t, 16> value{};  // a name, or a pointer to names
};
static_assert(sizeof(GroupRequest) == 40);

struct NeighbourRequest {  // in6_ndireq, sys/netinet6/nd6.h
  Name name{};
  std::array<std::uint32_t, 5> times{};
  std::uint32_t flags = 0;
  std::int32_t recalculation = 0;
  std::array<std::uint8_t, 28> rest{};
};
static_assert(sizeof(NeighbourRequest) == 72);
inline constexpr std::uint32_t kAutoLinkLocal = 0x20;  // ND6_IFF_AUTO_LINKLOCAL

inline constexpr auto kSetFlags = in(16, sizeof(InterfaceRequest));                     // SIOCSIFFLAGS
inline constexpr auto kGetFlags = in_and_out(17, sizeof(InterfaceRequest));             // SIOCGIFFLAGS
inline constexpr auto kDeleteAddress = in(25, sizeof(InterfaceRequest));                // SIOCDIFADDR
inline constexpr auto kDeleteAddress6 = in(25, sizeof(Inet6Request));                   // SIOCDIFADDR_IN6
inline constexpr auto kAddAddress6 = in(27, sizeof(Inet6Alias));                        // SIOCAIFADDR_IN6
inline constexpr auto kRename = in(40, sizeof(InterfaceRequest));                       // SIOCSIFNAME
inline constexpr auto kSetDescription = in(41, sizeof(InterfaceRequest));               // SIOCSIFDESCR
inline constexpr auto kGetDescription = in_and_out(42, sizeof(InterfaceRequest));       // SIOCGIFDESCR
inline constexpr auto kAddAddress = in(43, sizeof(Inet4Alias));                         // SIOCAIFADDR
inline constexpr auto kSetMtu = in(52, sizeof(InterfaceRequest));                       // SIOCSIFMTU
inline constexpr auto kSetOuter = in(70, sizeof(Inet4Alias));                           // SIOCSIFPHYADDR
inline constexpr auto kSetOuter6 = in(70, sizeof(Inet6Alias));                          // SIOCSIFPHYADDR_IN6
inline constexpr auto kGetOuterSource = in_and_out(71, sizeof(InterfaceRequest));       // SIOCGIFPSRCADDR
inline constexpr auto kGetOuterDestination = in_and_out(72, sizeof(InterfaceRequest));  // SIOCGIFPDSTADDR
inline constexpr auto kGetOuterSource6 = in_and_out(71, sizeof(Inet6Request));          // SIOCGIFPSRCADDR_IN6
inline constexpr auto kGetOuterDestination6 = in_and_out(72, sizeof(Inet6Request));     // SIOCGIFPDSTADDR_IN6
inline constexpr auto kSetNeighbourFlags = in_and_out(87, sizeof(NeighbourRequest));    // SIOCSIFINFO_FLAGS
inline constexpr auto kGetFib = in_and_out(92, sizeof(InterfaceRequest));               // SIOCGIFFIB
inline constexpr auto kSetFib = in(93, sizeof(InterfaceRequest));                       // SIOCSIFFIB
inline constexpr auto kGetOuterFib = in_and_out(94, sizeof(InterfaceRequest));          // SIOCGTUNFIB
inline constexpr auto kSetOuterFib = in(95, sizeof(InterfaceRequest));                  // SIOCSTUNFIB
inline constexpr auto kGetNeighbour = in_and_out(108, sizeof(NeighbourRequest));        // SIOCGIFINFO_IN6
inline constexpr auto kDestroy = in(121, sizeof(InterfaceRequest));                     // SIOCIFDESTROY
inline constexpr auto kCreate = in_and_out(124, sizeof(InterfaceRequest));              // SIOCIFCREATE2
inline constexpr auto kAddGroup = in(135, sizeof(GroupRequest));                        // SIOCAIFGROUP
inline constexpr auto kGetMembers = in_and_out(138, sizeof(GroupRequest));              // SIOCGIFGMEMB
inline constexpr auto kGetReqId = in_and_out(160, sizeof(InterfaceRequest));            // IPSECGREQID, sys/net/if_ipsec.h
inline constexpr auto kSetReqId = in(161, sizeof(InterfaceRequest));                    // IPSECSREQID

// --- PF_KEY: sys/net/pfkeyv2.h --------------------------------------------------------------------------------------------
inline constexpr std::uint8_t kKeyVersion = 2;  // PF_KEY_V2
enum KeyType : std::uint8_t {
  kSadbUpdate = 2,
  kSadbAdd = 3,
  kSadbDelete = 4,
  kSadbGet = 5,
  kSadbAcquire = 6,
  kSadbExpire = 8,
  kSadbFlush = 9,
  kSadbDump = 10,
  kSadbSpdAdd = 14,
  kSadbSpdDelete = 15,
  kSadbSpdDump = 18,
};
inline constexpr std::uint8_t kSaTypeEsp = 3;  // SADB_SATYPE_ESP
enum KeyPart : std::uint8_t {                  // SADB_EXT_*, SADB_X_EXT_*
  kPartSa = 1,
  kPartLifetimeCurrent = 2,
  kPartLifetimeHard = 3,
  kPartLifetimeSoft = 4,
  kPartSource = 5,
  kPartDestination = 6,
  kPartKeyAuth = 8,
  kPartKeyEncrypt = 9,
  kPartPolicy = 18,
  kPartSa2 = 19,
  kPartReplay = 26,
};
inline constexpr std::uint8_t kStateMature = 1;     // SADB_SASTATE_MATURE
inline constexpr std::uint8_t kStateDying = 2;      // SADB_SASTATE_DYING: its soft lifetime is over
inline constexpr std::uint8_t kModeTunnel = 2;      // IPSEC_MODE_TUNNEL, sys/netipsec/ipsec.h
inline constexpr std::uint8_t kAnyProtocol = 255;   // IPSEC_ULPROTO_ANY
inline constexpr std::uint8_t kScopeInterface = 2;  // IPSEC_POLICYSCOPE_IFNET

struct KeyHeader {  // sadb_msg; length in units of 8 bytes, as of each part
  std::uint8_t version = kKeyVersion;
  std::uint8_t type = 0;
  std::uint8_t error = 0;
  std::uint8_t sa_type = 0;
  std::uint16_t length = 0;
  std::uint16_t reserved = 0;
  std::uint32_t sequence = 0;
  std::uint32_t pid = 0;
};
static_assert(sizeof(KeyHeader) == 16);

struct KeyPartHead {  // sadb_ext
  std::uint16_t length = 0;
  std::uint16_t type = 0;
};
static_assert(sizeof(KeyPartHead) == 4);

struct KeySa {  // sadb_sa
  KeyPartHead head;
  std::array<std::uint8_t, 4> spi{};  // network order
  std::uint8_t replay = 0;            // bytes of the window's bitmap: 8 packets each
  std::uint8_t state = 0;
  std::uint8_t auth = 0;
  std::uint8_t encrypt = 0;
  std::uint32_t flags = 0;
};
static_assert(sizeof(KeySa) == 16);

struct KeySa2 {  // sadb_x_sa2
  KeyPartHead head;
  std::uint8_t mode = 0;
  std::uint8_t reserved = 0;
  std::uint16_t reserved2 = 0;
  std::uint32_t sequence = 0;
  std::uint32_t reqid = 0;
};
static_assert(sizeof(KeySa2) == 16);

struct KeyAddress {  // sadb_address; a sockaddr follows
  KeyPartHead head;
  std::uint8_t protocol = 0;
  std::uint8_t prefix_length = 0;
  std::uint16_t reserved = 0;
};
static_assert(sizeof(KeyAddress) == 8);

struct KeyLifetime {  // sadb_lifetime
  KeyPartHead head;
  std::uint32_t allocations = 0;
  std::uint64_t bytes = 0;
  std::uint64_t seconds = 0;  // since it was added
  std::uint64_t use_seconds = 0;
};
static_assert(sizeof(KeyLifetime) == 32);

struct KeyBits {  // sadb_key; the key follows
  KeyPartHead head;
  std::uint16_t bits = 0;
  std::uint16_t reserved = 0;
};
static_assert(sizeof(KeyBits) == 8);

struct KeyReplay {  // sadb_x_sa_replay
  KeyPartHead head;
  std::uint32_t packets = 0;
};
static_assert(sizeof(KeyReplay) == 8);

struct KeyPolicy {  // sadb_x_policy; a request follows
  KeyPartHead head;
  std::uint16_t kind = 0;
  std::uint8_t direction = 0;
  std::uint8_t scope = 0;
  std::uint32_t id = 0;
  std::uint32_t priority = 0;  // an interface's policy: the ifindex
};
static_assert(sizeof(KeyPolicy) == 16);

struct KeyPolicyRequest {  // sadb_x_ipsecrequest; lengths in bytes; two sockaddrs follow
  std::uint16_t length = 0;
  std::uint16_t protocol = 0;
  std::uint8_t mode = 0;
  std::uint8_t level = 0;
  std::uint16_t reqid = 0;
};
static_assert(sizeof(KeyPolicyRequest) == 8);

}  // namespace vtid::platform::freebsd::abi
