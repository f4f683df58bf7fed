// OPNsense and VyOS make a swanctl.conf of their files. What this test makes of random tunnels by their rules, written here
// apart from the importers, has to become the same tunnels as the file itself. Inner addresses and device numbers, which are no
// part of swanctl.conf, stand in it as narrow selectors and if_ids.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>

#include "config/parse.h"
#include "config/print.h"
#include "base/base64.h"
#include "foreign/import.h"

namespace vtid::foreign {
namespace {

using OracleJson = nlohmann::ordered_json;

// A tunnel as both kinds of files can say it.
struct Site {
  int number = 0;  // of its device
  bool routed = true, one = false, mobile = false, forced = false, enabled = true;
  std::string cipher, hash, group, esp_cipher, esp_hash, id, peers_id, key, start;
  int lifetime = 0, esp_lifetime = 0, delay = 0;

  [[nodiscard]] std::string peer() const { return fmt::format("198.51.100.{}", number); }
  [[nodiscard]] std::string inner(int host) const { return fmt::format("10.6.{}.{}", number, host); }
  [[nodiscard]] bool aead() const { return cipher.contains("gcm"); }
  [[nodiscard]] bool esp_aead() const { return esp_cipher.contains("gcm"); }
};

class Dice {
 public:
  explicit Dice(unsigned seed) : random_(seed) {}
  int below(int end) { return static_cast<int>(random_() % static_cast<unsigned>(end)); }
  bool one_in(int n) { return below(n) == 0; }
  std::string of(const std::vector<std::string>& words) {
    return words[static_cast<std::size_t>(below(static_cast<int>(words.size())))];
  }

 private:
  std::mt19937 random_;
};

Site random_site(Dice& dice, int number) {
  Site site;
  site.number = number;
  site.routed = !dice.one_in(3);
  site.one = dice.one_in(4);
  site.mobile = dice.one_in(2);
  site.forced = dice.one_in(2);
  site.enabled = !dice.one_in(5);
  site.cipher = site.one ? "aes256" : dice.of({"aes128", "aes256", "aes256gcm128"});
  site.hash = dice.of({"sha1", "sha256", "sha512"});
  site.group = dice.of({"14", "19", "20"});
  site.esp_cipher = dice.of({"aes256", "aes128gcm128", "aes256gcm128"});
  site.esp_hash = dice.of({"sha256", "sha384"});
  site.id = dice.of({"192.0.2.1", "me.example.org", "me@example.org"});
  site.peers_id = dice.of({fmt::format("peer{}.example.org", number), site.peer()});
  site.key = fmt::format("0x-looking key {}", number);
  site.start = dice.of({"start", "trap", "none"});
  site.lifetime = 3'600 + dice.below(20'000);
  site.esp_lifetime = 1'100 + dice.below(5'000) * 11;  // a tenth more is whole
  site.delay = dice.one_in(3) ? 0 : 5 + dice.below(30);
  return site;
}

std::string word_of_group(const std::string& number) {
  return number == "14" ? "modp2048" : number == "19" ? "ecp256" : "ecp384";
}

std::string ike_words(const Site& site) {
  return fmt::format("{}-{}{}-{}", site.cipher, site.aead() ? "prf" : "", site.hash, word_of_group(site.group));
}
std::string esp_words(const Site& site) {
  return fmt::format("{}{}-{}", site.esp_cipher, site.esp_aead() ? "" : "-" + site.esp_hash, word_of_group(site.group));
}

// What both systems write of it, but for how they say when a child is renewed.
std::string as_swanctl_connection(const Site& site, const std::string& name, const std::string& child,
                                  const std::string& child_time) {
  const std::string ends =
      site.routed ? fmt::format("local_ts = {}/30,0.0.0.0/0\nremote_ts = {},0.0.0.0/0\nif_id_in = {}\nif_id_out = {}\n",
                                site.inner(1), site.inner(2), site.number, site.number)
                  : fmt::format("local_ts = 10.1.0.0/24\nremote_ts = 10.{}.0.0/24\n", 100 + site.number);
  return fmt::format(
      "{} {{\nversion = {}\nlocal_addrs = 192.0.2.1\nremote_addrs = {}\nproposals = {}\nrekey_time = {}s\n{}mobike = {}\nencap "
      "= {}\n"
      "local {{\nauth = psk\nid = {}\n}}\nremote {{\nauth = psk\nid = {}\n}}\nchildren {{\n{} {{\nmode = tunnel\nesp_proposals "
      "= {}\n{}\n"
      "start_action = {}\n{}}}\n}}\n}}\n",
      name, site.one ? 1 : 2, site.peer(), ike_words(site), site.lifetime,
      site.delay == 0 ? "" : fmt::format("dpd_delay = {}\n", site.delay), site.mobile ? "yes" : "no",
      site.forced ? "yes" : "no", site.id, site.peers_id, child, esp_words(site), child_time, site.start, ends);
}

std::string as_swanctl_secret(const Site& site) {
  return fmt::format("ike-{} {{\nid-0 = {}\nid-1 = {}\nsecret = 0s{}\n}}\n", site.number, site.id, site.peers_id,
                     encode_base64(site.key));
}

std::string opnsense_of(const std::vector<Site>& sites) {
  std::string connections, locals, remotes, children, devices, keys;
  for (const Site& site : sites) {
    const auto uuid = [&](int kind) { return fmt::format("{}0000000-0000-4000-8000-{:012}", kind, site.number); };
    connections += fmt::format(
        "<Connection "
        "uuid=\"{}\"><enabled>{}</enabled><proposals>{}</proposals><unique>no</unique><aggressive>0</aggressive><version>{}"
        "</version><mobike>{:d}</mobike><local_addrs>192.0.2.1</local_addrs><remote_addrs>{}</remote_addrs><encap>{:d}</encap>"
        "<rekey_time>{}</rekey_time><dpd_delay>{}</dpd_delay><description>t{}</description></Connection>",
        uuid(1), site.enabled ? 1 : 0, ike_words(site), site.one ? 1 : 2, site.mobile, site.peer(), site.forced, site.lifetime,
        site.delay == 0 ? "" : std::to_string(site.delay), site.number);
    for (const auto& [into, kind, id] : {std::tuple{&locals, "local", site.id}, std::tuple{&remotes, "remote", site.peers_id}})
      *into += fmt::format(
          "<{0} "
          "uuid=\"{1}\"><enabled>1</enabled><connection>{2}</connection><round>0</round><auth>psk</auth><id>{3}</id></{0}>",
          kind, uuid(kind[0] == 'l' ? 2 : 3), uuid(1), id);
    children += fmt::format(
        "<child uuid=\"{}\"><enabled>1</enabled><connection>{}</connection><reqid>{}</reqid><esp_proposals>{}</esp_proposals>"
        "<start_action>{}</start_action><mode>tunnel</mode><policies>{}</policies><local_ts>{}</local_ts><remote_ts>{}</"
        "remote_ts>"
        "<rekey_time>{}</rekey_time><description>c{}</description></child>",
        uuid(4), uuid(1), site.routed ? std::to_string(site.number) : "", esp_words(site), site.start, site.routed ? 0 : 1,
        site.routed ? "0.0.0.0/0" : "10.1.0.0/24", site.routed ? "0.0.0.0/0" : fmt::format("10.{}.0.0/24", 100 + site.number),
        site.esp_lifetime, site.number);
    if (site.routed)
      devices += fmt::format(
          "<VTI "
          "uuid=\"{}\"><enabled>1</enabled><reqid>{}</reqid><tunnel_local>{}</tunnel_local><tunnel_remote>{}</tunnel_remote></"
          "VTI>",
          uuid(5), site.number, site.inner(1), site.inner(2));
    keys += fmt::format(
        "<preSharedKey "
        "uuid=\"{}\"><ident>{}</ident><remote_ident>{}</remote_ident><keyType>PSK</keyType><Key>{}</Key></preSharedKey>",
        uuid(6), site.id, site.peers_id, site.key);
  }
  return fmt::format(
      "<opnsense><OPNsense><IPsec><general><enabled>1</enabled></general><preSharedKeys>{}</preSharedKeys></"
      "IPsec><Swanctl><Connections>"
      "{}</Connections><locals>{}</locals><remotes>{}</remotes><children>{}</children><VTIs>{}</VTIs></Swanctl></OPNsense></"
      "opnsense>",
      keys, connections, locals, remotes, children, devices);
}

// Its numbers begin at 0, and its if_ids at 1.
std::string vyos_of(const std::vector<Site>& sites) {
  std::string text;
  const auto add = [&]<class... Words>(fmt::format_string<Words...> format, Words&&... words) {
    text += "set " + fmt::format(format, std::forward<Words>(words)...) + '\n';
  };
  for (const Site& site : sites) {
    const std::string name = fmt::format("t{}", site.number), ike = "vpn ipsec ike-group " + name,
                      esp = "vpn ipsec esp-group " + name, peer = "vpn ipsec site-to-site peer " + name;
    add("{} key-exchange 'ikev{}'", ike, site.one ? 1 : 2);
    add("{} lifetime '{}'", ike, site.lifetime);
    if (!site.mobile) add("{} disable-mobike", ike);
    if (site.delay != 0) add("{} dead-peer-detection interval '{}'", ike, site.delay);
    add("{} proposal 1 encryption '{}'", ike, site.cipher);
    add("{} proposal 1 hash '{}'", ike, site.hash);
    add("{} proposal 1 dh-group '{}'", ike, site.group);
    add("{} lifetime '{}'", esp, site.esp_lifetime);
    add("{} pfs 'enable'", esp);
    add("{} proposal 1 encryption '{}'", esp, site.esp_cipher);
    add("{} proposal 1 hash '{}'", esp, site.esp_hash);
    add("vpn ipsec authentication psk {} id '{}'", name, site.id);
    add("vpn ipsec authentication psk {} id '{}'", name, site.peers_id);
    add("vpn ipsec authentication psk {} secret '{}'", name, site.key);
    add("{} authentication mode 'pre-shared-secret'", peer);
    add("{} authentication local-id '{}'", peer, site.id);
    add("{} authentication remote-id '{}'", peer, site.peers_id);
    add("{} connection-type '{}'", peer, site.start == "start" ? "initiate" : site.start == "trap" ? "respond" : "none");
    add("{} ike-group '{}'", peer, name);
    add("{} local-address '192.0.2.1'", peer);
    add("{} remote-address '{}'", peer, site.peer());
    if (!site.enabled) add("{} disable", peer);
    if (site.forced) add("{} force-udp-encapsulation", peer);
    if (site.routed) {
      add("{} vti bind 'vti{}'", peer, site.number - 1);
      add("{} vti esp-group '{}'", peer, name);
      add("interfaces vti vti{} address '{}/30'", site.number - 1, site.inner(1));
    } else {
      add("{} tunnel 1 esp-group '{}'", peer, name);
      add("{} tunnel 1 local prefix '10.1.0.0/24'", peer);
      add("{} tunnel 1 remote prefix '10.{}.0.0/24'", peer, 100 + site.number);
    }
  }
  return text;
}

// By name, whole but for what only one of the two files can say.
OracleJson tunnels_of(const Imported& imported, const std::vector<Site>& sites, bool apply_enabled) {
  const auto read = [&](std::string_view name) -> Result<std::string> {
    const auto kept = std::ranges::find(imported.files, name, &KeptFile::name);
    return kept == imported.files.end() ? fail("there is none") : Result<std::string>(kept->bytes);
  };
  const auto parsed = config::parse(imported.text, "vtid.json", read);
  if (!parsed.config) return imported.text;
  OracleJson result = OracleJson::parse(config::print_canonical(*parsed.config))["tunnels"];
  for (auto& [name, tunnel] : result.items()) {
    tunnel.erase("description");
    tunnel["ike"]["auth"] = read(tunnel["ike"]["auth"]["psk"]["file"].get<std::string>()).value_or("");
    for (auto& child : tunnel["children"]) child.erase("description");
    const auto site = std::ranges::find_if(sites, [&](const Site& one) { return name == fmt::format("t{}", one.number); });
    if (apply_enabled && site != sites.end() && !site->enabled)
      tunnel["enabled"] = false;  // swanctl.conf leaves it out instead
  }
  return result;
}

const Beside kEmptyFolder{[](std::string_view) -> Result<std::string> { return fail("there is none"); },
                          [](std::string_view) { return std::vector<std::string>{}; }};

std::vector<Site> random_sites(unsigned seed) {
  Dice dice(seed);
  std::vector<Site> sites;
  for (int n = 1 + dice.below(4); n > 0; --n) sites.push_back(random_site(dice, n));
  return sites;
}

void expect_same(const std::string& text, const std::string& conf, const std::vector<Site>& sites, unsigned seed) {
  const auto theirs = import_from(recognise(text).value(), text, "theirs", {"secrets"}, kEmptyFolder);
  const auto made = import_swanctl(conf, "swanctl.conf", {"secrets"}, kEmptyFolder);
  ASSERT_TRUE(theirs.has_value()) << theirs.error().text;
  ASSERT_TRUE(made.has_value()) << made.error().text;
  const OracleJson ours = tunnels_of(*theirs, sites, false);
  ASSERT_EQ(ours.size(), sites.size()) << text;
  ASSERT_EQ(ours, tunnels_of(*made, sites, true)) << "seed " << seed << '\n' << text << '\n' << conf;
}

TEST(Oracle, OpnsenseConnectionsAndWhatItMakesOfThemBecomeTheSame) {
  for (unsigned seed = 1; seed <= 400; ++seed) {
    const auto sites = random_sites(seed);
    std::string connections, secrets;
    for (const Site& site : sites) {
      connections += as_swanctl_connection(site, fmt::format("t{}", site.number), fmt::format("c{}", site.number),
                                           fmt::format("rekey_time = {}s", site.esp_lifetime));
      secrets += as_swanctl_secret(site);
    }
    expect_same(opnsense_of(sites), fmt::format("connections {{\n{}}}\nsecrets {{\n{}}}\n", connections, secrets), sites, seed);
  }
}

TEST(Oracle, VyosPeersAndWhatItMakesOfThemBecomeTheSame) {
  for (unsigned seed = 1; seed <= 400; ++seed) {
    const auto sites = random_sites(seed);
    std::string connections, secrets;
    for (const Site& site : sites) {
      connections += as_swanctl_connection(site, fmt::format("t{}", site.number), site.routed ? "vti" : "tunnel-1",
                                           fmt::format("life_time = {}s", site.esp_lifetime));
      secrets += as_swanctl_secret(site);
    }
    expect_same(vyos_of(sites), fmt::format("connections {{\n{}}}\nsecrets {{\n{}}}\n", connections, secrets), sites, seed);
  }
}

}  // namespace
}  // namespace vtid::foreign
