#include "support/fake_freebsd.h"

#include <algorithm>
#include <cerrno>

namespace vtid::platform::freebsd {
namespace {

constexpr std::uint32_t kLowestTunnelMtu = 1280;
constexpr std::uint32_t kHighestTunnelMtu = 8192;
constexpr std::uint8_t kTunnelType = 0x83;   // IFT_TUNNEL
constexpr std::uint8_t kEthernetType = 0x6;  // IFT_ETHER
constexpr std::uint32_t kLoopbackFlag = 0x8;
constexpr std::uint32_t kBroadcastFlag = 0x2;
constexpr std::uint32_t kHighestUnit = 32767;
constexpr std::size_t kLongestLabel = 63;
constexpr Duration kOthersTime{2'000};  // after which vtid asks pf again

std::string text_of(const abi::Name& name) { return {name.data(), ::strnlen(name.data(), name.size())}; }

template <class T>
T& at(std::uint64_t pointer) {
  return *reinterpret_cast<T*>(static_cast<std::uintptr_t>(pointer));
}

template <class T>
View view(const T& value) {
  return {reinterpret_cast<const std::uint8_t*>(&value), sizeof value};
}

bool is_tunnel(std::string_view kind) { return kind.starts_with("ipsec"); }

}  // namespace

class FakeCalls final : public Calls {
 public:
  FakeCalls(FakeFreebsd& kernel, bool of_others) : kernel_(kernel), of_others_(of_others) {
    kernel_.sockets_.push_back(&socket_);
  }
  FakeCalls(const FakeCalls&) = delete;
  FakeCalls& operator=(const FakeCalls&) = delete;
  ~FakeCalls() override { std::erase(kernel_.sockets_, &socket_); }

  int control(net::Family, std::uint32_t request, void* argument) override {
    const auto cost = kernel_.costs_.find(request);
    if (cost != kernel_.costs_.end()) kernel_.spent_ += cost->second();
    return kernel_.control(request, argument);
  }
  Result<Bytes> list_links() override {
    if (!of_others_) ++kernel_.lists_;
    return kernel_.list_links();
  }
  Result<Bytes> list_routes(std::uint32_t fib) override {
    if (!of_others_ && fib == 0) ++kernel_.lists_;
    return kernel_.list_routes(fib);
  }
  int change_route(View message, std::uint32_t fib) override { return kernel_.change_route(message, fib); }
  int send_key(View message) override {
    kernel_.answer_key(socket_, message);
    return 0;
  }
  Result<Bytes> receive_key() override {
    if (socket_.messages.empty()) return fail("nothing came", {}, ETIMEDOUT);
    Bytes first = std::move(socket_.messages.front());
    socket_.messages.pop_front();
    return first;
  }
  Result<std::int64_t> sysctl(std::string_view name) override {
    const auto found = kernel_.sysctls_.find(name);
    if (found == kernel_.sysctls_.end()) return fail("cannot read " + std::string(name), {}, ENOENT);
    return found->second;
  }
  int set_sysctl(std::string_view name, std::int64_t value) override {
    const auto found = kernel_.sysctls_.find(name);
    if (found == kernel_.sysctls_.end()) return ENOENT;
    kernel_.on_filter_step();
    if (of_others_) kernel_.spent_ += kOthersTime;
    found->second = value;
    ++kernel_.writes_;
    return 0;
  }
  bool has_pf() override { return kernel_.has_pf_; }
  void begin_pfctl(std::vector<std::string> arguments, std::string input) override {
    run_ = {std::move(arguments), std::move(input), now()};
    ++kernel_.pfctls_;
  }
  // It does what it does when it ends, as far as anybody can tell.
  std::optional<Result<Ran>> end_pfctl() override {
    if (!run_ || (!of_others_ && now() - run_->begun < kernel_.pfctl_time_)) return std::nullopt;
    const Run run = *std::exchange(run_, std::nullopt);
    if (of_others_ && std::ranges::find(run.arguments, "-f") != run.arguments.end()) kernel_.spent_ += kOthersTime;
    if (!of_others_ && kernel_.pfctl_time_ > kPfPatience)
      return fail("/sbin/pfctl did not end within 5000 ms and was killed", {}, ETIMEDOUT);
    return kernel_.pfctl(run.arguments, run.input);
  }
  TimePoint now() const override { return kernel_.now(); }
  int pid() const override { return 18; }
  std::vector<int> descriptors() const override { return {}; }
  Notices drain() override { return std::exchange(socket_.notices, {}); }

 private:
  struct Run {
    std::vector<std::string> arguments;
    std::string input;
    TimePoint begun;
  };
  FakeFreebsd& kernel_;
  const bool of_others_;
  FakeFreebsd::Socket socket_;
  std::optional<Run> run_;
};

FakeFreebsd::FakeFreebsd() {
  sysctls_ = {{"kern.osreldate", 1'403'000},      {"net.fibs", 3},
              {"net.inet.ipsec.filtertunnel", 0}, {"net.inet6.ipsec6.filtertunnel", 0},
              {"net.enc.out.ipsec_bpf_mask", 3},  {"net.enc.out.ipsec_filter_mask", 1},
              {"net.enc.in.ipsec_bpf_mask", 1},   {"net.enc.in.ipsec_filter_mask", 1}};
  anchors_[""] = {"anchor \"vtid\" all\npass all flags S/SA keep state\n",
                  "nat-anchor \"vtid\" all\nrdr-anchor \"vtid\" all\nbinat-anchor \"vtid\" all\n"};
  Link loopback;
  loopback.index = {next_index_++};
  loopback.flags = abi::kIffUp | kLoopbackFlag | abi::kIffMulticast;
  loopback.mtu = 16'384;
  loopback.type = 0x18;
  for (const auto* text : {"127.0.0.1/8", "::1/128", "fe80::1/64"}) {
    const auto prefix = *net::parse_prefix(text);
    loopback.addresses.push_back({loopback.index, prefix, prefix.address});
  }
  links_.emplace("lo0", std::move(loopback));
  Link enc;
  enc.index = {next_index_++};
  enc.type = 0xf4;  // IFT_ENC
  enc.mtu = 1536;
  links_.emplace("enc0", std::move(enc));
}

std::unique_ptr<Calls> FakeFreebsd::open() { return std::make_unique<FakeCalls>(*this, false); }
std::unique_ptr<Calls> FakeFreebsd::open_for_others() { return std::make_unique<FakeCalls>(*this, true); }

void FakeFreebsd::notice(bool ours) {
  for (Socket* socket : sockets_) socket->notices.ours += ours ? 1 : 0;
}

int FakeFreebsd::control(std::uint32_t request, void* argument) {
  auto& plain = *static_cast<abi::InterfaceRequest*>(argument);
  const std::string name = text_of(plain.name);
  if (request == abi::kCreate) return create(plain);
  if (request == abi::kGetMembers) return members(*static_cast<abi::GroupRequest*>(argument));
  const auto found = links_.find(name);
  if (found == links_.end()) return ENXIO;
  Link& link = found->second;
  if (request == abi::kDestroy) return destroy(name);
  if (request == abi::kRename) return rename(plain);
  if (request == abi::kAddGroup) return group(*static_cast<abi::GroupRequest*>(argument));
  if (request == abi::kSetOuter) {
    const auto& wanted = *static_cast<abi::Inet4Alias*>(argument);
    return set_outer(link, view(wanted.address), view(wanted.destination));
  }
  if (request == abi::kSetOuter6) {
    const auto& wanted = *static_cast<abi::Inet6Alias*>(argument);
    return set_outer(link, view(wanted.address), view(wanted.destination));
  }
  if (request == abi::kGetOuterSource6 || request == abi::kGetOuterDestination6) {
    auto& asked = *static_cast<abi::Inet6Request*>(argument);
    return outer(link, request == abi::kGetOuterSource6, net::Family::ipv6, reinterpret_cast<std::uint8_t*>(&asked.address));
  }
  if (request == abi::kAddAddress) {
    const auto& wanted = *static_cast<abi::Inet4Alias*>(argument);
    const auto far = decode_sockaddr(view(wanted.destination));
    if ((link.flags & abi::kIffPointToPoint) != 0 && !far) return EDESTADDRREQ;
    const auto length = decode_mask(view(wanted.mask), net::Family::ipv4).value_or(0);
    return add_address(link, {link.index, {net::Address::v4(wanted.address.address), length}, far});
  }
  if (request == abi::kAddAddress6) {
    const auto& wanted = *static_cast<abi::Inet6Alias*>(argument);
    if (wanted.valid_seconds != abi::kInfiniteLifetime) return EINVAL;
    const auto length = decode_mask(view(wanted.mask), net::Family::ipv6).value_or(0);
    const auto far = decode_sockaddr(view(wanted.destination));
    if (far && length != 128) return EINVAL;  // in6_update_ifa_1, sys/netinet6/in6.c
    return add_address(link, {link.index, {*decode_sockaddr(view(wanted.address)), length}, far});
  }
  if (request == abi::kDeleteAddress) return delete_address(link, plain.value);
  if (request == abi::kDeleteAddress6) return delete_address(link, view(static_cast<abi::Inet6Request*>(argument)->address));
  if (request == abi::kGetNeighbour || request == abi::kSetNeighbourFlags) {
    auto& asked = *static_cast<abi::NeighbourRequest*>(argument);
    (request == abi::kGetNeighbour ? asked.flags : link.neighbour_flags) =
        request == abi::kGetNeighbour ? link.neighbour_flags : asked.flags;
    return 0;
  }
  return on_link(request, plain, link);
}

int FakeFreebsd::on_link(std::uint32_t request, abi::InterfaceRequest& argument, Link& link) {
  switch (request) {
    case abi::kGetFlags: argument = {argument.name, flags_request({}, link.flags).value}; return 0;
    case abi::kSetFlags: set_flags(link, flags_of(argument)); return 0;
    case abi::kSetMtu: {
      const auto mtu = value_of<std::uint32_t>(argument);
      if (link.type == kTunnelType && (mtu < kLowestTunnelMtu || mtu > kHighestTunnelMtu)) return EINVAL;
      ++writes_;
      link.mtu = mtu;
      notice();
      return 0;
    }
    case abi::kSetDescription: {
      const auto buffer = value_of<abi::Buffer>(argument);
      ++writes_;
      link.description = buffer.length == 0 ? std::string() : std::string(&at<char>(buffer.pointer));
      return 0;
    }
    case abi::kGetDescription: {
      auto buffer = value_of<abi::Buffer>(argument);
      if (link.description.empty()) return ENOMSG;
      const bool fits = link.description.size() + 1 <= buffer.length;
      if (fits) std::memcpy(&at<char>(buffer.pointer), link.description.c_str(), link.description.size() + 1);
      if (!fits) buffer.pointer = 0;
      buffer.length = link.description.size() + 1;
      set_value(argument, buffer);
      return 0;
    }
    case abi::kGetFib: set_value(argument, link.fib); return 0;
    case abi::kGetOuterFib: set_value(argument, link.outer_fib); return 0;
    case abi::kSetFib:
    case abi::kSetOuterFib: {
      const auto fib = value_of<std::uint32_t>(argument);
      if (fib >= sysctls_.at("net.fibs")) return EINVAL;
      ++writes_;
      (request == abi::kSetFib ? link.fib : link.outer_fib) = fib;
      notice();
      return 0;
    }
    case abi::kGetReqId: at<std::uint32_t>(value_of<std::uint64_t>(argument)) = link.reqid; return 0;
    case abi::kSetReqId: return set_reqid(link, at<std::uint32_t>(value_of<std::uint64_t>(argument)));
    case abi::kGetOuterSource: return outer(link, true, net::Family::ipv4, argument.value.data());
    case abi::kGetOuterDestination: return outer(link, false, net::Family::ipv4, argument.value.data());
    default: return EINVAL;
  }
}

int FakeFreebsd::create(abi::InterfaceRequest& request) {
  const std::string name = text_of(request.name);
  const auto digits = name.find_first_of("0123456789");
  const std::string kind = name.substr(0, digits);
  if (kind != "ipsec" && kind != "epair") return EINVAL;
  std::uint32_t unit = 0;
  if (digits == std::string::npos) {
    while (links_.contains(kind + std::to_string(unit) + (kind == "epair" ? "b" : "")))
      ++unit;  // the other side may be renamed
  } else {
    unit = static_cast<std::uint32_t>(std::stoul(name.substr(digits)));
    if (std::to_string(unit) != name.substr(digits)) return EINVAL;
  }
  if (unit > kHighestUnit) return ENOSPC;
  for (const char* side : kind == "epair" ? std::vector{"a", "b"} : std::vector{""}) {
    const std::string made = kind + std::to_string(unit) + side;
    if (links_.contains(made)) return EEXIST;
    Link link;
    link.index = {next_index_++};
    link.type = is_tunnel(kind) ? kTunnelType : kEthernetType;
    link.flags = abi::kIffMulticast | (is_tunnel(kind) ? abi::kIffPointToPoint : kBroadcastFlag);
    link.mtu = is_tunnel(kind) ? 1400 : 1500;
    link.groups.insert(kind);
    links_.emplace(made, std::move(link));
    ++writes_;
    notice();
  }
  request.name = name_of(kind + std::to_string(unit) + (kind == "epair" ? "a" : ""));
  return 0;
}

int FakeFreebsd::destroy(const std::string& name) {
  drop_routes(links_.at(name).index, false);
  links_.erase(name);
  ++writes_;
  notice();
  return 0;
}

int FakeFreebsd::rename(const abi::InterfaceRequest& request) {
  const std::string next = text_of(at<abi::Name>(value_of<std::uint64_t>(request)));
  if (links_.contains(next)) return EEXIST;
  auto node = links_.extract(text_of(request.name));
  node.key() = next;
  links_.insert(std::move(node));
  notice();
  return 0;
}

int FakeFreebsd::group(const abi::GroupRequest& request) {
  abi::Name name{};
  std::memcpy(name.data(), request.value.data(), name.size());
  ++writes_;
  return links_.at(text_of(request.name)).groups.insert(text_of(name)).second ? 0 : EEXIST;
}

int FakeFreebsd::members(abi::GroupRequest& request) {
  std::vector<abi::Name> found;
  for (const auto& [name, link] : links_) {
    if (link.groups.contains(text_of(request.name))) found.push_back(name_of(name));
  }
  if (found.empty()) return ENOENT;
  const auto size = static_cast<std::uint32_t>(found.size() * sizeof(abi::Name));
  if (request.length == 0) {
    request.length = size;
    return 0;
  }
  if (request.length < size) return EINVAL;
  std::uint64_t pointer = 0;
  std::memcpy(&pointer, request.value.data(), sizeof pointer);
  std::memcpy(&at<abi::Name>(pointer), found.data(), size);
  return 0;
}

int FakeFreebsd::set_reqid(Link& link, std::uint32_t reqid) {
  if (reqid == 0 || reqid == link.reqid) return 0;
  for (const auto& [name, other] : links_) {
    if (&other != &link && other.reqid == reqid) return EEXIST;
  }
  ++writes_;
  link.reqid = reqid;
  if (link.outer) notice();  // the interface's policies are made again
  return 0;
}

int FakeFreebsd::set_outer(Link& link, View source, View destination) {
  const auto from = decode_sockaddr(source);
  const auto to = decode_sockaddr(destination);
  if (!from || !to || from->family() != to->family()) return EAFNOSUPPORT;
  if (from->is_unspecified() || to->is_unspecified()) return EADDRNOTAVAIL;
  ++writes_;
  if (link.outer != std::pair{*from, *to}) notice();
  link.outer = {*from, *to};
  reconsider_running();
  return 0;
}

int FakeFreebsd::outer(const Link& link, bool source, net::Family family, std::uint8_t* place) const {
  if (!link.outer || link.outer->first.family() != family) return EADDRNOTAVAIL;
  const Bytes bytes = encode_sockaddr(source ? link.outer->first : link.outer->second);
  std::memcpy(place, bytes.data(), bytes.size());
  return 0;
}

// No message tells of it.
void FakeFreebsd::reconsider_running() {
  std::set<net::Address> local;
  for (const auto& [name, link] : links_) {
    for (const ListedAddress& address : link.addresses) local.insert(address.local.address);
  }
  for (auto& [name, link] : links_) {
    if (link.type != kTunnelType) continue;
    link.flags &= ~abi::kIffRunning;
    if (link.outer && local.contains(link.outer->first)) link.flags |= abi::kIffRunning;
  }
}

void FakeFreebsd::set_flags(Link& link, std::uint32_t flags) {
  const std::uint32_t before = link.flags;
  link.flags = (link.flags & ~abi::kIffUp) | (flags & abi::kIffUp);
  if (before == link.flags) return;
  ++writes_;
  notice();
}

int FakeFreebsd::add_address(Link& link, const ListedAddress& address) {
  ++writes_;
  notice();
  const bool again =
      std::erase_if(link.addresses, [&](const auto& item) { return item.local.address == address.local.address; }) > 0;
  if (again && address.local.address.is_v4()) drop_routes(link.index, true);
  link.addresses.push_back(address);
  link.flags |= abi::kIffUp;
  const bool peer_route = address.local.address.is_v4() && (link.flags & abi::kIffPointToPoint) != 0;
  const net::Prefix made = peer_route ? net::Prefix{*address.far, 32} : address.local.network();
  const model::Route route{made, {}, net::table_of_fib(link.fib), model::ViaGateway{}};  // net.add_addr_allfibs is 0
  const std::pair place(made, route.table);
  if (!routes_.contains(place)) routes_.emplace(place, KernelRoute{{route, link.index, false}, abi::kRtfUp});
  reconsider_running();
  return 0;
}

int FakeFreebsd::delete_address(Link& link, View sockaddr) {
  const auto local = decode_sockaddr(sockaddr);
  const auto found = std::ranges::find_if(link.addresses, [&](const auto& item) { return local == item.local.address; });
  if (found == link.addresses.end()) return EADDRNOTAVAIL;
  const net::Prefix made = found->far && local->is_v4() ? net::Prefix{*found->far, 32} : found->local.network();
  link.addresses.erase(found);
  std::erase_if(routes_, [&](const auto& item) {  // in the FIB of when it was added
    return item.first.first == made && item.second.route.index == link.index && !item.second.route.ours;
  });
  if (local->is_v4()) drop_routes(link.index, true);
  ++writes_;
  notice();
  reconsider_running();
  return 0;
}

// Silently.
void FakeFreebsd::drop_routes(net::IfIndex index, bool v4_only) {
  std::erase_if(routes_, [&](const auto& item) {
    return item.second.route.index == index && (item.second.flags & abi::kRtfBlackhole) == 0 &&
           (!v4_only || (item.first.first.address.is_v4() && (item.second.flags & abi::kRtfStatic) != 0));
  });
}

// --- pf -------------------------------------------------------------------------------------------------------------------

void FakeFreebsd::unload_enc() {
  std::erase_if(sysctls_, [](const auto& item) { return item.first.starts_with("net.enc."); });
  links_.erase("enc0");
}

namespace {

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) text.replace(at, what.size(), by);
  return text;
}

// Not as it was given, as print_rule() of pfctl_parser.c has it: enough for a comparison of texts to fail.
std::string as_printed(std::string line) {
  if (line == "anchor \"vtid\"" || line == "pass") line += " all";
  line = replaced(line, "from any to any", "all");
  line = replaced(line, "block in", "block drop in");
  line = replaced(line, "icmp6-type 128", "icmp6-type echoreq");
  return replaced(line, " (floating)", "");
}

std::string labels_of(const std::string& rules) {
  std::string text;
  constexpr std::string_view kLabel = "label \"";
  for (std::size_t at = 0; (at = rules.find(kLabel, at)) != std::string::npos;) {
    at += kLabel.size();
    text += rules.substr(at, rules.find('"', at) - at) + " 7 3 252 3 252 0 0 1\n";
  }
  return text;
}

}  // namespace

Ran FakeFreebsd::pfctl(const std::vector<std::string>& arguments, std::string_view input) {
  if (!has_pf_) return {1, "", "pfctl: /dev/pf: No such file or directory\n"};
  const auto after = [&](std::string_view option) {
    const auto found = std::ranges::find(arguments, option);
    return found == arguments.end() ? std::string() : *(found + 1);
  };
  if (after("-f") == "-") return load_anchor(after("-a"), input);
  return show(after("-a"), after("-s"));
}

Ran FakeFreebsd::load_anchor(const std::string& name, std::string_view input) {
  if (!complaint_.empty() && !input.empty() && input.find("\"default\"\nblock") == std::string_view::npos && name == "vtid") {
    return {1, "", "No ALTQ support in kernel\n" + complaint_ + "\npfctl: Syntax error in config file: pf rules not loaded\n"};
  }
  if (input.find(std::string(kLongestLabel + 1, 'x')) != std::string_view::npos) {
    return {1, "", "stdin:1: rule label too long (max 63 chars)\n"};
  }
  if (name == "vtid") on_filter_step();
  Anchor anchor;
  for (std::string_view rest = input; !rest.empty();) {
    const std::string line(rest.substr(0, rest.find('\n')));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const bool translates =
        line.starts_with("nat") || line.starts_with("no nat") || line.starts_with("rdr") || line.starts_with("binat");
    (translates ? anchor.nat : anchor.rules) += as_printed(line) + '\n';
  }
  if (name == "vtid") loaded_text_ = input;
  if (input.empty()) anchors_.erase(name);
  if (!input.empty()) anchors_[name] = anchor;
  ++writes_;
  return {};
}

Ran FakeFreebsd::show(const std::string& name, std::string_view what) {
  if (what == "info")
    return {0, std::string("Status: ") + (pf_enabled_ ? "Enabled" : "Disabled") + " for 0 days 00:00:08\n", ""};
  const auto found = anchors_.find(name);
  if (found == anchors_.end()) return {1, "", "pfctl: Anchor does not exist.\n"};
  if (what == "labels") return {0, labels_of(found->second.rules), ""};
  return {0, what == "nat" ? found->second.nat : found->second.rules, ""};
}

// --- lists ----------------------------------------------------------------------------------------------------------------

namespace {

void finish(Bytes& message) {
  const auto length = static_cast<std::uint16_t>(message.size());
  std::memcpy(message.data(), &length, sizeof length);
}

void put(Bytes& message, const Bytes& sockaddr) {
  append(message, View(sockaddr));
  pad8(message);
}

Bytes link_name(const std::string& name, net::IfIndex index) {
  Bytes bytes = encode_link_sockaddr(index);
  bytes[5] = static_cast<std::uint8_t>(name.size());
  std::ranges::copy(name, bytes.begin() + 8);
  return bytes;
}

abi::ListHeader list_header(abi::RouteType type, std::uint32_t addresses, std::uint32_t flags, net::IfIndex index) {
  abi::ListHeader header;
  header.head = {0, abi::kRouteVersion, type};
  header.addresses = addresses;
  header.flags = flags;
  header.index = static_cast<std::uint16_t>(index.value);
  header.length = sizeof(abi::ListHeader) + sizeof(abi::InterfaceFacts);
  header.facts_offset = sizeof(abi::ListHeader);
  return header;
}

}  // namespace

Bytes FakeFreebsd::list_links() const {
  Bytes all;
  for (const auto& [name, link] : links_) {
    Bytes message;
    append(message, list_header(abi::kRtmIfInfo, 1U << abi::kInterface, link.flags, link.index));
    abi::InterfaceFacts facts;
    facts.type = link.type;
    facts.mtu = link.mtu;
    append(message, facts);
    put(message, link_name(name, link.index));
    finish(message);
    append(all, View(message));
    for (const ListedAddress& address : link.addresses) {
      Bytes item;
      const std::uint32_t slots = 1U << abi::kNetmask | 1U << abi::kLocal | (address.far ? 1U << abi::kBroadcast : 0U);
      append(item, list_header(abi::kRtmNewAddr, slots, 0, link.index));
      append(item, abi::InterfaceFacts{});
      put(item, encode_sockaddr(mask_of(address.local.family(), address.local.length)));
      put(item, encode_sockaddr(address.local.address, link.index));
      if (address.far) put(item, encode_sockaddr(*address.far, link.index));
      finish(item);
      append(all, View(item));
    }
  }
  return all;
}

Bytes FakeFreebsd::list_routes(std::uint32_t fib) const {
  Bytes all;
  for (const auto& [place, item] : routes_) {
    if (place.second != net::table_of_fib(fib)) continue;
    Bytes message = encode_route(abi::kRtmGet, item.route.route, item.route.index, {}, 0);
    std::memcpy(message.data() + offsetof(abi::RouteHeader, flags), &item.flags, sizeof item.flags);
    const auto index = static_cast<std::uint16_t>(item.route.index.value);
    std::memcpy(message.data() + offsetof(abi::RouteHeader, index), &index, sizeof index);
    append(all, View(message));
  }
  return all;
}

// --- routes ---------------------------------------------------------------------------------------------------------------

std::optional<net::IfIndex> FakeFreebsd::index_for(const ListedRoute& route, View gateway) const {
  const auto* via = std::get_if<model::ViaGateway>(&route.route.target);
  if (via == nullptr) return net::IfIndex{1};
  if (!via->gateway) return net::IfIndex{read_at<abi::SockaddrDl>(gateway)->index};
  if (const auto found = elsewhere_.find(*via->gateway); found != elsewhere_.end()) return links_.at(found->second).index;
  if (via->gateway->is_link_local()) return net::IfIndex{read_at<abi::SockaddrIn6>(gateway)->scope};
  for (const auto& [name, link] : links_) {
    if (net::table_of_fib(link.fib) != route.route.table) continue;  // their addresses' routes stand there
    for (const ListedAddress& address : link.addresses) {
      const bool peer = address.far == via->gateway && (link.flags & abi::kIffPointToPoint) != 0;
      const bool network = !(address.local.address.is_v4() && (link.flags & abi::kIffPointToPoint) != 0) &&
                           address.local.contains(*via->gateway);
      if (peer || network) return link.index;
    }
  }
  return std::nullopt;
}

// Of ROUTE_MPATH (sys/net/route/route_ctl.c). Before, a network has one route, and RTM_DELETE takes it whatever gateway it
// names.
constexpr std::int64_t kFirstWithMultipath = 1'300'000;

int FakeFreebsd::change_route(View message, std::uint32_t fib) {
  auto header = *read_at<abi::RouteHeader>(message);
  const auto addresses = Sockaddrs::read(message, sizeof header, header.addresses);
  Bytes copy(message.begin(), message.end());
  copy[3] = abi::kRtmGet;  // so that it reads as a listed one
  auto route = decode_route(copy);
  if (!addresses || !route || header.head.length != message.size()) return EINVAL;
  ++writes_;
  route->route.table = net::table_of_fib(fib);
  const std::pair place(route->route.to, route->route.table);
  const auto [first, last] = routes_.equal_range(place);
  const bool several = sysctls_.at("kern.osreldate") >= kFirstWithMultipath;
  const auto index = index_for(*route, addresses->at(abi::kGateway));
  const auto same_hop = [&](const auto& item) {
    const auto* one = std::get_if<model::ViaGateway>(&item.second.route.route.target);
    const auto* other = std::get_if<model::ViaGateway>(&route->route.target);
    if (one == nullptr || other == nullptr) return one == other;
    return one->gateway == other->gateway && (one->gateway.has_value() || item.second.route.index == index);
  };
  const auto same = std::find_if(first, last, same_hop);
  if (header.head.type == abi::kRtmDelete) {
    const auto old = several ? same : first;
    if (old == last) return ESRCH;
    const bool ours = old->second.route.ours;
    routes_.erase(old);
    notice(ours || route_notice_concerns_us(message));
    return 0;
  }
  const bool change = header.head.type == abi::kRtmChange;
  if (!change && first != last && (!several || same != last)) return EEXIST;
  const auto old = !change || (first != last && std::next(first) == last) ? first : same;
  if (change && old == last) return ESRCH;
  if (!index) return ENETUNREACH;
  route->index = *index;
  const bool had_gateway = change && (old->second.flags & abi::kRtfGateway) != 0;
  if (change && !had_gateway) route->index = old->second.route.index;  // it keeps its interface
  if (change) routes_.erase(old);
  routes_.emplace(place, KernelRoute{*route, header.flags});
  notice(route_notice_concerns_us(message));
  return 0;
}

// --- SAs ------------------------------------------------------------------------------------------------------------------

namespace {

// An SA as it is listed: the kernel adds when it was made.
Bytes with_birth(View request, WallTime made) {
  Bytes message(request.begin(), request.end());
  abi::KeyLifetime life;
  life.head = {sizeof life / 8, abi::kPartLifetimeCurrent};
  life.seconds = static_cast<std::uint64_t>(made.time_since_epoch().count());
  append(message, life);
  const auto units = static_cast<std::uint16_t>(message.size() / 8);
  std::memcpy(message.data() + offsetof(abi::KeyHeader, length), &units, sizeof units);
  return message;
}

}  // namespace

void FakeFreebsd::dump_sas(Socket& socket, const abi::KeyHeader& asked) {
  if (sas_.empty()) {
    abi::KeyHeader header = asked;
    header.error = ENOENT;
    socket.messages.emplace_back();
    append(socket.messages.back(), header);
    return;
  }
  for (std::size_t i = sas_.size(); i-- > 0;) {
    Bytes message = sas_[i];
    abi::KeyHeader header = *read_at<abi::KeyHeader>(message);
    header.type = abi::kSadbDump;
    header.sequence = static_cast<std::uint32_t>(i);
    header.pid = asked.pid;
    std::memcpy(message.data(), &header, sizeof header);
    socket.messages.push_back(std::move(message));
  }
  if (losing_ > 0 && socket.messages.size() > 1) {
    --losing_;
    socket.messages.pop_back();
  }
}

// Of FreeBSD 15: 12.1 took an SA of NULL without one (key_setsaval).
static bool has_cipher_key(const KeyMessage& message) {
  const auto key = read_at<abi::KeyBits>(message.parts[abi::kPartKeyEncrypt]);
  return key && key->bits != 0;
}

void FakeFreebsd::answer_key(Socket& socket, View request) {
  const auto message = read_key_message(request);
  abi::KeyHeader header = message->header;
  socket.messages.clear();
  if (crowded_) {
    abi::KeyHeader foreign;
    foreign.type = header.type;
    foreign.pid = header.pid + 1;
    foreign.length = 2;
    socket.messages.emplace_back();
    append(socket.messages.back(), foreign);
    crowded_ = false;
  }
  if (header.type == abi::kSadbDump) {
    dump_sas(socket, header);
    return;
  }
  ++writes_;
  const auto same = [&](const Bytes& item) {
    const auto mine = read_at<abi::KeySa>(message->parts[abi::kPartSa]);
    return read_at<abi::KeySa>(read_key_message(item)->parts[abi::kPartSa])->spi == mine->spi;
  };
  const auto found = std::ranges::find_if(sas_, same);
  if (header.type == abi::kSadbAdd) header.error = has_cipher_key(*message) ? (found == sas_.end() ? 0 : EEXIST) : EINVAL;
  if (header.type == abi::kSadbDelete) header.error = found == sas_.end() ? ESRCH : 0;
  if (header.error == 0 && header.type == abi::kSadbAdd) sas_.push_back(with_birth(request, made_));
  if (header.error == 0 && header.type == abi::kSadbDelete) sas_.erase(found);
  Bytes answer(request.begin(), request.end());
  std::memcpy(answer.data(), &header, sizeof header);
  if (key_notice_concerns_us(answer)) notice();
  socket.messages.push_back(std::move(answer));
}

}  // namespace vtid::platform::freebsd
