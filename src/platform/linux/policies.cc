#include "platform/linux/policies.h"

#include <netinet/in.h>

#include "platform/linux/xfrm_address.h"

namespace vtid::platform::netlink {
namespace {

xfrm_userpolicy_info header_of_policy(const model::Policy& policy) {
  xfrm_userpolicy_info header{};
  header.sel.family = family_number(policy.family);
  header.lft.soft_byte_limit = header.lft.hard_byte_limit = XFRM_INF;
  header.lft.soft_packet_limit = header.lft.hard_packet_limit = XFRM_INF;
  header.priority = policy.priority;
  header.dir = static_cast<std::uint8_t>(policy.direction);
  header.action = XFRM_POLICY_ALLOW;
  return header;
}

xfrm_user_tmpl template_of(const model::Policy& policy) {
  xfrm_user_tmpl result{};
  result.id.daddr = raw(policy.outer_destination);
  result.id.proto = IPPROTO_ESP;
  result.saddr = raw(policy.outer_source);
  result.family = family_number(policy.outer_destination.family());
  result.reqid = policy.reqid.value;
  result.mode = XFRM_MODE_TUNNEL;
  result.aalgos = result.ealgos = result.calgos = ~0U;
  return result;
}

Bytes encode(std::uint16_t type, std::uint16_t flags, const model::Policy& policy) {
  return Request(type, flags, header_of_policy(policy))
      .put(XFRMA_TMPL, template_of(policy))
      .put(XFRMA_IF_ID, policy.if_id.value)
      .bytes();
}

Bytes encode_by_identity(std::uint16_t type, const model::Policy& policy) {
  xfrm_userpolicy_id header{};
  header.sel.family = family_number(policy.family);
  header.dir = static_cast<std::uint8_t>(policy.direction);
  return Request(type, 0, header).put(XFRMA_IF_ID, policy.if_id.value).bytes();
}

bool selects_everything(const xfrm_selector& selector) {
  return selector.prefixlen_s == 0 && selector.prefixlen_d == 0 && selector.proto == 0 && selector.sport_mask == 0 &&
         selector.dport_mask == 0 && selector.ifindex == 0;
}

}  // namespace

Bytes encode_new_policy(const model::Policy& policy) { return encode(XFRM_MSG_NEWPOLICY, 0, policy); }
Bytes encode_replace_policy(const model::Policy& policy) { return encode(XFRM_MSG_UPDPOLICY, 0, policy); }
Bytes encode_delete_policy(const model::Policy& policy) { return encode_by_identity(XFRM_MSG_DELPOLICY, policy); }
Bytes encode_get_policy(const model::Policy& policy) { return encode_by_identity(XFRM_MSG_GETPOLICY, policy); }
Bytes encode_dump_policies() { return Request(XFRM_MSG_GETPOLICY, NLM_F_DUMP, xfrm_userpolicy_id{}).bytes(); }

std::optional<model::Policy> decode_policy(const nlmsghdr& message) {
  const auto head = header_of<xfrm_userpolicy_info>(message);
  if (message.nlmsg_type != XFRM_MSG_NEWPOLICY || !head) return std::nullopt;
  if (head->priority != model::kPolicyPriority || !selects_everything(head->sel) || head->dir > XFRM_POLICY_FWD) {
    return std::nullopt;
  }
  const Attributes attributes(message, sizeof *head);
  const auto used = attributes.get<xfrm_user_tmpl>(XFRMA_TMPL);
  if (!used) return std::nullopt;
  return model::Policy{.direction = static_cast<model::PolicyDirection>(head->dir),
                       .family = head->sel.family == AF_INET ? net::Family::ipv4 : net::Family::ipv6,
                       .if_id = {attributes.get<std::uint32_t>(XFRMA_IF_ID).value_or(0)},
                       .reqid = {used->reqid},
                       .outer_source = *address_of(used->saddr, used->family),
                       .outer_destination = *address_of(used->id.daddr, used->family),
                       .priority = head->priority};
}

std::optional<model::CharonsPolicies> decode_charons_policy(const nlmsghdr& message) {
  const auto head = header_of<xfrm_userpolicy_info>(message);
  if (message.nlmsg_type != XFRM_MSG_NEWPOLICY || !head || head->dir > XFRM_POLICY_FWD) return std::nullopt;
  const auto used = Attributes(message, sizeof *head).get<xfrm_user_tmpl>(XFRMA_TMPL);
  if (!used || used->reqid == 0 || decode_policy(message)) return std::nullopt;
  const auto family = head->sel.family == AF_INET ? net::Family::ipv4 : net::Family::ipv6;
  return model::CharonsPolicies{{used->reqid}, model::policy_bit(static_cast<model::PolicyDirection>(head->dir), family)};
}

bool tells_of_lost_policies(const nlmsghdr& message) {
  return message.nlmsg_type == XFRM_MSG_DELPOLICY || message.nlmsg_type == XFRM_MSG_FLUSHPOLICY;
}

}  // namespace vtid::platform::netlink
