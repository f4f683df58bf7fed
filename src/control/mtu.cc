#include "control/mtu.h"

#include <fmt/format.h>

namespace vtid::control {
namespace {

constexpr int kTcpHeaders4 = 40, kTcpHeaders6 = 60;  // with IP's, without options

const model::ChildStatus* status_of(const model::Tunnel& tunnel, const model::Child& child, const Index& index) {
  const std::string own = tunnel.name + "/" + child.name;
  for (const std::string_view holder : {std::string_view(own), std::string_view(tunnel.name)}) {
    if (const auto* found = index.child_of(holder)) return found;
  }
  return nullptr;
}

Json step(std::string_view state, std::string text) { return {{"what", "probe"}, {"state", state}, {"text", std::move(text)}}; }

// An interface takes no MTU as small as this: what is left is another path, or fragments of the outer packets, and for TCP
// alone a small MSS.
std::string narrow(const model::MtuPath& path, int longest, std::string_view peer) {
  const bool v4 = path.destination.is_v4();
  std::string text = fmt::format("{}: the MTU is {}, and packets of {} bytes at most cross", peer, path.mtu, longest);
  text += v4 ? fmt::format(", less than the {} that an interface takes", model::kLowestMtu)
             : fmt::format(": IPv6, which needs {}, cannot work whole on this path", model::kLowestMtu);
  text +=
      ". Give the tunnel an outer path that carries longer packets, or have ICMP \"fragmentation needed\" and \"packet too "
      "big\" "
      "let through on it";
  const int mss = longest - (v4 ? kTcpHeaders4 : kTcpHeaders6);
  if (mss >= model::kLowestMss) text += fmt::format("; \"mss\": {} on the interface helps TCP, and TCP alone", mss);
  return text;
}

Json render(const model::MtuPath& path, const model::MtuFinding& finding) {
  const std::string peer = fmt::format("{} by {}", net::print(path.destination), path.device.text());
  if (!finding.trouble.empty()) return step("failed", fmt::format("{}: {}", peer, finding.trouble));
  if (!finding.longest) {
    return step("silent",
                fmt::format("{}: no echo of any size comes back; does the peer answer {}?", peer, net::print(path.source)));
  }
  if (*finding.longest == path.mtu) return step("confirmed", fmt::format("{}: packets of {} bytes cross", peer, path.mtu));
  if (*finding.longest < static_cast<int>(model::kLowestMtu)) return step("narrow", narrow(path, *finding.longest, peer));
  return step("too large",
              fmt::format("{}: the MTU is {}, and packets of {} bytes at most cross: set \"mtu\": {} on the interface, or let "
                          "ICMP \"fragmentation needed\" and \"packet too big\" through on the way",
                          peer, path.mtu, *finding.longest, *finding.longest));
}

}  // namespace

std::vector<model::MtuPath> mtu_paths(const model::Tunnel& tunnel, const Index& index) {
  std::vector<model::MtuPath> paths;
  for (const model::Child& child : tunnel.children) {
    if (child.mode != model::ChildMode::vti || !child.enabled) continue;
    const model::ChildStatus* status = status_of(tunnel, child, index);
    const model::ObservedLink* link = status == nullptr || !status->up ? nullptr : index.snapshot.observed.link(status->device);
    if (link != nullptr) paths.push_back({child.local.address, child.remote, link->name, static_cast<int>(link->mtu)});
  }
  return paths;
}

Json render_mtus(const std::vector<model::MtuPath>& paths, const std::vector<model::MtuFinding>& findings) {
  Json steps = Json::array();
  for (std::size_t i = 0; i < paths.size(); ++i) steps.push_back(render(paths[i], findings[i]));
  return steps;
}

}  // namespace vtid::control
