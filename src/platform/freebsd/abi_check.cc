// Compares wire/abi.h with the headers of the system that this is built for. It compiles or it does not; nothing runs.
#include <sys/types.h>

#include <sys/socket.h>
#include <sys/sockio.h>
#include <sys/sysctl.h>

#include <net/if.h>
#include <net/if_dl.h>
#include <net/if_ipsec.h>
#include <net/pfkeyv2.h>
#include <net/route.h>
#include <netinet/in.h>
#include <netinet/in_var.h>
#include <netinet6/in6_var.h>
#include <netipsec/ipsec.h>

#include <bit>
#include <cstddef>

// nd6.h is C: it names a structure that in C++ stays inside the one that it was declared in.
#define prf_ra in6_prflags::prf_ra
#include <netinet6/nd6.h>
#undef prf_ra

#include "platform/freebsd/wire/abi.h"

namespace vtid::platform::freebsd::abi {
namespace {

static_assert(std::endian::native == std::endian::little && sizeof(void*) == 8 && sizeof(time_t) == 8);

#define SAME_SIZE(ours, theirs) static_assert(sizeof(ours) == sizeof(theirs))
#define SAME_PLACE(ours, member, theirs, other) static_assert(offsetof(ours, member) == offsetof(theirs, other))
#define SAME_VALUE(ours, theirs) \
  static_assert(std::uint64_t{ours} == static_cast<std::uint64_t>(static_cast<std::uint32_t>(theirs)))

SAME_VALUE(kFamilyInet, AF_INET);
SAME_VALUE(kFamilyInet6, AF_INET6);
SAME_VALUE(kFamilyLink, AF_LINK);
SAME_SIZE(SockaddrIn, sockaddr_in);
SAME_PLACE(SockaddrIn, address, sockaddr_in, sin_addr);
SAME_SIZE(SockaddrIn6, sockaddr_in6);
SAME_PLACE(SockaddrIn6, address, sockaddr_in6, sin6_addr);
SAME_PLACE(SockaddrIn6, scope, sockaddr_in6, sin6_scope_id);
SAME_SIZE(SockaddrDl, sockaddr_dl);
SAME_PLACE(SockaddrDl, index, sockaddr_dl, sdl_index);
SAME_PLACE(SockaddrDl, name_length, sockaddr_dl, sdl_nlen);
SAME_PLACE(SockaddrDl, data, sockaddr_dl, sdl_data);

SAME_VALUE(kRouteVersion, RTM_VERSION);
SAME_VALUE(kRtmAdd, RTM_ADD);
SAME_VALUE(kRtmDelete, RTM_DELETE);
SAME_VALUE(kRtmChange, RTM_CHANGE);
SAME_VALUE(kRtmGet, RTM_GET);
SAME_VALUE(kRtmNewAddr, RTM_NEWADDR);
SAME_VALUE(kRtmDelAddr, RTM_DELADDR);
SAME_VALUE(kRtmIfInfo, RTM_IFINFO);
SAME_VALUE(kRtmIfAnnounce, RTM_IFANNOUNCE);
SAME_VALUE(kRtfUp, RTF_UP);
SAME_VALUE(kRtfGateway, RTF_GATEWAY);
SAME_VALUE(kRtfHost, RTF_HOST);
SAME_VALUE(kRtfStatic, RTF_STATIC);
SAME_VALUE(kRtfBlackhole, RTF_BLACKHOLE);
SAME_VALUE(kRtfProto1, RTF_PROTO1);
SAME_VALUE(kDestination, RTAX_DST);
SAME_VALUE(kGateway, RTAX_GATEWAY);
SAME_VALUE(kNetmask, RTAX_NETMASK);
SAME_VALUE(kInterface, RTAX_IFP);
SAME_VALUE(kLocal, RTAX_IFA);
SAME_VALUE(kBroadcast, RTAX_BRD);
static_assert(kSlots == RTAX_MAX && kCtlNet == CTL_NET && kPfRoute == PF_ROUTE);
static_assert(kNetRtDump == NET_RT_DUMP && kNetRtIfListL == NET_RT_IFLISTL);
SAME_VALUE(kIffUp, IFF_UP);
SAME_VALUE(kIffPointToPoint, IFF_POINTOPOINT);
SAME_VALUE(kIffRunning, IFF_DRV_RUNNING);
SAME_VALUE(kIffMulticast, IFF_MULTICAST);
SAME_SIZE(RouteHeader, rt_msghdr);
SAME_PLACE(RouteHeader, index, rt_msghdr, rtm_index);
SAME_PLACE(RouteHeader, flags, rt_msghdr, rtm_flags);
SAME_PLACE(RouteHeader, addresses, rt_msghdr, rtm_addrs);
SAME_PLACE(RouteHeader, pid, rt_msghdr, rtm_pid);
SAME_PLACE(RouteHeader, sequence, rt_msghdr, rtm_seq);
SAME_PLACE(RouteHeader, error, rt_msghdr, rtm_errno);
SAME_SIZE(InterfaceFacts, if_data);
SAME_PLACE(InterfaceFacts, mtu, if_data, ifi_mtu);
SAME_PLACE(InterfaceFacts, packets_in, if_data, ifi_ipackets);
SAME_PLACE(InterfaceFacts, packets_out, if_data, ifi_opackets);
SAME_PLACE(InterfaceFacts, bytes_in, if_data, ifi_ibytes);
SAME_PLACE(InterfaceFacts, bytes_out, if_data, ifi_obytes);
static_assert(sizeof(ListHeader) == offsetof(if_msghdrl, ifm_data) && sizeof(ListHeader) == offsetof(ifa_msghdrl, ifam_data));
SAME_PLACE(ListHeader, addresses, if_msghdrl, ifm_addrs);
SAME_PLACE(ListHeader, flags, if_msghdrl, ifm_flags);
SAME_PLACE(ListHeader, index, if_msghdrl, ifm_index);
SAME_PLACE(ListHeader, length, if_msghdrl, ifm_len);
SAME_PLACE(ListHeader, facts_offset, if_msghdrl, ifm_data_off);
SAME_PLACE(ListHeader, addresses, ifa_msghdrl, ifam_addrs);
SAME_PLACE(ListHeader, index, ifa_msghdrl, ifam_index);
SAME_PLACE(ListHeader, length, ifa_msghdrl, ifam_len);
SAME_PLACE(ListHeader, facts_offset, ifa_msghdrl, ifam_data_off);

static_assert(kNameSize == IFNAMSIZ);
SAME_SIZE(InterfaceRequest, ifreq);
SAME_PLACE(InterfaceRequest, value, ifreq, ifr_ifru);
SAME_SIZE(Buffer, ifreq_buffer);
SAME_PLACE(Buffer, pointer, ifreq_buffer, buffer);
SAME_SIZE(Inet4Alias, in_aliasreq);
SAME_PLACE(Inet4Alias, destination, in_aliasreq, ifra_dstaddr);
SAME_PLACE(Inet4Alias, mask, in_aliasreq, ifra_mask);
SAME_SIZE(Inet6Alias, in6_aliasreq);
SAME_PLACE(Inet6Alias, destination, in6_aliasreq, ifra_dstaddr);
SAME_PLACE(Inet6Alias, mask, in6_aliasreq, ifra_prefixmask);
SAME_PLACE(Inet6Alias, expire, in6_aliasreq, ifra_lifetime);
static_assert(offsetof(Inet6Alias, valid_seconds) - offsetof(Inet6Alias, expire) == offsetof(in6_addrlifetime, ia6t_vltime));
SAME_VALUE(kInfiniteLifetime, ND6_INFINITE_LIFETIME);
SAME_SIZE(Inet6Request, in6_ifreq);
SAME_PLACE(Inet6Request, address, in6_ifreq, ifr_ifru);
SAME_SIZE(GroupRequest, ifgroupreq);
SAME_PLACE(GroupRequest, length, ifgroupreq, ifgr_len);
SAME_PLACE(GroupRequest, value, ifgroupreq, ifgr_ifgru);
static_assert(sizeof(Name) == sizeof(ifg_req));
SAME_SIZE(NeighbourRequest, in6_ndireq);
static_assert(offsetof(NeighbourRequest, flags) == offsetof(in6_ndireq, ndi) + offsetof(nd_ifinfo, flags));
SAME_VALUE(kAutoLinkLocal, ND6_IFF_AUTO_LINKLOCAL);
SAME_VALUE(kSetFlags, SIOCSIFFLAGS);
SAME_VALUE(kGetFlags, SIOCGIFFLAGS);
SAME_VALUE(kDeleteAddress, SIOCDIFADDR);
SAME_VALUE(kDeleteAddress6, SIOCDIFADDR_IN6);
SAME_VALUE(kAddAddress6, SIOCAIFADDR_IN6);
SAME_VALUE(kRename, SIOCSIFNAME);
SAME_VALUE(kSetDescription, SIOCSIFDESCR);
SAME_VALUE(kGetDescription, SIOCGIFDESCR);
SAME_VALUE(kAddAddress, SIOCAIFADDR);
SAME_VALUE(kSetMtu, SIOCSIFMTU);
SAME_VALUE(kSetOuter, SIOCSIFPHYADDR);
SAME_VALUE(kSetOuter6, SIOCSIFPHYADDR_IN6);
SAME_VALUE(kGetOuterSource, SIOCGIFPSRCADDR);
SAME_VALUE(kGetOuterDestination, SIOCGIFPDSTADDR);
SAME_VALUE(kGetOuterSource6, SIOCGIFPSRCADDR_IN6);
SAME_VALUE(kGetOuterDestination6, SIOCGIFPDSTADDR_IN6);
SAME_VALUE(kSetNeighbourFlags, SIOCSIFINFO_FLAGS);
SAME_VALUE(kGetFib, SIOCGIFFIB);
SAME_VALUE(kSetFib, SIOCSIFFIB);
SAME_VALUE(kGetOuterFib, SIOCGTUNFIB);
SAME_VALUE(kSetOuterFib, SIOCSTUNFIB);
SAME_VALUE(kGetNeighbour, SIOCGIFINFO_IN6);
SAME_VALUE(kDestroy, SIOCIFDESTROY);
SAME_VALUE(kCreate, SIOCIFCREATE2);
SAME_VALUE(kAddGroup, SIOCAIFGROUP);
SAME_VALUE(kGetMembers, SIOCGIFGMEMB);
SAME_VALUE(kGetReqId, IPSECGREQID);
SAME_VALUE(kSetReqId, IPSECSREQID);

SAME_VALUE(kKeyVersion, PF_KEY_V2);
SAME_VALUE(kSadbUpdate, SADB_UPDATE);
SAME_VALUE(kSadbAdd, SADB_ADD);
SAME_VALUE(kSadbDelete, SADB_DELETE);
SAME_VALUE(kSadbGet, SADB_GET);
SAME_VALUE(kSadbAcquire, SADB_ACQUIRE);
SAME_VALUE(kSadbExpire, SADB_EXPIRE);
SAME_VALUE(kSadbFlush, SADB_FLUSH);
SAME_VALUE(kSadbDump, SADB_DUMP);
SAME_VALUE(kSadbSpdAdd, SADB_X_SPDADD);
SAME_VALUE(kSadbSpdDelete, SADB_X_SPDDELETE);
SAME_VALUE(kSadbSpdDump, SADB_X_SPDDUMP);
SAME_VALUE(kSaTypeEsp, SADB_SATYPE_ESP);
SAME_VALUE(kPartSa, SADB_EXT_SA);
SAME_VALUE(kPartLifetimeCurrent, SADB_EXT_LIFETIME_CURRENT);
SAME_VALUE(kPartLifetimeHard, SADB_EXT_LIFETIME_HARD);
SAME_VALUE(kPartLifetimeSoft, SADB_EXT_LIFETIME_SOFT);
SAME_VALUE(kPartSource, SADB_EXT_ADDRESS_SRC);
SAME_VALUE(kPartDestination, SADB_EXT_ADDRESS_DST);
SAME_VALUE(kPartKeyAuth, SADB_EXT_KEY_AUTH);
SAME_VALUE(kPartKeyEncrypt, SADB_EXT_KEY_ENCRYPT);
SAME_VALUE(kPartPolicy, SADB_X_EXT_POLICY);
SAME_VALUE(kPartSa2, SADB_X_EXT_SA2);
SAME_VALUE(kPartReplay, SADB_X_EXT_SA_REPLAY);
SAME_VALUE(kStateMature, SADB_SASTATE_MATURE);
SAME_VALUE(kStateDying, SADB_SASTATE_DYING);
SAME_VALUE(kModeTunnel, IPSEC_MODE_TUNNEL);
SAME_VALUE(kAnyProtocol, IPSEC_ULPROTO_ANY);
SAME_SIZE(KeyHeader, sadb_msg);
SAME_PLACE(KeyHeader, length, sadb_msg, sadb_msg_len);
SAME_PLACE(KeyHeader, sequence, sadb_msg, sadb_msg_seq);
SAME_PLACE(KeyHeader, pid, sadb_msg, sadb_msg_pid);
SAME_SIZE(KeySa, sadb_sa);
SAME_PLACE(KeySa, encrypt, sadb_sa, sadb_sa_encrypt);
SAME_SIZE(KeySa2, sadb_x_sa2);
SAME_PLACE(KeySa2, reqid, sadb_x_sa2, sadb_x_sa2_reqid);
SAME_SIZE(KeyAddress, sadb_address);
SAME_PLACE(KeyAddress, prefix_length, sadb_address, sadb_address_prefixlen);
SAME_SIZE(KeyLifetime, sadb_lifetime);
SAME_PLACE(KeyLifetime, allocations, sadb_lifetime, sadb_lifetime_allocations);
SAME_PLACE(KeyLifetime, seconds, sadb_lifetime, sadb_lifetime_addtime);
SAME_SIZE(KeyBits, sadb_key);
SAME_SIZE(KeyReplay, sadb_x_sa_replay);
SAME_SIZE(KeyPolicy, sadb_x_policy);
SAME_PLACE(KeyPolicy, priority, sadb_x_policy, sadb_x_policy_priority);
SAME_SIZE(KeyPolicyRequest, sadb_x_ipsecrequest);

}  // namespace
}  // namespace vtid::platform::freebsd::abi
