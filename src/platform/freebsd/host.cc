#include "platform/host.h"

#include <sys/types.h>

#include <sys/sysctl.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace vtid::platform {
namespace {

constexpr std::array kNames{"net.inet.ip.forwarding",       "net.inet6.ip6.forwarding",     "net.key.preferred_oldsa",
                            "net.key.blockacq_lifetime",    "net.inet.ipsec.filtertunnel",  "net.inet6.ipsec6.filtertunnel",
                            "net.enc.in.ipsec_bpf_mask",    "net.enc.in.ipsec_filter_mask", "net.enc.out.ipsec_bpf_mask",
                            "net.enc.out.ipsec_filter_mask"};

// All of these are 4-byte ints (docs of if_enc(4), ipsec(4); seen on 12.1).
Result<std::int64_t> read_sysctl(const char* name) {
  int value = 0;
  std::size_t size = sizeof value;
  if (::sysctlbyname(name, &value, &size, nullptr, 0) == 0 && size == sizeof value) return value;
  const int code = errno;
  return fail(std::string("cannot read ") + name + ": " + std::strerror(code), "", code);
}

}  // namespace

// netstat -s -p ipsec has other counters, in a structure that changes between versions.
Result<std::vector<model::DropCounter>> read_drops() {
  return fail("vtid does not read FreeBSD's IPsec counters", "netstat -s -p ipsec shows them");
}

std::string name_of_process(std::int32_t) { return "charon"; }  // there is no other there

model::HostFacts read_host(const model::HostQuestion& question) {
  model::HostFacts facts;
  facts.system = "freebsd";
  for (const char* name : kNames) facts.sysctls.emplace(name, read_sysctl(name));
  facts.drops = read_drops();
  read_charon_settings(facts, question, "/usr/local/etc/strongswan.conf");
  return facts;
}

}  // namespace vtid::platform
