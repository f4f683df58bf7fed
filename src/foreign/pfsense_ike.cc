#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/base64.h"
#include "config/credentials.h"
#include "foreign/pfsense.h"
#include "foreign/raw_keys.h"
#include "foreign/swanctl_words.h"

namespace vtid::foreign {
namespace {

constexpr std::size_t kLongestChain = 16;  // CAs

bool is_gcm(std::string_view cipher) { return cipher.ends_with("gcm"); }
bool is_aead(std::string_view cipher) { return is_gcm(cipher) || cipher == "chacha20poly1305"; }

// The lengths that "auto" stands for, the longest first.
std::vector<std::string> lengths_of(std::string_view cipher) {
  if (is_gcm(cipher)) return {"128", "96", "64"};  // of the tag
  if (cipher == "aes" || cipher == "blowfish") return {"256", "192", "128"};
  return {""};
}

// "aes" and 256, "aes256gcm" and the bits of its tag, in strongSwan's words.
std::vector<std::string> ciphers_of(const Element& algorithm) {
  const std::string& name = algorithm.value("name");
  const std::string& length = algorithm.value("keylen");
  if (name.empty()) return {};
  std::vector<std::string> lengths{length};
  if (length == "auto" || (length.empty() && name == "aes")) lengths = lengths_of(name);
  if (length.empty() && is_gcm(name)) lengths = {"128"};
  std::vector<std::string> result;
  for (const std::string& bits : lengths)
    result.push_back(name + (is_gcm(name) ? std::to_string(number_of(bits).value_or(128) / 8) : bits));
  return result;
}

std::string hash_word(std::string_view hash) { return std::string(hash.starts_with("hmac_") ? hash.substr(5) : hash); }

void append(std::string& proposal, std::string_view before, std::string_view word) {
  if (!word.empty()) proposal += fmt::format("-{}{}", before, word);
}

void add_new(std::vector<std::string>& list, std::string item) {
  if (std::ranges::find(list, item) == list.end()) list.push_back(std::move(item));
}

// An AEAD cipher has no hash; the one beside it is what pfSense's charon takes the PRF from.
Json ike_proposals(Work& work, const Element& phase1) {
  std::vector<std::string> result;
  const bool own_prf = phase1.value("prfselect_enable") == "yes";
  auto items = phase1.at("encryption").all("item");
  if (items.empty() && phase1.has("encryption-algorithm")) items.push_back(&phase1);  // before 2.4.4
  for (const Element* item : items) {
    pass_over(*item, {"prf-algorithm"});  // without a PRF of its own pfSense keeps one and does not use it
    const std::string hash = hash_word(item->value("hash-algorithm"));
    const std::string prf = own_prf ? item->value("prf-algorithm") : "";
    const std::string group = group_word(item->value("dhgroup"));
    if (hash.empty() || group.empty()) {
      work.draft.note(place_of(*item), "is not carried over: the proposal has no hash or no known key exchange");
      told(*item);
      continue;
    }
    for (std::string proposal : ciphers_of(item->at("encryption-algorithm"))) {
      const bool aead = is_aead(item->at("encryption-algorithm").value("name"));
      if (!aead) append(proposal, "", hash);
      append(proposal, "prf", prf.empty() && aead ? hash : prf);
      append(proposal, "", group);
      add_new(result, std::move(proposal));
    }
  }
  return result;
}

// ---- who is who ------------------------------------------------------------------------------------------------------

// A name that charon takes for one without being told.
bool is_plain_name(std::string_view name) {
  const bool word =
      std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_'; });
  return word && std::ranges::any_of(name, [](unsigned char c) { return std::isalpha(c) != 0; });
}

// In strongSwan's notation; empty: none.
std::string identity(const std::string& type, const std::string& value, const std::string& own_address) {
  if (type == "myaddress" || type == "peeraddress") return own_address;
  if (type == "any") return "%any";
  if (type == "fqdn") return is_plain_name(value) ? value : "fqdn:" + value;
  if (type == "dyn_dns") return is_plain_name(value) ? value : "dns:" + value;
  if (type == "user_fqdn") return value.contains('@') && !value.starts_with('@') ? value : "userfqdn:" + value;
  if (type == "keyid tag") return "keyid:" + value;
  if (type == "asn1dn" && value.starts_with('#')) return "asn1dn:" + value;
  return value;
}

std::string printed(const std::optional<net::Prefix>& prefix) { return prefix ? net::print(prefix->address) : ""; }

// The outer family, of which there is one.
net::Family outer_family(const Element& phase1) {
  if (const auto address = net::parse_address(phase1.value("remote-gateway"))) return address->family();
  return phase1.value("protocol") == "inet6" ? net::Family::ipv6 : net::Family::ipv4;
}

// A device whose address only the running system knows; empty: it is none, or a tunnel's.
std::string open_interface(Work& work, const std::string& key) {
  return work.names.device(key).starts_with("ipsec") ? "" : work.device_interface(key);
}

Json local_peer(Work& work, const Element& phase1, const std::string& tunnel, bool psk) {
  const net::Family family = outer_family(phase1);
  std::string interface = phase1.value("interface").empty() ? "wan" : phase1.value("interface");
  std::string address = printed(work.names.address(interface, family));
  pass_over(phase1, {"myid_data"});
  if (const auto first = address.empty() ? work.names.first_member(interface) : std::nullopt) {
    address = printed(work.names.address(first->virtual_address.empty() ? first->interface : first->virtual_address, family));
    work.group_ends.push_back({phase1, tunnel, interface, family});
    interface = first->interface;
  }
  const std::string id = identity(phase1.value("myid_type"), phase1.value("myid_data"), address);
  const std::string place = address.empty() && (!id.empty() || !psk) ? open_interface(work, interface) : "";
  if (address.empty() && place.empty()) {
    work.draft.note(place_of(phase1.has("interface") ? phase1.at("interface") : phase1),
                    fmt::format("the file does not say which address \"{}\" has, so the tunnel begins at \"any\"", interface),
                    "write \"local\": { \"address\": … } unless the system's choice is right");
  }
  Json peer{{"address", address.empty() ? "any" : address}};
  if (!place.empty()) peer = {{"interface", place}};
  if (!id.empty()) peer["id"] = id;
  return peer;
}

Json remote_peer(Work& work, const Element& phase1) {
  const std::string& gateway = phase1.value("remote-gateway");
  const auto address = net::parse_address(gateway);
  const bool any = gateway.empty() || (address && address->is_unspecified());
  Json peer{{"address", any ? "any" : gateway}};
  pass_over(phase1, {"peerid_data"});
  const std::string& type = phase1.value("peerid_type");
  const std::string id = identity(type, phase1.value("peerid_data"), address && !any ? gateway : "");
  if (!id.empty()) peer["id"] = id;
  if (id.empty() && type == "peeraddress") {
    work.draft.note(place_of(phase1.at("peerid_type")), "the peer's identity is its address, which the file does not know",
                    "write \"remote\": { \"id\": … } if the peer names itself otherwise");
  }
  return peer;
}

// ---- credentials -----------------------------------------------------------------------------------------------------

const Element* by_refid(const Element& root, std::string_view kind, const std::string& refid) {
  for (const Element* entry : root.all(kind)) {
    if (!refid.empty() && entry->value("refid") == refid) return entry;
  }
  return nullptr;
}

// From the one that `refid` names up to the root, as far as the file holds them.
std::vector<const Element*> chain_of(const Element& root, const std::string& refid) {
  std::vector<const Element*> chain;
  for (const Element* ca = by_refid(root, "ca", refid); ca != nullptr && chain.size() < kLongestChain;
       ca = by_refid(root, "ca", ca->value("caref"))) {
    if (std::ranges::find(chain, ca) != chain.end()) break;
    chain.push_back(ca);
  }
  return chain;
}

std::string joined_certificates(std::string first, const std::vector<const Element*>& chain) {
  for (const Element* ca : chain) {
    if (!first.empty() && !first.ends_with('\n')) first += '\n';
    first += decode_base64(ca->value("crt")).value_or("");
  }
  return first;
}

// Who is revoked goes into `auth`. What pfSense asks of the peer's certificate and vtid does not; empty: nothing. All of it is
// noted.
std::string lost_condition(Work& work, const Element& phase1, const std::vector<const Element*>& chain, Json& auth) {
  std::string lost;
  const auto lose = [&](const Element& element, const std::string& what) {
    work.draft.note(place_of(element), what + " is not carried over",
                    "have the peers' CA publish its lists, which charon fetches");
    lost += (lost.empty() ? "" : ", ") + what;
  };
  for (const Element* crl : work.root.all("crl")) {
    const bool ours = std::ranges::any_of(chain, [&](const Element* ca) { return ca->value("refid") == crl->value("caref"); });
    const bool empty = !crl->has("text") && !crl->has("cert");
    const std::string list = ours && !empty ? decode_base64(crl->value("text")).value_or("") : "";
    if (config::read_revocation_lists(list)) {
      auth["crl"].push_back(work.draft.keep_file(crl->value("refid") + ".crl", list));
      continue;
    }
    if (ours && !empty) lose(*crl, fmt::format("the list of revoked certificates \"{}\"", crl->value("descr")));
  }
  const Element* strict = work.root.at("ipsec").find("strictcrlpolicy");
  if (strict != nullptr && !phase1.value("caref").empty()) {
    auth["revocation"] = "strict";
    work.draft.note(place_of(*strict), "is carried over: charon asks the CA from here too",
                    "see that the CA's lists can be reached");
  }
  if (chain.size() > 1 && !phase1.value("caref").empty()) {
    const std::string what =
        fmt::format("that the peer is certified by \"{}\" and not by a CA above it", chain.front()->value("descr"));
    work.draft.note(place_of(phase1.at("caref")),
                    what + " is not carried over: charon needs the chain up to the root, and takes the word of all of it");
    lost += (lost.empty() ? "" : ", ") + what;
  }
  return lost;
}

Result<Json> certificate_auth(Work& work, const Element& phase1, const std::string& tunnel, std::string& shut) {
  const Element* own = by_refid(work.root, "cert", phase1.value("certref"));
  if (own == nullptr || own->value("crt").empty()) return fail("the certificate that \"certref\" names is not in the file");
  if (own->value("prv").empty()) return fail("the file does not hold the certificate's private key");
  const bool named = !phase1.value("caref").empty();
  const auto chain = chain_of(work.root, named ? phase1.value("caref") : own->value("caref"));
  if (chain.empty())
    return fail(fmt::format("the CA that {} names is not in the file", named ? "\"caref\"" : "our certificate"));
  if (!named) {
    work.draft.note(
        place_of(phase1),
        fmt::format("{} takes the word of any CA it knows for this peer; here it is the one that signed our own certificate",
                    work.product()),
        "name the peer's CA in \"ca\" if it is another");
  }
  auto above = chain_of(work.root, own->value("caref"));
  if (!above.empty()) above.pop_back();  // peers have the root
  Json auth{{"send", "always"},          // as pfSense does
            {"certificate",
             work.draft.keep_file(tunnel + ".pem", joined_certificates(decode_base64(own->value("crt")).value_or(""), above))},
            {"key", work.draft.keep_file(tunnel + ".key", decode_base64(own->value("prv")).value_or(""))},
            {"ca", work.draft.keep_file(tunnel + ".ca.pem", joined_certificates("", chain))}};
  shut = lost_condition(work, phase1, chain, auth);
  if (!work.draft.keeps_files()) {
    work.draft.note(place_of(phase1.at("certref")),
                    fmt::format("certificate, key and CA of tunnels/{} are in the file, and are not printed", tunnel),
                    "run it again with --secrets-dir DIR, which puts them into files");
  }
  return auth;
}

// OPNsense keeps key pairs, and a phase 1 names ours and the peer's.
Result<Json> raw_key_auth(Work& work, const Element& phase1, const std::string& tunnel) {
  const auto pair_of = [&](std::string_view key) -> const Element* {
    for (const Element* pair : work.root.at("OPNsense").at("IPsec").at("keyPairs").all("keyPair")) {
      if (!pair->uuid.empty() && pair->uuid == phase1.value(key)) return pair;
    }
    return nullptr;
  };
  const Element* own = pair_of("local-kpref");
  const Element* peer = pair_of("peer-kpref");
  if (own == nullptr || peer == nullptr) return fail("the key pairs that it names are not in the file");
  if (own->value("privateKey").empty()) return fail("the file does not hold our private key");
  if (!work.draft.keeps_files())
    work.draft.note(place_of(phase1), fmt::format("the keys of tunnels/{} are in the file, and are not printed", tunnel),
                    "run it again with --secrets-dir DIR, which puts them into files");
  return Json{{"public_key", work.draft.keep_file(tunnel + ".pub.pem", pem_of_line(own->value("publicKey")))},
              {"key", work.draft.keep_file(tunnel + ".key", pem_of_line(own->value("privateKey")))},
              {"peer_public_key", work.draft.keep_file(tunnel + ".peer.pub.pem", pem_of_line(peer->value("publicKey")))}};
}

Result<Json> auth_of(Work& work, const Element& phase1, const std::string& tunnel, std::string& shut) {
  // The fields of the other method may have been left over.
  pass_over(phase1,
            {"pre-shared-key", "private-key", "certref", "caref", "pkcs11certref", "pkcs11pin", "local-kpref", "peer-kpref"});
  const std::string& method = phase1.value("authentication_method");
  if (method == "cert") return certificate_auth(work, phase1, tunnel, shut);
  if (method == "pubkey") return raw_key_auth(work, phase1, tunnel);
  if (method != "pre_shared_key")
    return fail(fmt::format("vtid has no authentication \"{}\"", method), "use a pre-shared key or certificates");
  const std::string& key = phase1.value("pre-shared-key");
  if (key.empty()) return fail("its pre-shared key is empty");
  if (!work.draft.keeps_files()) {
    work.draft.note(place_of(phase1.at("pre-shared-key")),
                    fmt::format("the pre-shared key of tunnels/{} is not printed: \"(secret)\" stands in its place", tunnel),
                    "run it again with --secrets-dir DIR, which puts it into a file, or put it back by hand");
  }
  return Json{{"psk", work.draft.keep_secret(tunnel + ".psk", key)}};
}

// ---- the rest --------------------------------------------------------------------------------------------------------

void note_unlike(Work& work, const Element& phase1, bool version1) {
  const auto say = [&](std::string_view key, std::string text, std::string remedy = {}) {
    if (phase1.has(key)) work.draft.note(place_of(phase1.at(key)), std::move(text), std::move(remedy));
  };
  if (phase1.value("iketype") == "auto")
    say("iketype", "\"auto\" is carried over as version 2", "write \"version\": 1 if the peer is old");
  if (version1 && phase1.value("mode") == "aggressive") {
    say("mode", "aggressive mode is not carried over: it gives the pre-shared key away to who listens",
        "set main mode on the peer, or use IKEv2");
  }
  if (phase1.value("protocol") == "both") say("protocol", "a tunnel has one outer family: it is that of the peer's address");
  if (version1 && number_of(phase1.value("dpd_maxfail")).value_or(5) != 5)
    say("dpd_maxfail", "is not carried over: charon's own timeout holds");
  note_texts(work, phase1, {"margintime"}, "charon spreads rekeying by its own default");
  note_texts(work, phase1, {"closeaction"}, "\"start\" says whether a tunnel that was closed is called again");
  if (phase1.value("nat_traversal") == "off") say("nat_traversal", "is not carried over: NAT is always looked for");
  note_texts(work, phase1, {"nattport"}, "behind NAT peers are called at port 4500");
  say("tfc_enable", "is not carried over: there is no traffic flow confidentiality padding");
  pass_over(phase1, {"ikeid", "mode", "mobike", "descr", "tfc_bytes", "splitconn"});
}

void add_spread(Work& work, const Element& phase1, long until, Json& ike) {
  const auto written = number_of(phase1.value("rand_time"));
  if (written && *written <= until / 2)
    ike["spread"] = fmt::format("{}s", *written);
  else if (written)
    work.draft.note(place_of(phase1.at("rand_time")),
                    "is not carried over: it is more than half of the time until it is renewed");
  pass_over(phase1, {"rand_time"});
}

void add_port(const Element& phase1, Json& ike) {
  constexpr long kIke = 500, kNatTraversal = 4'500;
  const long port = number_of(phase1.value("ikeport")).value_or(kIke);
  pass_over(phase1, {"ikeport"});
  if (port == kIke || port < 1 || port > 65'535 || ike["remote"]["address"] == "any") return;
  ike["remote"]["port"] = port;
  if (port == kNatTraversal) ike["local"]["port"] = port;
}

// IKEv1 does not rekey: it begins again, which pfSense has a time of its own for.
void add_rekey(Work& work, const Element& phase1, bool version1, Json& ike) {
  const PfsenseTimes times = pfsense_ike_times(phase1);
  const long rekey = times.rekey > 0 || !version1 ? times.rekey : times.reauth;
  ike["rekey"] = fmt::format("{}s", rekey);
  if (!version1 && times.reauth > 0) ike["reauth"] = fmt::format("{}s", times.reauth);
  const bool reauthenticates = !version1 && times.reauth > 0;
  add_spread(work, phase1, !reauthenticates ? rekey : rekey == 0 ? times.reauth : std::min(rekey, times.reauth), ike);
  pass_over(phase1, {"lifetime", "rekey_time", "reauth_time", "rekey_enable", "reauth_enable"});
}

}  // namespace

std::vector<std::string> pfsense_child_proposals(const Element& phase2, bool as_they_stand) {
  pass_over(phase2, {"hash-algorithm-option"});  // of no use to AEAD ciphers
  std::vector<const Element*> aead, others;
  for (const Element* cipher : phase2.all("encryption-algorithm-option"))
    (is_gcm(cipher->value("name")) && !as_they_stand ? aead : others).push_back(cipher);
  std::ranges::reverse(aead);  // as pfSense does
  aead.insert(aead.end(), others.begin(), others.end());
  const std::string group = group_word(phase2.value("pfsgroup"));
  std::vector<std::string> result;
  for (const Element* option : aead) {
    for (const std::string& cipher : ciphers_of(*option)) {
      std::vector<std::string> hashes{""};
      if (!is_aead(option->value("name"))) {
        hashes.clear();
        for (const Element* hash : phase2.all("hash-algorithm-option")) hashes.push_back(hash_word(hash->text));
      }
      for (const std::string& hash : hashes) {
        std::string proposal = cipher;
        append(proposal, "", hash);
        append(proposal, "", group);
        add_new(result, std::move(proposal));
      }
    }
  }
  return result;
}

Result<PfsenseIke> pfsense_ike(Work& work, const Element& phase1, const std::string& tunnel) {
  const bool version1 = phase1.value("iketype") == "ikev1" || phase1.value("iketype").empty();
  std::string shut;
  auto auth = auth_of(work, phase1, tunnel, shut);
  if (!auth) return std::unexpected(auth.error());
  Json ike{{"version", version1 ? 1 : 2},
           {"split", !version1 && phase1.has("splitconn")},
           {"local", local_peer(work, phase1, tunnel, auth->contains("psk"))},
           {"remote", remote_peer(work, phase1)},
           {"auth", std::move(*auth)}};
  ike["proposals"] = ike_proposals(work, phase1);
  if (ike["proposals"].empty()) return fail("it has no proposal of phase 1 that can be carried over");
  const long delay = number_of(phase1.value("dpd_delay")).value_or(0);
  ike["dpd"] = fmt::format("{}s", number_of(phase1.value("dpd_maxfail")).value_or(0) > 0 ? delay : 0);
  add_rekey(work, phase1, version1, ike);
  ike["mobike"] = !version1 && phase1.value("mobike") == "on";
  ike["encapsulate"] = phase1.value("nat_traversal") == "force";
  add_port(phase1, ike);
  note_unlike(work, phase1, version1);
  return PfsenseIke{std::move(ike), std::move(shut)};
}

}  // namespace vtid::foreign
