# The seed is what the kernel said in tests/golden/netlink: link_get, address_dump, route_dump_ipv4 and _ipv6, policy_get,
# counters_dump and route_new_ipv4_unreachable, as bytes.
if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
  vtid_fuzz(netlink_fuzz SEEDS netlink_seed.bin DEPENDS platform host LIBRARIES PkgConfig::MNL)
endif()
