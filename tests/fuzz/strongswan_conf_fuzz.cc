// Any file of charon's: it is refused or becomes settings, within the bounds, also when it includes itself.
#include <cstdint>
#include <cstdlib>

#include "platform/strongswan_conf.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace vtid::platform;
  const ConfFile file{"/etc/strongswan.conf", std::string(bytes, bytes + size)};
  const ConfFile part{"/etc/part.conf", file.text.substr(file.text.size() / 2)};
  const auto read = [&](const std::string& pattern) -> vtid::Result<std::vector<ConfFile>> {
    if (pattern.ends_with("missing")) return vtid::fail("there is no such file");
    return std::vector<ConfFile>{part};
  };
  const auto settings = parse_strongswan_conf(file, read);
  if (settings ? settings->size() > kMostConfSettings : settings.error().text.empty()) std::abort();
  return 0;
}
