#include "vici/loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <utility>

#include "vici/codec.h"

namespace vtid::vici {
namespace {

constexpr BackoffLimits kRefusedRetry{Duration{5'000}, Duration{300'000}};

// FNV-1a, 64 bits: tells apart what one administrator writes into one file; nobody attacks it, and no secret goes in.
class Digest {
 public:
  void add(const Message& message) {
    for (const char c : encode({PacketType::response, {}, message}).value_or("")) {
      hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    }
  }
  [[nodiscard]] std::string text() const { return fmt::format("{:016x}", hash_); }

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325;
};

constexpr std::size_t kDigestLength = 16;

// Of the settings; behind it, of the addresses that come and go without being settings: of a peer with a host name, and ours
// where the file gives an interface or a gateway.
std::string digest(const WantedConnection& wanted) {
  Digest settings, addresses;
  const Message* section = wanted.looked_up || wanted.located ? wanted.connection.find_section(wanted.name) : nullptr;
  if (section == nullptr) {
    settings.add(wanted.connection);
  } else {
    Message rest = *section;
    for (const auto& [moves, key] : {std::pair(wanted.located, "local_addrs"), std::pair(wanted.looked_up, "remote_addrs")}) {
      if (!moves) continue;
      addresses.add(Message{}.add_list(key, rest.list(key)));
      rest = rest.without(key);
    }
    settings.add(rest);
  }
  for (const Message& certificate : wanted.certificates) settings.add(certificate);
  return settings.text() + (section == nullptr ? "" : addresses.text());
}

std::string settings_of(const std::string& digest) { return digest.substr(0, kDigestLength); }

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
    Wish wish{std::move(connection), {}, false, false, 0, {}};
    if (auto known = before.extract(name)) {
      const Wish& old = known.mapped();
      wish.foreign = old.foreign;
      wish.secret_loaded = old.secret_loaded && old.connection.secret == wish.connection.secret;
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
    dirty_.insert(loaded_.secrets.begin(), loaded_.secrets.end());
  }
  keys_unchecked_ = changed_ = true;
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
    loaded_.older.clear();
    refusals_.clear();
  }
  for (auto& [name, digest] : loaded_.connections) digest.clear();
  for (auto& [name, wish] : wishes_) {
    wish.secret_loaded = wish.foreign = false;
    wish.certificates_sent = 0;
    if (known) wish.serving_key.clear();
  }
}

bool Loader::on_inventory(const Inventory& inventory) {
  const bool again = std::exchange(inventory_known_, true);
  if (again && !inventory.whole) return false;
  const std::vector<Unloaded> gone = missing(inventory);
  for (const Unloaded& unloaded : gone) forget(unloaded);
  const auto holds_credentials = [](const Unloaded& unloaded) { return unloaded.kind != Unloaded::Kind::connection; };
  if (std::ranges::any_of(gone, holds_credentials)) {
    for (auto& [name, wish] : wishes_) {
      if (!wish.connection.key_id.empty() && !under_way_.contains(name)) forget_certificates(wish);
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
    dirty_.insert(loaded_.secrets.begin(), loaded_.secrets.end());
    keys_unchecked_ = true;
  }
  keys_unchecked_ |= std::exchange(key_refused_, false);
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
    look_for(Unloaded::Kind::secret, inventory.secrets, secret_id(name), name, under_way_);
  for (const std::string& id : loaded_.keys) look_for(Unloaded::Kind::key, inventory.keys, id, id, keys_under_way_);
  return gone;
}

void Loader::forget(const Unloaded& unloaded) {
  const std::string& name = unloaded.name;
  switch (unloaded.kind) {
    case Unloaded::Kind::connection: loaded_.connections.erase(name); break;
    case Unloaded::Kind::secret:
      loaded_.secrets.erase(name);
      if (const auto wish = wishes_.find(name); wish != wishes_.end()) wish->second.secret_loaded = false;
      break;
    case Unloaded::Kind::key: forget_key(name); return;
  }
  dirty_.insert(name);
}

void Loader::on_disconnected() {
  under_way_.clear();
  keys_under_way_.clear();
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
  return next_idle_key();
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
  const bool secret_there = loaded_.secrets.contains(name);
  if (wish == wishes_.end()) {
    if (!wishes_known_) return std::nullopt;
    if (loaded != loaded_.connections.end())
      return Step{Step::Kind::unload_connection, name, "unload-conn", Message{}.add("name", name)};
    if (secret_there) return Step{Step::Kind::unload_secret, name, "unload-shared", Message{}.add("id", secret_id(name))};
    return std::nullopt;
  }
  const WantedConnection& wanted = wish->second.connection;
  if (wanted.waits || wish->second.foreign || lacking(wanted) != nullptr) return std::nullopt;
  if (!wanted.secret.empty() && !wish->second.secret_loaded)
    return Step{Step::Kind::load_secret, name, "load-shared", wanted.secret};
  if (!wanted.key_id.empty() && !has_key(wanted.key_id))
    return Step{Step::Kind::load_key, name, "load-key", wanted.key, wanted.key_id};
  if (loaded == loaded_.connections.end() || loaded->second != wish->second.digest) {
    if (const std::size_t sent = wish->second.certificates_sent; sent < wanted.certificates.size())
      return Step{Step::Kind::load_certificate, name, "load-cert", wanted.certificates[sent]};
    Step step{Step::Kind::load_connection, name, "load-conn", wanted.connection};
    if (loaded != loaded_.connections.end()) step.replaces = settings_of(loaded->second);
    return step;
  }
  if (wanted.secret.empty() && secret_there)
    return Step{Step::Kind::unload_secret, name, "unload-shared", Message{}.add("id", secret_id(name))};
  return std::nullopt;
}

// The record says "ours" before charon hears of it: a crash in between must not make it somebody else's.
void Loader::begin(const Step& step) {
  under_way_.insert(step.name);
  ++loaded_revision_;
  const bool loads = step.kind == Step::Kind::load_connection || step.kind == Step::Kind::load_secret;
  ahead_ |= !loads || !announced_.contains(step.name);
  if (step.kind == Step::Kind::load_connection) loaded_.connections[step.name].clear();
  if (step.kind == Step::Kind::load_secret) loaded_.secrets.insert(step.name);
  if (step.kind == Step::Kind::load_key) loaded_.keys.insert(step.key);
  if (!step.key.empty()) keys_under_way_.insert(step.key);
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
    if (!wish->second.connection.secret.empty()) record.secrets.insert(name);
  };
  for (const std::string& name : under_way_) announce(name);
  for (const std::string& name : dirty_) {
    if (const auto step = due(name); step && step->kind != Step::Kind::unload_secret) announce(name);
  }
  return record;
}

void Loader::on_done(const Step& step, const Result<Message>& answer, TimePoint now) {
  under_way_.erase(step.name);
  keys_under_way_.erase(step.key);
  if (!step.name.empty()) dirty_.insert(step.name);
  keys_unchecked_ = changed_ = true;
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
      if (wish != wishes_.end()) wish->second.secret_loaded = wish->second.connection.secret == step.request;
      return;
    case Step::Kind::load_key: return;
    case Step::Kind::load_certificate:
      if (wish != wishes_.end()) ++wish->second.certificates_sent;
      return;
    case Step::Kind::load_connection: return on_connection_loaded(step);
    case Step::Kind::unload_connection: loaded_.connections.erase(step.name); return;
    case Step::Kind::unload_secret: loaded_.secrets.erase(step.name); return;
    case Step::Kind::unload_key: loaded_.keys.erase(step.key); return;
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
  if (step.kind == unload_key) {
    keys_unchecked_ = false;
    key_refused_ = true;
    return;
  }
  if (step.kind == load_key) forget_key(step.key);
  if (step.kind != unload_connection && step.kind != unload_secret && !is_still_wanted(step)) return;
  Refusal& refusal = refusals_.try_emplace(step.name, Refusal{{}, Backoff(kRefusedRetry), {}}).first->second;
  refusal.error = error;
  refusal.retry = now + refusal.backoff.next(random_());
}

bool Loader::is_still_wanted(const Step& load) const {
  const auto wish = wishes_.find(load.name);
  if (wish == wishes_.end()) return false;
  const WantedConnection& wanted = wish->second.connection;
  return load.kind == Step::Kind::load_certificate || load.request == wanted.connection || load.request == wanted.secret ||
         load.request == wanted.key;
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

std::vector<model::Problem> Loader::problems() const {
  std::vector<model::Problem> problems;
  for (const auto& [name, wish] : wishes_) {
    if (!wish.foreign && wish.connection.requirements.empty() && refusals_.empty()) continue;
    if (const auto error = refusal(name))
      problems.push_back({model::Severity::error, "tunnels/" + name, error->text, error->remedy});
  }
  return problems;
}

std::string print(const Unloaded& unloaded) {
  switch (unloaded.kind) {
    case Unloaded::Kind::connection: return fmt::format("the connection {}", unloaded.name);
    case Unloaded::Kind::secret: return fmt::format("the secret of {}", unloaded.name);
    case Unloaded::Kind::key: return fmt::format("the private key {}", unloaded.name);
  }
  std::abort();
}

bool Loader::take_changed() { return std::exchange(changed_, false); }

}  // namespace vtid::vici
