// Where vtid keeps its file and its state unless told otherwise: hier(7) on FreeBSD, the FHS on Linux. Constants only.
#pragma once

namespace vtid::paths {

#ifdef __FreeBSD__
inline constexpr const char* kConfig = "/usr/local/etc/vtid/vtid.json";
inline constexpr const char* kState = "/var/db/vtid";
#else
inline constexpr const char* kConfig = "/etc/vtid/vtid.json";
inline constexpr const char* kState = "/var/lib/vtid";
#endif

}  // namespace vtid::paths
