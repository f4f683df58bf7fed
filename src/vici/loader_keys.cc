// Private keys and authorities, which unlike everything else several connections may share.
#include <algorithm>

#include "base/utf8.h"
#include "vici/loader.h"
#include "vici/words.h"

namespace vtid::vici {
namespace {

const std::string& name_of(const Message& load_authority) { return load_authority.elements().front().name; }

bool uses(const WantedConnection& wanted, const std::string& authority) {
  return std::ranges::find(wanted.authorities, authority, name_of) != wanted.authorities.end();
}

}  // namespace

bool Loader::has_key(const std::string& id) const { return loaded_.keys.contains(id) || foreign_keys_.contains(id); }

// charon says which key it was. Not every private key tells that before.
void Loader::on_key_loaded(const Step& step, const Message& answer, TimePoint now) {
  const std::string id = to_utf8(answer.text("id"), kLongestWord);  // hexadecimal
  if (id.empty() || id == step.key) return;
  if (!foreign_keys_.contains(id)) loaded_.keys.insert(id);
  on_refused(step, {"the private key is not that of the certificate or public key", "name two files that were made together"},
             now);
}

void Loader::forget_key(const std::string& id) {
  loaded_.keys.erase(id);
  for (auto& [name, wish] : wishes_) {
    if (wish.connection.key_id == id) forget_certificates(wish);
  }
}

// Whoever cleared charon's keys or secrets cleared its certificates too. Those are not asked for, which would be dear: the
// connections bring them again.
void Loader::forget_certificates(Wish& wish) {
  wish.certificates_sent = 0;
  if (const auto loaded = loaded_.connections.find(wish.connection.name); loaded != loaded_.connections.end())
    loaded->second.clear();
  dirty_.insert(wish.connection.name);
}

void Loader::forget_authority(const std::string& name) {
  loaded_.authorities.erase(name);
  for (const auto& [connection, wish] : wishes_) {
    if (uses(wish.connection, name)) dirty_.insert(connection);
  }
}

// Only when nothing else is left to do: until then charon may have a connection that still uses it.
std::optional<Step> Loader::next_idle() {
  if (!shared_unchecked_ || !wishes_known_ || !dirty_.empty() || !under_way_.empty()) return std::nullopt;
  std::set<std::string_view> used;
  for (const auto& [name, wish] : wishes_) {
    used.insert({wish.connection.key_id, wish.serving_key});
    for (const Message& authority : wish.connection.authorities) used.insert(name_of(authority));
  }
  for (const std::string& id : loaded_.keys) {
    if (used.contains(id)) continue;
    Step step{Step::Kind::unload_key, "", "unload-key", Message{}.add("id", id), id};
    begin(step);
    return step;
  }
  for (const std::string& name : loaded_.authorities) {
    if (used.contains(name)) continue;
    Step step{Step::Kind::unload_authority, "", "unload-authority", Message{}.add("name", name), "", "", name};
    begin(step);
    return step;
  }
  shared_unchecked_ = false;
  return std::nullopt;
}

}  // namespace vtid::vici
