#include "config/parse.h"

#include <fmt/format.h>

#include "config/read.h"
#include "config/rules.h"
#include "config/values.h"

namespace vtid::config {
namespace {

using model::OnStop;

constexpr Word<OnStop> kOnStop[] = {{"keep", OnStop::keep}, {"remove", OnStop::remove}};

void read_charon(Object& root, std::string& vici) {
  auto charon = root.object("charon");
  if (!charon) return;
  charon->read("vici", vici, vici_socket);
  charon->close();
}

model::Config read(const Node& tree, Findings& findings, const Readers& readers) {
  model::Config config;
  Object root(tree, "", findings);
  read_charon(root, config.vici);
  config.lists = read_lists(root, findings, readers);
  const Lists lists(config.lists);
  config.filter = read_filter(root, lists);
  root.read("on_stop", config.on_stop, one_of(kOnStop));
  config.tunnels = read_tunnels(root, findings, readers);
  config.interfaces = read_interfaces(root);
  config.gateways = read_gateways(root, config, findings);
  config.groups = read_gateway_groups(root);
  config.default_gateway = read_default_gateway(root);
  config.routes = read_routes(root);
  config.policy_routes = read_policy_routes(root, lists);
  config.on_change = read_on_change(root);
  config.role_address = read_role(root);
  config.http = read_http(root);
  root.close();
  return config;
}

// Writes into every enabled child what it takes from its siblings or from the defaults, so that nothing is left to guess. Who
// makes policies is no choice where interfaces do.
void fill_in(model::Tunnel& tunnel, const model::Capabilities& system) {
  for (model::Child& child : tunnel.children) {
    if (child.mode == model::ChildMode::vti && !system.manages_policies) child.policies = model::PolicyOwner::interface;
  }
  for (const model::ChildConfig& config : model::child_configs(tunnel)) {
    for (const model::Child* filled : config.children) {
      model::Child& child = tunnel.children[static_cast<std::size_t>(filled - tunnel.children.data())];
      if (child.mode == model::ChildMode::vti) child.policies = config.policies;
      if (!std::holds_alternative<model::Ike>(tunnel.ike)) continue;  // swanctl.conf or "keys" have the rest
      child.proposals = config.proposals;
      child.rekey = config.rekey;
      child.options = config.options;
    }
  }
}

bool readable(std::string_view text, Findings& findings) {
  if (text.size() > kLongestFile) findings.error("", fmt::format("is longer than {} bytes", kLongestFile));
  if (text.contains('\0')) findings.error("", "holds a zero byte", "write plain JSON text");
  return !findings.any();
}

}  // namespace

Parsed parse(std::string_view text, std::string_view file_name, const Readers& readers, const model::Capabilities& system) {
  Findings findings;
  std::optional<Node> tree;
  model::Config config;
  if (readable(text, findings)) tree = parse_tree(text, findings);
  if (tree) {
    config = read(*tree, findings, readers);
    check(config, findings);
    check_system(config, system, findings);
  }
  Parsed parsed;
  if (!findings.any()) {
    for (model::Tunnel& tunnel : config.tunnels) fill_in(tunnel, system);
    parsed.config = std::move(config);
  }
  auto taken = findings.take(file_name, tree.value_or(Node{}));
  parsed.errors = std::move(taken.errors);
  parsed.warnings = std::move(taken.warnings);
  return parsed;
}

Parsed parse(std::string_view text, std::string_view file_name, const FileReader& read_any, const model::Capabilities& system) {
  return parse(text, file_name, Readers{read_any, read_any, read_any, {}, read_any}, system);
}

}  // namespace vtid::config
