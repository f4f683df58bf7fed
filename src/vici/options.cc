#include "vici/options.h"

#include <algorithm>
#include <bitset>

namespace vtid::vici {
namespace {

constexpr model::CharonRelease kChildlessPrefer{5, 9, 10};
constexpr model::CharonRelease kOffloadOfPackets{5, 9, 10};
constexpr model::CharonRelease kSeveralKeyExchanges{6, 0, 0};

std::string in_seconds(Duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(duration).count());
}

// Before 5.9.10 "crypto" was called "yes", which it still may be.
std::string_view word_of(model::Offload offload) {
  return offload == model::Offload::crypto ? "yes" : offload == model::Offload::none ? "no" : model::print(offload);
}

// "aes256gcm16-prfsha384-x25519-ke1_mlkem768": words of RFC 9370, and ML-KEM.
bool has_new_key_exchange(const std::string& proposal) {
  const auto ke = proposal.find("-ke");
  const bool further = ke != std::string::npos && ke + 4 < proposal.size() && proposal[ke + 3] >= '1' &&
                       proposal[ke + 3] <= '7' && proposal[ke + 4] == '_';
  return further || proposal.contains("mlkem");
}

void require_key_exchanges(const std::vector<std::string>& proposals, std::vector<Requirement>& all) {
  const auto found = std::ranges::find_if(proposals, has_new_key_exchange);
  if (found != proposals.end()) all.push_back({"the proposal " + *found, kSeveralKeyExchanges});
}

}  // namespace

void add_ike_options(Message& section, const model::Ike& ike) {
  const model::IkeOptions& options = ike.options;
  if (ike.local.port) section.add_number("local_port", *ike.local.port);
  if (ike.remote.port) section.add_number("remote_port", *ike.remote.port);
  if (options.spread) section.add("rand_time", in_seconds(*options.spread));
  if (options.grace) section.add("over_time", in_seconds(*options.grace));
  if (options.reauth) section.add("reauth_time", in_seconds(*options.reauth));
  if (options.childless) section.add("childless", std::string(model::print(*options.childless)));
  if (options.fragmentation) section.add("fragmentation", std::string(model::print(*options.fragmentation)));
  if (const auto* x509 = std::get_if<model::CertificateAuth>(&ike.auth)) {
    const bool asked = x509->send == model::SendCertificate::asked;
    if (x509->send) section.add("send_cert", asked ? "ifasked" : std::string(model::print(*x509->send)));
    if (x509->request) section.add_flag("send_certreq", *x509->request);
  }
  if (options.dscp) section.add("dscp", std::bitset<6>(*options.dscp).to_string());
}

// charon ends an SA a tenth after its renewal was due. One that is never renewed would have no end: `grace` is its life then.
// Volumes have no time of their own to end at: charon adds the tenth.
void add_child_options(Message& section, const model::ChildConfig& config) {
  const model::ChildOptions& options = config.options;
  if (options.spread) section.add("rand_time", in_seconds(*options.spread));
  if (options.grace) section.add("life_time", in_seconds(config.rekey + *options.grace));
  if (options.rekey_bytes) section.add_number("rekey_bytes", *options.rekey_bytes);
  if (options.rekey_packets) section.add_number("rekey_packets", *options.rekey_packets);
  if (options.replay_window) section.add_number("replay_window", *options.replay_window);
  if (options.dscp)
    section.add("copy_dscp", *options.dscp == model::CopyDscp::both   ? "yes"
                             : *options.dscp == model::CopyDscp::none ? "no"
                                                                      : std::string(model::print(*options.dscp)));
  if (options.ecn) section.add_flag("copy_ecn", *options.ecn);
  if (options.df) section.add_flag("copy_df", *options.df == model::CopyDf::copy);
  if (options.mark_in) section.add("set_mark_in", model::print(*options.mark_in));
  if (options.mark_out) section.add("set_mark_out", model::print(*options.mark_out));
  if (options.offload) section.add("hw_offload", std::string(word_of(*options.offload)));
}

std::vector<Requirement> requirements_of(const model::Tunnel& tunnel) {
  std::vector<Requirement> all;
  const auto* ike = std::get_if<model::Ike>(&tunnel.ike);
  if (ike == nullptr) return all;
  require_key_exchanges(ike->proposals, all);
  if (ike->options.childless == model::Childless::prefer) all.push_back({"\"childless\": \"prefer\"", kChildlessPrefer});
  for (const model::ChildConfig& config : model::child_configs(tunnel)) {
    require_key_exchanges(config.proposals, all);
    if (config.options.offload == model::Offload::packet) all.push_back({"\"offload\": \"packet\"", kOffloadOfPackets});
  }
  return all;
}

}  // namespace vtid::vici
