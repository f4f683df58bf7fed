#include "platform/refusal.h"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

namespace vtid::platform {
namespace {

std::string remedy(const model::Change& change, int code) {
  const bool makes_link = std::holds_alternative<model::CreateLink>(change);
  if (code == EPERM) return "vtid has to run as root, or with CAP_NET_ADMIN";
  if (code == EOPNOTSUPP && makes_link) return "load the kernel module xfrm_interface";
  if (code == EEXIST && makes_link) return "find who has the name or the if_id: ip -details link show type xfrm";
  if (const auto* set = std::get_if<model::SetRoute>(&change); set != nullptr && code == EEXIST) {
    return fmt::format("give it up where it was made (ip route show {}), or give one of the two another metric",
                       net::print(set->route.to));
  }
  return {};
}

}  // namespace

Error refusal(const model::Change& change, int code, std::string_view detail) {
  const std::string reason = std::generic_category().message(code);
  return {.text = detail.empty() ? fmt::format("cannot {}: {}", print(change), reason)
                                 : fmt::format("cannot {}: {} ({})", print(change), detail, reason),
          .remedy = remedy(change, code),
          .code = code};
}

}  // namespace vtid::platform
