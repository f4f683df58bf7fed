#include "platform/refusal.h"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

#include "model/words.h"

namespace vtid::platform {
namespace {

std::string remedy(const model::Change& change, int code, std::string_view system) {
  const bool makes_link = std::holds_alternative<model::CreateLink>(change);
  const bool freebsd = model::is_freebsd(system);
  if (code == EPERM) return freebsd ? "vtid has to run as root" : "vtid has to run as root, or with CAP_NET_ADMIN";
  if (code == EOPNOTSUPP && makes_link) return freebsd ? "kldload ipsec" : "load the kernel module xfrm_interface";
  if (code == EEXIST && makes_link) {
    return fmt::format("find who has the name or the {}: {}", model::link_number(system), model::show_tunnel_links(system));
  }
  if (const auto* set = std::get_if<model::SetRoute>(&change); set != nullptr && code == EEXIST) {
    return fmt::format("give it up where it was made ({}), or {}", model::show_route(system, net::print(set->route.to)),
                       freebsd ? "take ours out of the file" : "give one of the two another metric");
  }
  return {};
}

// Words of pf's, or of nftables': what an errno would add says something else than they mean.
bool says_all(const model::Change& change, int code) {
  return code == EACCES || std::holds_alternative<model::SetFilter>(change) ||
         std::holds_alternative<model::DeleteFilter>(change);
}

}  // namespace

Error refusal(const model::Change& change, int code, std::string_view detail, std::string_view system) {
  const std::string reason = std::generic_category().message(code);
  std::string text = fmt::format("cannot {}: {}", print(change), detail.empty() ? reason : detail);
  if (!detail.empty() && !says_all(change, code)) text += fmt::format(" ({})", reason);
  return {.text = std::move(text), .remedy = remedy(change, code, system), .code = code};
}

}  // namespace vtid::platform
