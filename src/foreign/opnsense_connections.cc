#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/base64.h"
#include "foreign/opnsense.h"
#include "foreign/raw_keys.h"
#include "foreign/swanctl.h"
#include "foreign/swanctl_selectors.h"
#include "foreign/swanctl_words.h"

namespace vtid::foreign {
namespace {

constexpr std::array<std::string_view, 6> kBooleans{"aggressive", "encap", "mobike", "policies", "send_certreq", "sha256_96"};

// Values that say what charon does anyhow.
using SilentSetting = std::pair<std::string_view, std::string_view>;
constexpr std::array kSilentSettings{SilentSetting{"unique", "no"}, SilentSetting{"round", "0"}};

bool is_switched_off(const Element& element) { return element.has("enabled") && element.value("enabled") != "1"; }

std::string encoded_secret(const std::string& bytes) { return "0s" + encode_base64(bytes); }

// What the file holds of certificates and keys, as files that lie beside a swanctl.conf.
class Kept {
 public:
  explicit Kept(const Element& root) : root_(root) {}

  [[nodiscard]] Beside beside() const {
    return {[this](std::string_view path) { return read(path); }, [this](std::string_view folder) { return list(folder); }};
  }

 private:
  struct Folder {
    std::string_view name, element, part, ending;
  };
  static constexpr std::array kFolders{Folder{"x509", "cert", "crt", ".crt"}, Folder{"private", "cert", "prv", ".key"},
                                       Folder{"x509ca", "ca", "crt", ".crt"}, Folder{"x509crl", "crl", "text", ".crl"}};

  // Key pairs by their uuids; others by what the references name.
  [[nodiscard]] Result<std::string> read(std::string_view path) const {
    for (const Element* pair : pairs()) {
      if (path == "pubkey/" + pair->uuid + ".pub") return pem_of_line(pair->value("publicKey"));
      if (path == "private/" + pair->uuid + ".prv") return pem_of_line(pair->value("privateKey"));
    }
    for (const Folder& folder : kFolders) {
      if (!path.starts_with(folder.name) || path.substr(folder.name.size(), 1) != "/") continue;
      const std::string_view file = path.substr(folder.name.size() + 1);
      for (const Element* one : root_.all(folder.element)) {
        if (file == one->value("refid") + std::string(folder.ending) && !one->value(folder.part).empty())
          return decode_base64(one->value(folder.part)).value_or("");
      }
    }
    return fail(fmt::format("{} is not in the file", path));
  }

  [[nodiscard]] std::vector<std::string> list(std::string_view name) const {
    std::vector<std::string> files;
    const auto folder = std::ranges::find(kFolders, name, &Folder::name);
    if (folder == kFolders.end()) return files;
    for (const Element* one : root_.all(folder->element)) {
      if (!one->value(folder->part).empty()) files.push_back(one->value("refid") + std::string(folder->ending));
    }
    for (const Element* pair : pairs()) {
      if (name == "private" && !pair->value("privateKey").empty()) files.push_back(pair->uuid + ".prv");
    }
    return files;
  }

  [[nodiscard]] std::vector<const Element*> pairs() const {
    return root_.at("OPNsense").at("IPsec").at("keyPairs").all("keyPair");
  }

  const Element& root_;
};

class OpnsenseConnections {
 public:
  OpnsenseConnections(Work& work, const Wish& wish)
      : work_(work), wish_{wish.secrets_folder}, model_(work.root.at("OPNsense").at("Swanctl")), kept_(work.root) {}

  void carry() {
    off_ = work_.root.at("ipsec").has("off");
    const auto connections = model_.at("Connections").all("Connection");
    if (connections.empty()) return;
    for (const char* part : {"locals", "remotes", "children", "VTIs"}) static_cast<void>(model_.at(part));
    root_.sections = {{"connections", "connections", 0, "", {}, {}, {}, true}, {"secrets", "secrets", 0, "", {}, {}, {}, true}};
    read_devices();
    for (const Element* connection : connections) add_connection(*connection);
    add_secrets();
    const Beside beside = kept_.beside();
    const SwanctlAuth auth(root_, wish_, beside, SwanctlAuth::Files::within);
    for (const CarriedChild& child : carry_connections(work_.draft, root_.sections[0], auth)) add_port(child);
    for (const Element* pair : work_.root.at("OPNsense").at("IPsec").at("keyPairs").all("keyPair"))
      pass_over(*pair, {"name", "keyType", "publicKey", "privateKey", "keySize", "keyFingerprint"});
    note_idle();
    foreign::note_unread(work_.draft, root_);
  }

 private:
  // An if_ipsec(4) device, which meets a child by the number of both.
  struct Device {
    const Element& element;
    std::string number;
    bool used = false;
  };

  void read_devices() {
    for (const Element* device : model_.at("VTIs").all("VTI")) {
      pass_over(*device, {"local", "remote", "description", "origin", "enabled"});  // a connection says its outer addresses
      for (const char* pair : {"tunnel_local", "tunnel_remote", "tunnel_local2", "tunnel_remote2"})
        static_cast<void>(device->value(pair));
      for (const char* mute : {"skip_fw"}) {
        if (device->value(mute) == "0") device->at(mute).mark();
      }
      devices_.push_back({*device, device->value("reqid")});
    }
  }

  // The settings that swanctl.conf has too; what it has not stays unread.
  static void take(Section& into, const Element& from) {
    for (const Element& child : from.children) {
      if (!is_swanctl_key(child.name) || !child.children.empty()) continue;
      child.mark();
      const bool plain = std::ranges::any_of(
          kSilentSettings, [&](const auto& pair) { return pair.first == child.name && pair.second == child.text; });
      if (child.text.empty() || plain) continue;
      const bool boolean = std::ranges::find(kBooleans, child.name) != kBooleans.end();
      put(into, child.name, !boolean ? child.text : child.text == "1" ? "yes" : "no", place_of(child));
    }
  }

  static std::string name_of(const Element& element, std::string_view otherwise) {
    return element.value("description").empty() ? std::string(otherwise) : element.value("description");
  }

  void add_connection(const Element& element) {
    Section connection{name_of(element, "connection"), element.path, element.line, "", {}, {}, {}, false};
    connection.description = element.value("description");
    connection.off = off_ || is_switched_off(element);
    take(connection, element);
    for (const auto& [list, kind] : {std::pair{"locals", "local"}, std::pair{"remotes", "remote"}}) {
      for (const Element* end : model_.at(list).all(kind)) {
        if (end->value("connection") == element.uuid) add_end(connection, *end, kind);
      }
    }
    Section children{"children", element.path, element.line, "", {}, {}, {}, false};
    for (const Element* child : model_.at("children").all("child")) {
      if (child->value("connection") == element.uuid) add_child(children, *child);
    }
    connection.sections.push_back(std::move(children));
    root_.sections[0].sections.push_back(std::move(connection));
  }

  void add_end(Section& connection, const Element& element, const std::string& kind) {
    pass_over(element, {"description"});
    if (is_switched_off(element)) {
      work_.draft.note(place_of(element), "is left out, as it is disabled");
      return told(element);
    }
    Section end{kind + '-' + element.uuid, element.path, element.line, "", {}, {}, {}, false};
    take(end, element);
    if (!element.value("auth").contains("eap"))
      std::erase_if(end.settings, [](const Setting& one) { return one.key == "eap_id"; });
    for (Setting& setting : end.settings) {
      const bool raw = setting.key == "pubkeys";
      if (!raw && setting.key != "certs" && setting.key != "cacerts") continue;
      std::string files;
      for (const std::string& one : words_of(setting.value, ","))
        files += (files.empty() ? "" : ", ") + one + (raw ? ".pub" : ".crt");
      setting.value = std::move(files);
    }
    connection.sections.push_back(std::move(end));
  }

  void add_child(Section& children, const Element& element) {
    Section child{name_of(element, "child"), element.path, element.line, "", {}, {}, {}, false};
    child.description = element.value("description");
    child.off = is_switched_off(element);
    take(child, element);
    const std::string& number = element.value("reqid");
    std::erase_if(child.settings, [](const Setting& one) { return one.key == "reqid" || one.key == "policies"; });
    if (element.value("policies") == "0") {
      bind(child, element, number);
    }
    children.sections.push_back(std::move(child));
  }

  // A child without policies of its own carries what its device sends.
  void bind(Section& child, const Element& element, const std::string& number) {
    if (number_of(number).value_or(0) == 0) {
      work_.draft.note(place_of(element), "is disabled: it has no policies, and no number that binds it to a device",
                       "write it as a child in mode \"tunnel\" or \"vti\"");
      child.off = true;
      return;
    }
    for (const char* key : {"if_id_in", "if_id_out"}) put(child, key, number, place_of(element.at("reqid")));
    for (Device& device : devices_) {
      if (device.number != number) continue;
      device.used = true;
      if (is_switched_off(device.element)) {
        work_.draft.note(place_of(device.element), "is disabled, so its child comes out disabled");
        child.off = true;
      }
      add_inner(child, device.element);
    }
  }

  static void add_inner(Section& child, const Element& device) {
    std::string own, peers;
    for (const std::string end : {"", "2"}) {
      const auto local = net::parse_address(device.value("tunnel_local" + end));
      const auto remote = net::parse_address(device.value("tunnel_remote" + end));
      if (!local || !remote || local->family() != remote->family()) continue;
      const net::Prefix prefix{*local, static_cast<std::uint8_t>(smallest_network(*local, *remote))};
      own += (own.empty() ? "" : ", ") + narrow_selector(prefix);
      peers += (peers.empty() ? "" : ", ") + net::print(*remote);
    }
    if (own.empty()) return;
    for (const auto& [key, inner] : {std::pair{"local_ts", own}, std::pair{"remote_ts", peers}}) {
      const auto known = std::ranges::find(child.settings, key, &Setting::key);
      if (known == child.settings.end())
        put(child, key, inner, place_of(device));
      else
        known->value = inner + ", " + known->value;
    }
  }

  void add_secrets() {
    const Element& keys = work_.root.at("OPNsense").at("IPsec").at("preSharedKeys");
    for (const Element* key : keys.all("preSharedKey")) {
      if (!key->value("keyType").empty() && key->value("keyType") != "PSK") {
        work_.draft.note(place_of(*key),
                         fmt::format("is not carried over: vtid has no keys of type \"{}\"", key->value("keyType")));
        pass_over(*key, {"ident", "remote_ident", "Key"});
        continue;
      }
      Section secret{fmt::format("ike-{}", root_.sections[1].sections.size()), key->path, key->line, "", {}, {}, {}, false};
      for (const auto& [ours, theirs] : {std::pair{"id-0", "ident"}, std::pair{"id-1", "remote_ident"}}) {
        if (!key->value(theirs).empty()) put(secret, ours, key->value(theirs), place_of(key->at(theirs)));
      }
      pass_over(*key, {"description"});
      if (!key->value("Key").empty()) put(secret, "secret", encoded_secret(key->value("Key")), place_of(key->at("Key")));
      root_.sections[1].sections.push_back(std::move(secret));
    }
  }

  void add_port(const CarriedChild& child) {
    if (!child.local) {
      work_.has_policies |= child.enabled;
      return;
    }
    VtiPort& port = work_.ports["ipsec" + child.section->value("if_id_out")];
    port.tunnel = child.tunnel;
    if (child.own_interface) port.child = child.child;
    if (child.enabled)
      port.local.emplace(child.local->family(), *child.local);
    else
      port.asleep.emplace(child.local->family(), "tunnels/" + child.tunnel);
  }

  void note_idle() {
    for (const Device& device : devices_) {
      if (!device.used)
        work_.draft.note(place_of(device.element),
                         fmt::format("ipsec{} is not carried over: no child without policies has its number", device.number));
    }
    for (const Section& secret : root_.sections[1].sections) {
      if (!secret.read) work_.draft.note(place_of(secret), "is not carried over: no tunnel here needs it");
      told(secret);
      for (const Setting& setting : secret.settings) setting.read = true;
    }
  }

  Work& work_;
  const Wish wish_;
  const Element& model_;
  const Kept kept_;
  Section root_;
  std::vector<Device> devices_;
  bool off_ = false;
};

}  // namespace

void carry_opnsense_connections(Work& work, const Wish& wish) { OpnsenseConnections(work, wish).carry(); }

void note_opnsense_rest(Work& work) {
  const Element& model = work.root.at("OPNsense");
  for (const char* list : {"Connections", "locals", "remotes", "children", "Pools", "VTIs", "SPDs"})
    static_cast<void>(model.at("Swanctl").at(list));  // each thing of it is named by itself
  for (const char* part : {"IPsec", "Swanctl", "Gateways"}) note_unread(work, model.at(part));
  note_unread(work, model.at("Firewall").at("Filter"));
}

}  // namespace vtid::foreign
