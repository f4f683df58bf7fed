// Any text as libnftables' listing of our table: refused with a reason, or read to the same after it was printed again, its
// handles changed. Never grows past its bounds.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "platform/linux/nft_ruleset.h"

namespace {

using Json = nlohmann::ordered_json;

void change_handles(Json& document) {
  for (Json& item : document["nftables"]) {
    if (!item.is_object()) continue;
    for (auto& [kind, object] : item.items()) {
      if (object.is_object() && object.contains("handle")) object["handle"] = 7;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace vtid::platform::netlink;
  const std::string text(bytes, bytes + size);
  const auto listing = read_filter_listing(text);
  if (!listing) {
    if (listing.error().text.empty()) std::abort();
    return 0;
  }
  Json document = Json::parse(text);
  change_handles(document);
  if (read_filter_listing(document.dump()) != listing) std::abort();
  return 0;
}
