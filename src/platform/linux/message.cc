#include "platform/linux/message.h"

#include <cerrno>
#include <cstdlib>

namespace vtid::platform::netlink {
namespace {

constexpr int kHighestErrno = 4095;  // MAX_ERRNO, include/linux/err.h

}  // namespace

Request::Request(std::uint16_t type, std::uint16_t flags) : header_(mnl_nlmsg_put_header(buffer_.data())) {
  header_->nlmsg_type = type;
  header_->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
}

void* Request::extra_header(std::size_t size) { return mnl_nlmsg_put_extra_header(header_, size); }

Request& Request::put_bytes(std::uint16_t attribute, const void* bytes, std::size_t size) {
  if (!mnl_attr_put_check(header_, buffer_.size(), attribute, size, bytes)) std::abort();
  return *this;
}

Request& Request::put_text(std::uint16_t attribute, std::string_view text) {
  return put_bytes(attribute, text.data(), text.size());
}

Request& Request::put_address(std::uint16_t attribute, const net::Address& address) {
  return put_bytes(attribute, address.bytes().data(), address.bytes().size());
}

Request& Request::nest(std::uint16_t attribute, const std::function<void(Request&)>& fill) {
  nlattr* start = mnl_attr_nest_start_check(header_, buffer_.size(), attribute);
  if (start == nullptr) std::abort();
  fill(*this);
  mnl_attr_nest_end(header_, start);
  return *this;
}

Bytes Request::bytes() const {
  return {buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(aligned(header_->nlmsg_len))};
}

void for_each_message(std::span<const std::uint8_t> datagram, const std::function<void(const nlmsghdr&)>& visit) {
  while (datagram.size() >= sizeof(nlmsghdr)) {
    // Datagrams come from allocators and are walked in steps of four bytes, so the header is aligned.
    const auto* message = static_cast<const nlmsghdr*>(static_cast<const void*>(datagram.data()));
    const std::size_t length = aligned(message->nlmsg_len);
    if (message->nlmsg_len < sizeof(nlmsghdr) || length > datagram.size()) return;
    visit(*message);
    datagram = datagram.subspan(length);
  }
}

Attributes::Attributes(const nlmsghdr& message, std::size_t header_size) {
  mnl_attr_parse(&message, static_cast<unsigned>(header_size), collect, this);
}

int Attributes::collect(const nlattr* attribute, void* self) {
  const std::uint16_t type = mnl_attr_get_type(attribute);
  if (type < kTracked) static_cast<Attributes*>(self)->attributes_[type] = attribute;
  return MNL_CB_OK;
}

Attributes Attributes::nested(std::uint16_t attribute) const { return nested_within(attribute, 0, payload(attribute).size()); }

Attributes Attributes::nested_within(std::uint16_t attribute, std::size_t from, std::size_t to) const {
  Attributes inner;
  const auto bytes = payload(attribute);
  if (from > to || to > bytes.size()) return inner;
  mnl_attr_parse_payload(bytes.data() + from, to - from, collect, &inner);
  return inner;
}

int Attributes::collect_element(const nlattr* attribute, void* elements) {
  Attributes inner;
  mnl_attr_parse_nested(attribute, collect, &inner);
  static_cast<std::vector<Attributes>*>(elements)->push_back(inner);
  return MNL_CB_OK;
}

std::vector<Attributes> Attributes::elements(std::uint16_t attribute) const {
  std::vector<Attributes> found;
  const auto list = payload(attribute);
  mnl_attr_parse_payload(list.data(), list.size(), collect_element, &found);
  return found;
}

std::string_view Attributes::text(std::uint16_t attribute) const {
  const auto bytes = payload(attribute);
  const auto* begin = static_cast<const char*>(static_cast<const void*>(bytes.data()));
  return begin == nullptr ? std::string_view{} : std::string_view{begin, strnlen(begin, bytes.size())};
}

std::optional<net::Address> Attributes::address(std::uint16_t attribute) const {
  return net::Address::from_bytes(payload(attribute));
}

std::span<const std::uint8_t> Attributes::payload(std::uint16_t attribute) const {
  const nlattr* found = attributes_.at(attribute);
  if (found == nullptr) return {};
  return {static_cast<const std::uint8_t*>(mnl_attr_get_payload(found)), mnl_attr_get_payload_len(found)};
}

Verdict decode_verdict(const nlmsghdr& message) {
  const auto number = header_of<int>(message);  // nlmsgerr.error, and the whole payload of NLMSG_DONE
  if (!number) return {message.nlmsg_type == NLMSG_DONE ? 0 : EPROTO, {}};
  // Linux gives the errno negated. Anything else is not a number of ours to interpret.
  Verdict verdict{*number > 0 || *number < -kHighestErrno ? EPROTO : -*number, {}};
  if ((message.nlmsg_flags & NLM_F_ACK_TLVS) == 0) return verdict;
  std::size_t before = sizeof(int);
  if (message.nlmsg_type == NLMSG_ERROR) {
    const auto error = header_of<nlmsgerr>(message);
    if (!error) return verdict;
    before = sizeof *error;
    // Without NLM_F_CAPPED the refused request's payload stands between the header and the attributes.
    if ((message.nlmsg_flags & NLM_F_CAPPED) == 0 && error->msg.nlmsg_len >= sizeof(nlmsghdr)) {
      before += aligned(error->msg.nlmsg_len - sizeof(nlmsghdr));
    }
    if (before > mnl_nlmsg_get_payload_len(&message)) return verdict;
  }
  verdict.text = Attributes(message, before).text(NLMSGERR_ATTR_MSG);
  return verdict;
}

}  // namespace vtid::platform::netlink
