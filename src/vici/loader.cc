#include "vici/loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <utility>

#include "vici/digest.h"

namespace vtid::vici {
namespace {

constexpr BackoffLimits kRefusedRetry{Duration{5'000}, Duration{300'000}};

// Of the settings; behind it, of what comes and goes without being a setting: the addresses of a peer with a host name, ours
// where the file gives an interface or a gateway, and lists of who is revoked.
std::string digest(const WantedConnection& wanted) {
  Digest settings, passing;
  bool passes = false;
  Message whole = wanted.connection;
  if (const Message* section = wanted.connection.find_section(wanted.name); section != nullptr) {
    for (const auto& [moves, key] : {std::pair(wanted.located, "local_addrs"), std::pair(wanted.looked_up, "remote_addrs")}) {
      if (!moves) continue;
      if (!std::exchange(passes, true)) whole = *section;
      passing.add(Message{}.add_list(key, whole.list(key)));
      whole = whole.without(key);
    }
  }
  settings.add(whole);
  for (const Message& certificate : wanted.certificates) {
    const bool list = certificate.text("type") == kRevocationList;
    passes |= list;
    (list ? passing : settings).add(certificate);
  }
  return settings.text() + (passes ? passing.text() : "");
}

std::string settings_of(const std::string& digest) { return digest.substr(0, Digest::kLength); }

// Which connection a secret is of: "hq" of "hq/ppk".
std::string holder_of(const std::string& secret) { return secret.substr(0, secret.find('/')); }

// A secret of the connection that it wants no more.
const std::string* left_over(const std::set<std::string>& secrets, const std::string& connection,
                             const std::vector<Message>& wanted) {
  const auto idle = [&](const std::string& secret) { return std::ranges::find(wanted, secret, secret_of) == wanted.end(); };
  if (const auto own = secrets.find(connection); own != secrets.end() && idle(*own)) return &*own;
  const std::string others = connection + '/';
  for (auto other = secrets.lower_bound(others); other != secrets.end() && other->starts_with(others); ++other) {
    if (idle(*other)) return &*other;
  }
  return nullptr;
}

Step unloading(const std::string& connection, const std::string& secret) {
  return {.kind = Step::Kind::unload_secret,
          .name = connection,
          .command = "unload-shared",
          .request = Message{}.add("id", secret_id(secret)),
          .item = secret};
}

}  // namespace

Loader::Loader(Loaded loaded, std::function<std::uint32_t()> random) : loaded_(std::move(loaded)), random_(std::move(random)) {}

void Loader::want(std::vector<WantedConnection> connections) {
  std::map<std::string, Wish> before = std::exchange(wishes_, {});
  for (WantedConnection& connection : connections) {
    if (connection.as_before) {
      wishes_.insert(before.extract(connection.name));
      continue;
    }
    const std::string name = connection.name;
    Wish wish{.connection = std::move(connection)};
    if (auto known = before.extract(name)) {
      const Wish& old = known.mapped();
      wish.foreign = old.foreign;
      for (const Message& secret : wish.connection.secrets) {
        const bool loaded = old.secrets_loaded.contains(secret_of(secret));
        if (loaded && std::ranges::find(old.connection.secrets, secret) != old.connection.secrets.end())
          wish.secrets_loaded.insert(secret_of(secret));
      }
      wish.serving_key = old.serving_key;
      if (old.connection == wish.connection)
        wish.certificates_sent = old.certificates_sent;
      else
        refusals_.erase(name);
    }
    wish.digest = digest(wish.connection);
    wishes_.insert_or_assign(name, std::move(wish));
    dirty_.insert(name);
  }
  for (const auto& [name, wish] : before) {
    dirty_.insert(name);
    refusals_.erase(name);
  }
  if (!std::exchange(wishes_known_, true)) {
    for (const auto& [name, text] : loaded_.connections) dirty_.insert(name);
    for (const std::string& secret : loaded_.secrets) dirty_.insert(holder_of(secret));
  }
  shared_unchecked_ = changed_ = true;
  if (!announced_.empty()) ++loaded_revision_;  // some of these may not be wanted any more
}

void Loader::on_charon(const std::string& charon) {
  const bool known = !charon.empty() && !loaded_.charon.empty();
  if (known && charon == loaded_.charon) return;
  changed_ = true;
  announced_.clear();  // to another charon
  ++loaded_revision_;
  loaded_.charon = charon;
  if (known) {
    loaded_.connections.clear();
    loaded_.secrets.clear();
    loaded_.keys.clear();
    loaded_.authorities.clear();
    loaded_.older.clear();
    refusals_.clear();
  }
  for (auto& [name, digest] : loaded_.connections) digest.clear();
  for (auto& [name, wish] : wishes_) {
    wish.foreign = false;
    wish.secrets_loaded.clear();
    wish.certificates_sent = 0;
    if (known) wish.serving_key.clear();
  }
}

bool Loader::on_inventory(const Inventory& inventory) {
  const bool again = std::exchange(inventory_known_, true);
  if (again && !inventory.whole) return false;
  const std::vector<Unloaded> gone = missing(inventory);
  for (const Unloaded& unloaded : gone) forget(unloaded);
  const auto holds_credentials = [](const Unloaded& unloaded) {
    return unloaded.kind == Unloaded::Kind::secret || unloaded.kind == Unloaded::Kind::key;
  };
  if (std::ranges::any_of(gone, holds_credentials)) {
    for (auto& [name, wish] : wishes_) {
      const bool brings_some = !wish.connection.key_id.empty() || !wish.connection.certificates.empty();
      if (brings_some && !under_way_.contains(name)) forget_certificates(wish);
    }
  }
  if (again) std::ranges::copy(gone, std::back_inserter(unloaded_));
  for (auto& [name, wish] : wishes_) {
    const bool foreign = inventory.connections.contains(name) && !loaded_.connections.contains(name);
    const bool turned = std::exchange(wish.foreign, foreign) != foreign;
    if (turned || !again) dirty_.insert(name);
    changed_ |= turned;
    if (turned && announced_.contains(name)) ++loaded_revision_;
  }
  if (!again) {
    for (const auto& [name, text] : loaded_.connections) dirty_.insert(name);
    for (const std::string& secret : loaded_.secrets) dirty_.insert(holder_of(secret));
    shared_unchecked_ = true;
  }
  shared_unchecked_ |= std::exchange(unload_refused_, false);
  foreign_keys_ = inventory.keys;
  for (const std::string& id : loaded_.keys) foreign_keys_.erase(id);
  if (gone.empty()) return false;
  changed_ = true;
  ++loaded_revision_;
  return true;
}

// What is under way was asked for after the inventory.
std::vector<Unloaded> Loader::missing(const Inventory& inventory) const {
  std::vector<Unloaded> gone;
  const auto look_for = [&](Unloaded::Kind kind, const std::set<std::string>& present, const std::string& item,
                            const std::string& name, const std::set<std::string>& under_way) {
    if (!present.contains(item) && !under_way.contains(name)) gone.push_back({kind, name});
  };
  for (const auto& [name, text] : loaded_.connections)
    look_for(Unloaded::Kind::connection, inventory.connections, name, name, under_way_);
  for (const std::string& name : loaded_.secrets)
    if (!inventory.secrets.contains(secret_id(name)) && !under_way_.contains(holder_of(name)))
      gone.push_back({Unloaded::Kind::secret, name});
  for (const std::string& id : loaded_.keys) look_for(Unloaded::Kind::key, inventory.keys, id, id, shared_under_way_);
  for (const std::string& name : loaded_.authorities)
    look_for(Unloaded::Kind::authority, inventory.authorities, name, name, shared_under_way_);
  return gone;
}

void Loader::forget(const Unloaded& unloaded) {
  const std::string& name = unloaded.name;
  switch (unloaded.kind) {
    case Unloaded::Kind::connection: loaded_.connections.erase(name); break;
    case Unloaded::Kind::secret:
      loaded_.secrets.erase(name);
      if (const auto wish = wishes_.find(holder_of(name)); wish != wishes_.end()) wish->second.secrets_loaded.erase(name);
      dirty_.insert(holder_of(name));
      return;
    case Unloaded::Kind::key: forget_key(name); return;
    case Unloaded::Kind::authority: forget_authority(name); return;
  }
  dirty_.insert(name);
}

void Loader::on_disconnected() {
  under_way_.clear();
  shared_under_way_.clear();
  inventory_known_ = false;
}

std::optional<Step> Loader::next_step(TimePoint now) {
  if (!inventory_known_) return std::nullopt;
  wake_refused(now);
  for (auto name = dirty_.begin(); name != dirty_.end() && under_way_.size() < kMostStepsUnderWay;) {
    if (under_way_.contains(*name)) {
      ++name;
      continue;
    }
    const std::optional<Step> step = due(*name);
    if (!step) forget_refusal(*name);
    name = dirty_.erase(name);
    if (!step) continue;
    begin(*step);
    return step;
  }
  return next_idle();
}

void Loader::wake_refused(TimePoint now) {
  for (auto& [name, refusal] : refusals_) {
    if (!refusal.retry || *refusal.retry > now) continue;
    refusal.retry.reset();
    dirty_.insert(name);
  }
}

// What was refused has been done since, or is not wanted any more.
void Loader::forget_refusal(const std::string& name) {
  const auto refusal = refusals_.find(name);
  if (refusal == refusals_.end() || refusal->second.retry) return;
  refusals_.erase(refusal);
  changed_ = true;
}

std::optional<Step> Loader::due(const std::string& name) const {
  const auto refusal = refusals_.find(name);
  if (refusal != refusals_.end() && refusal->second.retry) return std::nullopt;
  const auto wish = wishes_.find(name);
  const auto loaded = loaded_.connections.find(name);
  if (wish == wishes_.end()) {
    if (!wishes_known_) return std::nullopt;
    if (loaded != loaded_.connections.end())
      return Step{Step::Kind::unload_connection, name, "unload-conn", Message{}.add("name", name)};
    if (const std::string* secret = left_over(loaded_.secrets, name, {})) return unloading(name, *secret);
    return std::nullopt;
  }
  const WantedConnection& wanted = wish->second.connection;
  if (wanted.waits || wish->second.foreign || lacking(wanted) != nullptr) return std::nullopt;
  if (auto step = due_credential(wish->second)) return step;
  if (loaded == loaded_.connections.end() || loaded->second != wish->second.digest) {
    if (const std::size_t sent = wish->second.certificates_sent; sent < wanted.certificates.size()) {
      const Message& certificate = wanted.certificates[sent];
      const bool flush = certificate.find("data") == nullptr;
      return Step{Step::Kind::load_certificate, name, flush ? "flush-certs" : "load-cert", certificate};
    }
    Step step{Step::Kind::load_connection, name, "load-conn", wanted.connection};
    if (loaded != loaded_.connections.end()) step.replaces = settings_of(loaded->second);
    return step;
  }
  if (const std::string* secret = left_over(loaded_.secrets, name, wanted.secrets)) return unloading(name, *secret);
  return std::nullopt;
}

// What the connection cannot do without: it goes first.
std::optional<Step> Loader::due_credential(const Wish& wish) const {
  const WantedConnection& wanted = wish.connection;
  for (const Message& secret : wanted.secrets) {
    if (wish.secrets_loaded.contains(secret_of(secret))) continue;
    return Step{.kind = Step::Kind::load_secret,
                .name = wanted.name,
                .command = "load-shared",
                .request = secret,
                .item = secret_of(secret)};
  }
  if (!wanted.key_id.empty() && !has_key(wanted.key_id))
    return Step{Step::Kind::load_key, wanted.name, "load-key", wanted.key, wanted.key_id};
  for (const Message& authority : wanted.authorities) {
    const std::string& id = authority.elements().front().name;
    if (loaded_.authorities.contains(id)) continue;
    return Step{
        .kind = Step::Kind::load_authority, .name = wanted.name, .command = "load-authority", .request = authority, .item = id};
  }
  return std::nullopt;
}

// What the step loads or unloads that several connections may share.
const std::string* Loader::shared_by(const Step& step) {
  const bool authority = step.kind == Step::Kind::load_authority || step.kind == Step::Kind::unload_authority;
  if (!authority && step.key.empty()) return nullptr;
  return authority ? &step.item : &step.key;
}

// The record says "ours" before charon hears of it: a crash in between must not make it somebody else's.
void Loader::begin(const Step& step) {
  under_way_.insert(step.name);
  ++loaded_revision_;
  const bool loads = step.kind == Step::Kind::load_connection || step.kind == Step::Kind::load_secret;
  ahead_ |= !loads || !announced_.contains(step.name);
  if (step.kind == Step::Kind::load_connection) loaded_.connections[step.name].clear();
  if (step.kind == Step::Kind::load_secret) loaded_.secrets.insert(step.item);
  if (step.kind == Step::Kind::load_key) loaded_.keys.insert(step.key);
  if (step.kind == Step::Kind::load_authority) loaded_.authorities.insert(step.item);
  if (const std::string* shared = shared_by(step)) shared_under_way_.insert(*shared);
  changed_ = true;
}

// A record for each of thousands that are loaded one after another would cost more than to load them.
Loaded Loader::record() {
  Loaded record = loaded_;
  announced_.clear();
  ahead_ = false;
  if (!inventory_known_) return record;
  const auto announce = [&](const std::string& name) {
    const auto wish = wishes_.find(name);
    if (wish == wishes_.end() || wish->second.foreign || wish->second.connection.waits) return;
    announced_.insert(name);
    record.connections[name].clear();
    for (const Message& secret : wish->second.connection.secrets) record.secrets.insert(secret_of(secret));
  };
  for (const std::string& name : under_way_) announce(name);
  for (const std::string& name : dirty_) {
    if (const auto step = due(name); step && step->kind != Step::Kind::unload_secret) announce(name);
  }
  return record;
}

void Loader::on_done(const Step& step, const Result<Message>& answer, TimePoint now) {
  under_way_.erase(step.name);
  if (const std::string* shared = shared_by(step)) shared_under_way_.erase(*shared);
  if (!step.name.empty()) dirty_.insert(step.name);
  shared_unchecked_ = changed_ = true;
  ++loaded_revision_;
  if (!answer) {
    on_refused(step, answer.error(), now);
  } else if (step.kind == Step::Kind::load_key) {
    on_key_loaded(step, *answer, now);
  } else {
    on_success(step);
  }
}

// The wish may have changed while the step was under way: what counts is what was sent.
void Loader::on_success(const Step& step) {
  const auto wish = wishes_.find(step.name);
  switch (step.kind) {
    case Step::Kind::load_secret:
      if (wish != wishes_.end() &&
          std::ranges::find(wish->second.connection.secrets, step.request) != wish->second.connection.secrets.end())
        wish->second.secrets_loaded.insert(step.item);
      return;
    case Step::Kind::load_key:
    case Step::Kind::load_authority: return;
    case Step::Kind::load_certificate:
      if (wish != wishes_.end()) ++wish->second.certificates_sent;
      return;
    case Step::Kind::load_connection: return on_connection_loaded(step);
    case Step::Kind::unload_connection: loaded_.connections.erase(step.name); return;
    case Step::Kind::unload_secret: loaded_.secrets.erase(step.item); return;
    case Step::Kind::unload_key: loaded_.keys.erase(step.key); return;
    case Step::Kind::unload_authority: loaded_.authorities.erase(step.item); return;
  }
}

void Loader::on_connection_loaded(const Step& step) {
  refusals_.erase(step.name);
  const auto wish = wishes_.find(step.name);
  if (wish == wishes_.end()) return;
  Wish& loaded = wish->second;
  const bool whole = loaded.certificates_sent == loaded.connection.certificates.size();
  loaded.certificates_sent = 0;
  if (!whole || loaded.connection.connection != step.request) return;
  loaded_.connections[step.name] = loaded.digest;
  loaded.serving_key = loaded.connection.key_id;
}

// A refused load leaves the connection's former version in charon, if there was one: it stays ours. So does what charon did not
// unload, until an inventory shows that it is not there.
void Loader::on_refused(const Step& step, const Error& error, TimePoint now) {
  using enum Step::Kind;
  if (step.kind == unload_key || step.kind == unload_authority) {
    shared_unchecked_ = false;
    unload_refused_ = true;
    return;
  }
  if (step.kind == load_key) forget_key(step.key);
  if (step.kind == load_authority) forget_authority(step.item);
  if (step.kind != unload_connection && step.kind != unload_secret && !is_still_wanted(step)) return;
  Refusal& refusal = refusals_.try_emplace(step.name, Refusal{{}, Backoff(kRefusedRetry), {}}).first->second;
  refusal.error = error;
  refusal.retry = now + refusal.backoff.next(random_());
}

bool Loader::is_still_wanted(const Step& load) const {
  const auto wish = wishes_.find(load.name);
  if (wish == wishes_.end()) return false;
  const WantedConnection& wanted = wish->second.connection;
  const auto is_in = [&](const std::vector<Message>& all) { return std::ranges::find(all, load.request) != all.end(); };
  return load.kind == Step::Kind::load_certificate || load.request == wanted.connection || load.request == wanted.key ||
         is_in(wanted.secrets) || is_in(wanted.authorities);
}

// charon refuses a whole connection for one word that it does not know, and says it in words of its own.
const Requirement* Loader::lacking(const WantedConnection& wanted) const {
  const auto found = std::ranges::find_if(
      wanted.requirements, [&](const Requirement& requirement) { return version_.is_before(requirement.since); });
  return found == wanted.requirements.end() ? nullptr : &*found;
}

void Loader::on_version(const model::CharonVersion& version) {
  if (version_ == version) return;
  version_ = version;
  for (const auto& [name, wish] : wishes_) {
    if (!wish.connection.requirements.empty()) dirty_.insert(name);
  }
  changed_ = true;
}

void Loader::on_plugins(std::set<std::string> plugins) {
  if (plugins_ == plugins) return;
  plugins_ = std::move(plugins);
  changed_ = true;
}

void Loader::outlive(const Step& step, const std::vector<std::uint32_t>& ikes) {
  if (step.replaces.empty()) return;
  for (const std::uint32_t id : ikes) {
    if (loaded_.older.emplace(id, step.replaces).second) ++loaded_revision_;
  }
  changed_ = true;
}

void Loader::on_ike_rekeyed(std::uint32_t before, std::uint32_t after) {
  auto node = loaded_.older.extract(before);
  if (node.empty()) return;
  node.key() = after;
  loaded_.older.insert(std::move(node));
  ++loaded_revision_;
  changed_ = true;
}

void Loader::forget_ikes(const std::function<bool(std::uint32_t)>& is_gone) {
  if (std::erase_if(loaded_.older, [&](const auto& item) { return is_gone(item.first); }) == 0) return;
  ++loaded_revision_;
  changed_ = true;
}

bool Loader::is_older(const std::string& name, std::uint32_t ike) const {
  const auto made = loaded_.older.find(ike);
  const auto loaded = loaded_.connections.find(name);
  return made != loaded_.older.end() && loaded != loaded_.connections.end() && !loaded->second.empty() &&
         settings_of(loaded->second) != made->second;
}

bool Loader::busy_with(const std::string& name) const {
  return wishes_.contains(name) && (!inventory_known_ || under_way_.contains(name) || dirty_.contains(name));
}

bool Loader::has(const std::string& name) const {
  const auto loaded = loaded_.connections.find(name);
  return inventory_known_ && loaded != loaded_.connections.end() && !loaded->second.empty();
}

std::optional<Error> Loader::refusal(const std::string& name) const {
  const auto wish = wishes_.find(name);
  if (wish != wishes_.end() && wish->second.foreign) {
    return Error{
        fmt::format("charon already has a connection \"{}\" that vtid did not load", name),
        fmt::format("rename the tunnel, remove that connection, or adopt it with \"ike\": {{\"external\": \"{}\"}}", name)};
  }
  if (const Requirement* requirement = wish == wishes_.end() ? nullptr : lacking(wish->second.connection)) {
    return Error{fmt::format("strongSwan {} does not know {}, which came with {}: the connection is not loaded",
                             version_.text(), requirement->what, print(requirement->since)),
                 fmt::format("take it out, or update strongSwan to {} or later", print(requirement->since))};
  }
  const auto refusal = refusals_.find(name);
  if (refusal == refusals_.end()) return std::nullopt;
  return Error{"charon refused the connection: " + refusal->second.error.text, refusal->second.error.remedy};
}

bool Loader::settled() const { return wishes_known_ && inventory_known_ && dirty_.empty() && under_way_.empty(); }

std::optional<TimePoint> Loader::next_deadline() const {
  std::optional<TimePoint> next;
  if (!inventory_known_) return next;
  for (const auto& [name, refusal] : refusals_) {
    if (refusal.retry) next = std::min(next.value_or(*refusal.retry), *refusal.retry);
  }
  return next;
}

void Loader::add_missing_plugins(const WantedConnection& wanted, std::vector<model::Problem>& problems) const {
  if (plugins_.empty()) return;
  for (const PluginNeed& need : wanted.plugins) {
    if (std::ranges::any_of(need.any_of, [&](const std::string& plugin) { return plugins_.contains(plugin); })) continue;
    const std::string& plugin = need.any_of.front();
    problems.push_back(
        {model::Severity::warning, "tunnels/" + wanted.name,
         fmt::format("charon runs without its plugin {}: {}", plugin, need.without),
         fmt::format("install the package that has it and see that strongswan.conf loads {}; then restart charon", plugin)});
  }
}

std::vector<model::Problem> Loader::problems() const {
  std::vector<model::Problem> problems;
  for (const auto& [name, wish] : wishes_) {
    add_missing_plugins(wish.connection, problems);
    if (!wish.foreign && wish.connection.requirements.empty() && refusals_.empty()) continue;
    if (const auto error = refusal(name))
      problems.push_back({model::Severity::error, "tunnels/" + name, error->text, error->remedy});
  }
  return problems;
}

std::string print(const Unloaded& unloaded) {
  switch (unloaded.kind) {
    case Unloaded::Kind::connection: return fmt::format("the connection {}", unloaded.name);
    case Unloaded::Kind::secret: return fmt::format("the secret of {}", holder_of(unloaded.name));
    case Unloaded::Kind::key: return fmt::format("the private key {}", unloaded.name);
    case Unloaded::Kind::authority: return fmt::format("the authority {}", unloaded.name);
  }
  std::abort();
}

bool Loader::take_changed() { return std::exchange(changed_, false); }

}  // namespace vtid::vici
