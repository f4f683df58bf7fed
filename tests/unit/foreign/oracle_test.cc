// pfSense makes a swanctl.conf of its config.xml. What this test makes of random tunnels by pfSense's rules, written here apart
// from the importers, has to become the same tunnels as the config.xml: the two importers check each other.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <regex>

#include "base/base64.h"
#include "config/parse.h"
#include "config/print.h"
#include "foreign/import.h"

namespace vtid::foreign {
namespace {

using Json = nlohmann::ordered_json;
using Words = std::vector<std::string>;

struct Cipher {
  std::string name, length;
};
struct Phase2 {
  bool v4 = true, by_network = true;
  int reqid = 0;
  std::vector<Cipher> ciphers;
  Words hashes;
  std::string group, lifetime, rekey;
};
struct Item {
  Cipher cipher;
  std::string hash, prf, group;
};
struct Phase1 {
  int id = 0;
  bool v1 = false, split = false, own_prf = false, mobike = false, forced = false, policy = false, certificate = false;
  std::string mine, mine_type, peers, peers_type, lifetime, rekey, reauth, key, delay, fails;
  std::vector<Item> items;
  std::vector<Phase2> phases;
};

class Chance {
 public:
  explicit Chance(unsigned seed) : random_(seed) {}
  int below(int end) { return static_cast<int>(random_() % static_cast<unsigned>(end)); }
  bool one_in(int n) { return below(n) == 0; }
  std::string of(const Words& words) { return words[static_cast<std::size_t>(below(static_cast<int>(words.size())))]; }

 private:
  std::mt19937 random_;
};

Cipher random_cipher(Chance& chance) {
  switch (chance.below(3)) {
    case 0: return {"aes", chance.of({"128", "192", "256"})};
    case 1: return {chance.of({"aes128gcm", "aes256gcm"}), chance.of({"64", "96", "128"})};
    default: return {"3des", ""};
  }
}

Phase2 random_phase2(Chance& chance, bool v4, int reqid) {
  Phase2 phase{
      v4, chance.one_in(2), reqid, {}, {}, chance.of({"0", "14", "20", "31"}), chance.of({"", "3600", "28800", "1801"}), ""};
  if (chance.one_in(4)) phase.rekey = "1500";
  for (int n = 1 + chance.below(3); n > 0; --n) phase.ciphers.push_back(random_cipher(chance));
  phase.hashes = chance.one_in(2) ? Words{"hmac_sha256"} : Words{"hmac_sha1", "hmac_sha512"};
  return phase;
}

Phase1 random_phase1(Chance& chance, int id) {
  Phase1 one;
  one.id = id;
  one.v1 = chance.one_in(3);
  one.split = chance.one_in(3);
  one.own_prf = chance.one_in(2);
  one.mobike = chance.one_in(2);
  one.forced = chance.one_in(2);
  one.mine_type = chance.of({"fqdn", "keyid tag", "user_fqdn", "myaddress"});
  one.mine = one.mine_type == "user_fqdn" ? "me@example.org" : one.mine_type == "myaddress" ? "" : "me.example.org";
  one.peers_type = chance.of({"fqdn", "keyid tag", "peeraddress"});
  one.peers = one.peers_type == "peeraddress" ? "" : fmt::format("peer{}.example.org", id);
  one.lifetime = chance.of({"28800", "3601", "86400"});
  if (chance.one_in(3)) one.rekey = "7200";
  if (chance.one_in(3)) one.reauth = "10800";
  one.key = fmt::format("the key of {}", id);
  one.delay = chance.of({"", "10", "7"});
  one.fails = chance.of({"", "5"});
  for (int n = 1 + chance.below(3); n > 0; --n)
    one.items.push_back({random_cipher(chance), chance.of({"sha1", "sha256", "sha512"}), chance.of({"sha256", "sha384"}),
                         chance.of({"2", "14", "19", "31"})});
  if (one.v1) one.items.front().cipher = {"aes", "256"};  // IKEv1 has no AEAD ciphers of its own
  one.phases.push_back(random_phase2(chance, true, 10 * id));
  if (chance.one_in(2)) one.phases.push_back(random_phase2(chance, false, 10 * id + 1));
  one.policy = chance.one_in(3);
  if (one.policy && !one.v1 && !one.split) one.phases.resize(1);  // pfSense makes one child of several
  one.certificate = chance.one_in(4);
  return one;
}

// ---- as config.xml

std::string cipher_xml(const Cipher& cipher) {
  return fmt::format("<name>{}</name><keylen>{}</keylen>", cipher.name, cipher.length);
}

std::string inner(const Phase2& phase, int host) {
  return phase.v4 ? fmt::format("10.6.{}.{}", phase.reqid, host) : fmt::format("fd00:{}::{}", phase.reqid, host);
}

// Networks of a phase 2 that is no VTI's.
std::string network(const Phase2& phase, int side) {
  return phase.v4 ? fmt::format("10.{}.{}.0", 100 + side, phase.reqid) : fmt::format("fd00:{}:{}::", side, phase.reqid);
}

std::string phase2_xml(const Phase1& one, const Phase2& phase) {
  if (one.policy)
    return fmt::format(
        "<phase2><ikeid>{}</ikeid><mode>{}</mode><reqid>{}</reqid><localid><type>network</type><address>{}</address><netbits>{}"
        "</netbits></localid><remoteid><type>network</type><address>{}</address><netbits>{}</netbits></remoteid>"
        "<protocol>esp</protocol>",
        one.id, phase.v4 ? "tunnel" : "tunnel6", phase.reqid, network(phase, 1), phase.v4 ? 24 : 48, network(phase, 2),
        phase.v4 ? 24 : 48);
  return fmt::format(
      "<phase2><ikeid>{}</ikeid><mode>vti</mode><reqid>{}</reqid><localid><type>{}</type><address>{}</address><netbits>{}"
      "</netbits></localid><remoteid><type>address</type><address>{}</address></remoteid><protocol>esp</protocol>",
      one.id, phase.reqid, phase.by_network ? "network" : "address", inner(phase, 1), phase.v4 ? 30 : 64, inner(phase, 2));
}

std::string xml_of(const Phase1& one) {
  std::string text = fmt::format(
      "<phase1><ikeid>{}</ikeid><iketype>{}</iketype><interface>wan</interface><remote-gateway>198.51.100.{}</remote-gateway>"
      "<protocol>inet</protocol><myid_type>{}</myid_type><myid_data>{}</myid_data><peerid_type>{}</peerid_type><peerid_data>{}"
      "</peerid_data><encryption>",
      one.id, one.v1 ? "ikev1" : "ikev2", one.id, one.mine_type, one.mine, one.peers_type, one.peers);
  for (const Item& item : one.items)
    text += fmt::format(
        "<item><encryption-algorithm>{}</encryption-algorithm><hash-algorithm>{}</hash-algorithm><prf-algorithm>{}</"
        "prf-algorithm>"
        "<dhgroup>{}</dhgroup></item>",
        cipher_xml(item.cipher), item.hash, item.prf, item.group);
  text += fmt::format(
      "</encryption><lifetime>{}</lifetime><rekey_time>{}</rekey_time><reauth_time>{}</reauth_time><pre-shared-key>{}"
      "</pre-shared-key><authentication_method>{}</authentication_method><descr>t{}</descr><nat_traversal>{}"
      "</nat_traversal><mobike>{}</mobike><dpd_delay>{}</dpd_delay><dpd_maxfail>{}</dpd_maxfail>{}{}{}</phase1>",
      one.lifetime, one.rekey, one.reauth, one.key, one.certificate ? "cert" : "pre_shared_key", one.id,
      one.forced ? "force" : "on", one.mobike ? "on" : "off", one.delay, one.fails, one.split ? "<splitconn></splitconn>" : "",
      one.own_prf ? "<prfselect_enable>yes</prfselect_enable>" : "",
      one.certificate ? "<certref>c1</certref><caref>a1</caref>" : "");
  for (const Phase2& phase : one.phases) {
    text += phase2_xml(one, phase);
    for (const Cipher& cipher : phase.ciphers)
      text += fmt::format("<encryption-algorithm-option>{}</encryption-algorithm-option>", cipher_xml(cipher));
    for (const std::string& hash : phase.hashes) text += fmt::format("<hash-algorithm-option>{}</hash-algorithm-option>", hash);
    text += fmt::format("<pfsgroup>{}</pfsgroup><lifetime>{}</lifetime><rekey_time>{}</rekey_time></phase2>", phase.group,
                        phase.lifetime, phase.rekey);
  }
  return text;
}

// ---- as pfSense's swanctl.conf

std::string group_word(const std::string& number) {
  const std::map<std::string, std::string> words{
      {"2", "modp1024"}, {"14", "modp2048"}, {"19", "ecp256"}, {"20", "ecp384"}, {"31", "curve25519"}};
  const auto found = words.find(number);
  return found == words.end() ? "" : found->second;
}

std::string proposal(const Cipher& cipher, const std::string& hash, const std::string& prf, const std::string& group) {
  std::string text = cipher.name + cipher.length;
  if (!hash.empty()) text += '-' + (hash.starts_with("hmac_") ? hash.substr(5) : hash);
  if (!prf.empty()) text += "-prf" + prf;
  if (const std::string word = group_word(group); !word.empty()) text += '-' + word;
  return text;
}

bool is_gcm(const Cipher& cipher) { return cipher.name.contains("gcm"); }

Words child_proposals(const Phase2& phase) {
  std::vector<Cipher> order;
  for (const Cipher& cipher : phase.ciphers) {
    if (is_gcm(cipher)) order.insert(order.begin(), cipher);
  }
  std::ranges::copy_if(phase.ciphers, std::back_inserter(order), [](const Cipher& cipher) { return !is_gcm(cipher); });
  Words result;
  for (const Cipher& cipher : order) {
    if (is_gcm(cipher)) {
      result.push_back(proposal(cipher, "", "", phase.group));
      continue;
    }
    for (const std::string& hash : phase.hashes) result.push_back(proposal(cipher, hash, "", phase.group));
  }
  return result;
}

std::string id_of(const std::string& type, const std::string& value, const std::string& address) {
  if (type == "fqdn") return "fqdn:" + value;
  if (type == "keyid tag") return "\"keyid:" + value + '"';
  return type == "user_fqdn" ? "userfqdn:" + value : address;
}

int nine_tenths(const std::string& seconds) { return static_cast<int>(std::stoi(seconds) * 0.9); }

std::string times_of(const Phase2& phase) {
  if (phase.lifetime.empty()) return "";
  return fmt::format("rekey_time = {}s\n", phase.rekey.empty() ? std::to_string(nine_tenths(phase.lifetime)) : phase.rekey);
}

std::string child(const std::string& name, int reqid, const Words& locals, const Words& remotes, const std::string& times,
                  const Words& proposals) {
  return fmt::format(
      "{} {{\npolicies = no\nreqid = {}\nlocal_ts = {},0.0.0.0/0,::/0\nremote_ts = {},0.0.0.0/0,::/0\n{}esp_proposals = {}\n"
      "start_action = start\n}}\n",
      name, 5'000 + reqid, fmt::join(locals, ","), fmt::join(remotes, ","), times, fmt::join(proposals, ","));
}

// With policies of its own, on demand.
std::string policy_child(const Phase2& phase) {
  const int length = phase.v4 ? 24 : 48;
  return fmt::format(
      "con{} {{\nmode = tunnel\nlocal_ts = {}/{}\nremote_ts = {}/{}\n{}esp_proposals = {}\nstart_action = trap\n}}\n",
      phase.reqid, network(phase, 1), length, network(phase, 2), length, times_of(phase),
      fmt::join(child_proposals(phase), ","));
}

std::string children_of(const Phase1& one) {
  const auto local = [](const Phase2& phase) { return inner(phase, 1) + (!phase.by_network ? "" : phase.v4 ? "/30" : "/64"); };
  std::string text;
  if (one.policy) {
    for (const Phase2& phase : one.phases) text += policy_child(phase);
    return text;
  }
  if (one.v1 || one.split) {
    for (const Phase2& phase : one.phases)
      text += child(fmt::format("con{}", phase.reqid), phase.reqid, {local(phase)}, {inner(phase, 2)}, times_of(phase),
                    child_proposals(phase));
    return text;
  }
  Words locals, remotes, proposals;
  std::string times;
  for (const Phase2& phase : one.phases) {
    locals.push_back(local(phase));
    remotes.push_back(inner(phase, 2));
    for (const std::string& each : child_proposals(phase)) {
      if (std::ranges::find(proposals, each) == proposals.end()) proposals.push_back(each);
    }
    if (!times_of(phase).empty()) times = times_of(phase);
  }
  return child(fmt::format("con{}", one.phases[0].reqid), one.phases[0].reqid, locals, remotes, times, proposals);
}

std::string connection_of(const Phase1& one) {
  Words proposals;
  for (const Item& item : one.items)
    proposals.push_back(proposal(item.cipher, item.hash, one.own_prf ? item.prf : "", item.group));
  const std::string rekey = one.rekey.empty() ? std::to_string(nine_tenths(one.lifetime)) : one.rekey;
  const std::string reauth = !one.reauth.empty() ? one.reauth : one.v1 ? std::to_string(nine_tenths(one.lifetime)) : "0";
  const bool dpd = !one.delay.empty() && !one.fails.empty();
  return fmt::format(
      "con{} {{\nversion = {}\nlocal_addrs = 192.0.2.1\nremote_addrs = 198.51.100.{}\nproposals = {}\n{}reauth_time = {}s\n{}"
      "encap = {}\nmobike = {}\nlocal {{\n{}id = {}\n}}\nremote {{\n{}id = {}\n}}\nchildren {{\n{}}}\n}}\n",
      one.id, one.v1 ? 1 : 2, one.id, fmt::join(proposals, ","), one.v1 ? "" : fmt::format("rekey_time = {}s\n", rekey), reauth,
      dpd ? fmt::format("dpd_delay = {}s\n", one.delay) : "", one.forced ? "yes" : "no", one.mobike ? "yes" : "no",
      one.certificate ? "auth = pubkey\ncerts = branch.pem\n" : "auth = psk\n", id_of(one.mine_type, one.mine, "192.0.2.1"),
      one.certificate ? "auth = pubkey\ncacerts = ca.pem\n" : "auth = psk\n",
      id_of(one.peers_type, one.peers, fmt::format("198.51.100.{}", one.id)), children_of(one));
}

std::string secret_of(const Phase1& one) {
  return fmt::format("ike-{} {{\nsecret = 0s{}\nid-0 = %any\nid-1 = {}\n}}\n", one.id, encode_base64(one.key),
                     id_of(one.peers_type, one.peers, fmt::format("198.51.100.{}", one.id)));
}

// ---- what both become

// strongSwan has several words for one: aes256gcm128 is aes256gcm16, and a hash beside an AEAD cipher says the PRF.
std::string one_word(std::string text, bool ike) {
  for (const auto& [bits, bytes] : {std::pair{"gcm128", "gcm16"}, std::pair{"gcm96", "gcm12"}, std::pair{"gcm64", "gcm8"}})
    text = std::regex_replace(text, std::regex(bits), bytes);
  if (!ike || !text.contains("gcm")) return text;
  if (text.contains("-prf")) return std::regex_replace(text, std::regex("(gcm[0-9]+)-sha[0-9]+"), "$1");
  return std::regex_replace(text, std::regex("-sha"), "-prfsha");
}

Json unified(const Json& proposals, bool ike) {
  Words words;
  for (const Json& each : proposals) {
    const std::string word = one_word(each.get<std::string>(), ike);
    if (std::ranges::find(words, word) == words.end()) words.push_back(word);
  }
  return words;
}

std::string unprefixed(std::string id) {
  for (const std::string_view prefix : {"fqdn:", "userfqdn:"}) {
    if (id.starts_with(prefix)) id.erase(0, prefix.size());
  }
  return id;
}

// Certificates and keys that lie beside swanctl.conf, and stand in config.xml.
std::string test_file(std::string_view name) {
  std::ifstream stream(fmt::format("{}/tests/golden/config/files/{}", VTID_SOURCE_DIR, name), std::ios::binary);
  return {std::istreambuf_iterator(stream), {}};
}
Result<std::string> beside_of(std::string_view path) {
  for (const std::string_view known : {"x509/branch.pem", "private/branch.key", "x509ca/ca.pem"}) {
    if (path == known) return test_file(known.substr(known.find('/') + 1));
  }
  return fail("there is none");
}

// What the files hold that "auth" names.
template <class Read>
Json contents_of(const Json& auth, Read read) {
  if (auth.contains("psk")) return read(auth["psk"]["file"].template get<std::string>()).value_or("");
  Json all = Json::array();
  for (const char* key : {"certificate", "key", "ca"})
    all.push_back(read(auth[key].template get<std::string>()).value_or("none"));
  return all;
}

// Tunnels in their order without the names that the two sources give them.
Json essence(const Imported& imported) {
  const auto read = [&](std::string_view name) -> Result<std::string> {
    const auto kept = std::ranges::find(imported.files, name, &KeptFile::name);
    return kept == imported.files.end() ? beside_of(name) : Result<std::string>(kept->bytes);
  };
  const auto parsed = config::parse(imported.text, "vtid.json", read);
  if (!parsed.config) return imported.text;
  Json result = Json::array();
  const Json file = Json::parse(config::print_canonical(*parsed.config));
  for (Json tunnel : file["tunnels"]) {
    tunnel.erase("description");
    Json& ike = tunnel["ike"];
    ike["auth"] = contents_of(ike["auth"], read);
    ike["proposals"] = unified(ike["proposals"], true);
    for (const char* end : {"local", "remote"}) ike[end]["id"] = unprefixed(ike[end]["id"].get<std::string>());
    Json children = Json::array();
    for (Json each : tunnel["children"]) {
      each.erase("description");
      each["proposals"] = unified(each["proposals"], false);
      children.push_back(std::move(each));
    }
    if (children.size() == 1 && ike["split"] == true &&
        children[0]["mode"] == "vti") {  // swanctl.conf does not show that there could be more
      ike["split"] = false;
      tunnel["unit"] = children[0]["unit"];
      children[0].erase("unit");
    }
    if (children[0]["mode"] != "vti") ike["split"] = false;  // it has no meaning there
    tunnel["children"] = std::move(children);
    result.push_back(std::move(tunnel));
  }
  return result;
}

TEST(Oracle, AConfigurationAndWhatPfsenseMakesOfItBecomeTheSame) {
  const Beside beside{beside_of, [](std::string_view folder) { return folder == "private" ? Words{"branch.key"} : Words{}; }};
  const std::string keys = fmt::format(
      "<cert><refid>c1</refid><crt>{}</crt><prv>{}</prv><caref>a1</caref></cert><ca><refid>a1</refid><crt>{}</crt></ca>",
      encode_base64(test_file("branch.pem")), encode_base64(test_file("branch.key")), encode_base64(test_file("ca.pem")));
  for (unsigned seed = 1; seed <= 1'000; ++seed) {
    Chance chance(seed);
    std::string ipsec, connections, secrets;
    const int tunnels = 1 + chance.below(3);
    for (int id = tunnels; id > 0; --id) {
      const Phase1 one = random_phase1(chance, id);
      ipsec += xml_of(one);
      connections += connection_of(one);
      if (!one.certificate) secrets += secret_of(one);
    }
    const std::string xml = fmt::format(
        "<pfsense><version>22.9</version><interfaces><wan><enable/><if>igb0</if><ipaddr>192.0.2.1</ipaddr><subnet>24</subnet></"
        "wan>"
        "</interfaces>{}<ipsec>{}</ipsec></pfsense>",
        keys, ipsec);
    const std::string conf = fmt::format("connections {{\n{}}}\nsecrets {{\n{}}}\n", connections, secrets);
    const auto theirs = import_pfsense(xml, "config.xml", {"secrets"});
    const auto made = import_swanctl(conf, "swanctl.conf", {"secrets"}, beside);
    ASSERT_TRUE(theirs.has_value()) << theirs.error().text;
    ASSERT_TRUE(made.has_value()) << made.error().text;
    ASSERT_EQ(essence(*theirs).size(), static_cast<std::size_t>(tunnels)) << xml;
    ASSERT_EQ(essence(*theirs), essence(*made)) << "seed " << seed << '\n' << xml << '\n' << conf;
  }
}

}  // namespace
}  // namespace vtid::foreign
