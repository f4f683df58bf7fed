#include "foreign/draft.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <tuple>

#include "base/number.h"
#include "base/one_line.h"
#include "config/print.h"
#include "foreign/plain.h"

namespace vtid::foreign {
namespace {

using Tokens = std::vector<std::string>;

constexpr std::array<std::string_view, 4> kLists{"routes", "policy_routes", "rules", "nat"};

// Sections in which a key alone may go: what is left says less, but nothing else than before.
constexpr std::array<std::string_view, 2> kForgiving{"interfaces", "gateways"};

Tokens split(std::string_view pointer) {
  Tokens tokens;
  while (pointer.starts_with('/')) {
    pointer.remove_prefix(1);
    tokens.emplace_back(pointer.substr(0, pointer.find('/')));
    pointer.remove_prefix(tokens.back().size());
  }
  return tokens;
}

bool is_list(std::string_view section) { return std::ranges::find(kLists, section) != kLists.end(); }

// A list's numbers compare as numbers, so that the last goes first.
bool before(const Tokens& a, const Tokens& b) {
  return std::ranges::lexicographical_compare(a, b, [](const std::string& x, const std::string& y) {
    const auto left = parse_number<std::size_t>(x);
    const auto right = parse_number<std::size_t>(y);
    return left && right ? *left < *right : x < y;
  });
}

Json* child_of(Json& parent, const std::string& token) {
  if (parent.is_object()) return parent.contains(token) ? &parent[token] : nullptr;
  const auto index = parent.is_array() ? parse_number<std::size_t>(token) : std::nullopt;
  return index && *index < parent.size() ? &parent[*index] : nullptr;
}

Json* parent_of(Json& file, const Tokens& tokens) {
  Json* node = &file;
  for (std::size_t i = 0; node != nullptr && i + 1 < tokens.size(); ++i) node = child_of(*node, tokens[i]);
  return node != nullptr && child_of(*node, tokens.back()) != nullptr ? node : nullptr;
}

// What parent_of() found.
void erase(Json& parent, const std::string& token) {
  if (parent.is_array())
    parent.erase(*parse_number<std::size_t>(token));
  else
    parent.erase(token);
}

// One of several proposals that is wrong by itself: the error begins with it.
std::optional<Tokens> wrong_proposal(Json& file, Tokens tokens, std::string_view error) {
  Json* parent = tokens.size() > 2 && tokens.back() == "proposals" ? parent_of(file, tokens) : nullptr;
  const Json* list = parent == nullptr ? nullptr : child_of(*parent, tokens.back());
  for (std::size_t i = 0; list != nullptr && list->is_array() && list->size() > 1 && i < list->size(); ++i) {
    if (!(*list)[i].is_string() || !error.starts_with((*list)[i].get<std::string>() + ' ')) continue;
    tokens.push_back(std::to_string(i));
    return tokens;
  }
  return std::nullopt;
}

// The smallest piece that can go without changing the meaning of what stays; empty when there is none.
Tokens victim_of(Json& file, const config::Finding& error) {
  Tokens tokens = split(error.pointer);
  if (auto proposal = wrong_proposal(file, tokens, error.text)) return *proposal;
  const auto first = [&](std::size_t count) {
    return Tokens(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(count));
  };
  // Without "rules" everything would pass, so they never go as a whole.
  if (tokens.size() < 2)
    return tokens == Tokens{"nat"} || tokens == Tokens{"policy_routes"} || tokens == Tokens{"routes"} ? tokens : Tokens{};
  const bool lesser = tokens.size() > 2 && (tokens.back() == "description" || tokens.back() == "unit");
  if (lesser && parent_of(file, tokens) != nullptr) return tokens;
  if (tokens[0] == "tunnels" && tokens.size() > 3 && tokens[2] == "children") {
    const Json* parent = parent_of(file, first(4));
    return first(parent != nullptr && parent->size() > 1 ? 4 : 2);
  }
  if (tokens[0] == "gateway_groups" && tokens.size() > 3 && tokens[2] == "members") {
    const Json* parent = parent_of(file, first(4));
    return first(parent != nullptr && parent->size() > 1 ? 4 : 2);
  }
  const bool forgiving = std::ranges::find(kForgiving, tokens[0]) != kForgiving.end();
  if (!forgiving) return first(2);
  const bool needed = tokens.size() == 3 && (tokens[2] == "tunnel" || tokens[2] == "child" || tokens[2] == "device" ||
                                             tokens[2] == "interface" || tokens[2] == "address");
  return tokens.size() > 2 && !needed && parent_of(file, tokens) != nullptr ? tokens : first(2);
}

// A rule that lets nothing through, and still says what exactly: null when it is none.
Json* narrow_block(Json& file, const Tokens& tokens) {
  Json* list = tokens.size() == 2 && tokens[0] == "rules" ? parent_of(file, tokens) : nullptr;
  Json* rule = list == nullptr ? nullptr : child_of(*list, tokens[1]);
  return rule != nullptr && rule->value("action", "") != "pass" && rule->size() > 3 ? rule : nullptr;
}

// Without it later rules would pass what it blocked, so it blocks all that comes there.
void widen(Json& rule) {
  rule = {{"on", rule["on"]}, {"direction", rule.value("direction", "in")}, {"action", rule["action"]}};
}

std::string joined(const Tokens& tokens) {
  std::string result;
  for (const std::string& token : tokens) result += (result.empty() ? "" : "/") + token;
  return result;
}

// The first of each stays.
void drop_repeated(std::vector<Note>& notes) {
  std::set<std::tuple<std::string, int, std::string, std::string>> known;
  std::erase_if(notes, [&](const Note& note) { return !known.emplace(note.file, note.line, note.place, note.text).second; });
}

}  // namespace

std::string print(const Note& note, std::string_view file_name) {
  if (!note.file.empty()) file_name = note.file;
  return one_line(
      fmt::format("{}{}{}: {}{}{}{}", file_name, note.line > 0 ? fmt::format(":{}", note.line) : "",
                  note.place.empty() ? "" : ": " + note.place, note.text, note.remedy.empty() ? "" : "; ", note.remedy, ""),
      '?');
}

void append_name(std::string& list, std::string_view name) {
  constexpr std::string_view kMore = ", …";
  if (name.empty() || list.ends_with(kMore)) return;
  if (list.size() + name.size() > kLongestList)
    list += kMore;
  else
    list += fmt::format("{}{}", list.empty() ? "" : ", ", name);
}

void Draft::add(const std::string& section, const std::string& name, Json value, Place place) {
  named_[section + '/' + name] = std::move(place);
  file_[section][name] = std::move(value);
}

void Draft::append(const std::string& section, Json value, Place place) {
  listed_[section].push_back(std::move(place));
  file_[section].push_back(std::move(value));
}

void Draft::set(const std::string& section, const std::string& key, Json value, Place place) {
  add(section, key, std::move(value), std::move(place));
}

bool Draft::has(const std::string& section, const std::string& name) const { return named_.contains(section + '/' + name); }

std::string Draft::fresh_name(const std::string& section, std::string_view wanted, std::size_t longest) {
  std::string name;
  for (const char c : wanted) {
    const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    if (good)
      name += c;
    else if (!name.empty() && name.back() != '_')
      name += '_';
  }
  while (name.ends_with('_')) name.pop_back();
  while (name.starts_with('-')) name.erase(0, 1);
  name = name.substr(0, longest);
  if (name.empty()) name = "unnamed";
  if (!has(section, name)) return name;
  for (int& last = repeated_.emplace(fmt::format("{}/{}", section, name), 1).first->second;;) {
    const std::string suffix = fmt::format("_{}", ++last);
    std::string other = name.substr(0, longest - suffix.size()) + suffix;
    if (!has(section, other)) return other;
  }
}

void Draft::note(const Place& place, std::string text, std::string remedy) {
  if (notes_.size() >= kMostNotes) return;
  Note fresh{place.line, place.path, std::move(text), std::move(remedy), place.file};
  if (notes_.empty() || notes_.back() != fresh) notes_.push_back(std::move(fresh));
}

Json Draft::keep_secret(const std::string& name, std::string bytes) {
  if (!keeps_files()) return {{"text", std::string(config::kWithheldSecret)}};
  return {{"file", keep_file(name, std::move(bytes))}};
}

std::string Draft::keep_file(const std::string& name, std::string bytes) {
  std::string path = keeps_files() ? fmt::format("{}/{}", wish_.secrets_folder, name) : name;
  const bool fresh = known_.insert_or_assign(path, bytes).second;
  if (keeps_files() && fresh) files_.push_back({path, std::move(bytes)});
  return path;
}

Result<std::string> Draft::read(std::string_view name) const {
  const auto found = known_.find(std::string(name));
  if (found != known_.end()) return found->second;
  return fail(fmt::format("\"{}\" cannot be read here", name));
}

Place Draft::place_of(const Tokens& tokens) const {
  if (tokens.size() >= 4) {
    if (const auto own = named_.find(joined(Tokens(tokens.begin(), tokens.begin() + 4))); own != named_.end())
      return own->second;
  }
  if (tokens.size() >= 2 && is_list(tokens[0])) {
    const auto list = listed_.find(tokens[0]);
    const auto index = parse_number<std::size_t>(tokens[1]);
    return list != listed_.end() && index && *index < list->second.size() ? list->second[*index] : Place{};
  }
  const auto found = tokens.size() < 2 ? named_.end() : named_.find(tokens[0] + '/' + tokens[1]);
  return found == named_.end() ? Place{} : found->second;
}

void Draft::take_out(const std::vector<config::Finding>& errors) {
  std::map<Tokens, const config::Finding*, decltype(&before)> victims(&before);
  for (const config::Finding& error : errors) {
    if (auto victim = victim_of(file_, error); !victim.empty()) victims.emplace(std::move(victim), &error);
  }
  std::set<Tokens> widened;
  for (const auto& [tokens, error] : victims) {
    const std::string what = joined(tokens);
    const std::string_view key = std::string_view(error->pointer).substr(std::min(error->pointer.size(), what.size() + 2));
    const bool whole = !key.starts_with("on") && narrow_block(file_, tokens) != nullptr;
    if (whole) widened.insert(tokens);
    note(place_of(tokens),
         fmt::format("{} {}: {}{}{}", what,
                     whole ? "blocks all that comes there, lest later rules pass what it blocked" : "is not carried over", key,
                     key.empty() ? "" : ": ", error->text),
         whole ? "narrow it by hand" : error->remedy);
  }
  for (auto victim = victims.rbegin(); victim != victims.rend(); ++victim) {
    const Tokens& tokens = victim->first;
    if (widened.contains(tokens)) {
      widen(*narrow_block(file_, tokens));
      continue;
    }
    Json* parent = parent_of(file_, tokens);
    if (parent == nullptr) continue;
    erase(*parent, tokens.back());
    auto list = listed_.find(tokens[0]);
    if (tokens.size() == 2 && list != listed_.end())
      list->second.erase(list->second.begin() + static_cast<std::ptrdiff_t>(*parse_number<std::size_t>(tokens[1])));
  }
}

std::vector<Origin> Draft::origins() {
  std::vector<Origin> all;
  for (const auto& [what, place] : named_) {
    if (parent_of(file_, split('/' + what)) != nullptr) all.push_back({place.line, place.path, what, place.file, place.remark});
  }
  for (const auto& [section, places] : listed_) {
    for (std::size_t i = 0; i < places.size(); ++i)
      all.push_back({places[i].line, places[i].path, fmt::format("{}/{}", section, i), places[i].file, places[i].remark});
  }
  std::ranges::stable_sort(all, {}, [](const Origin& origin) { return std::tie(origin.file, origin.line); });
  return all;
}

Result<Imported> Draft::settle(std::string_view file_name) {
  const auto reader = [this](std::string_view name) { return read(name); };
  for (std::size_t round = 0; round < kMostRounds; ++round) {
    const auto parsed = config::parse(file_.dump(-1, ' ', false, Json::error_handler_t::replace), file_name, reader);
    if (parsed.config) {
      std::ranges::stable_sort(notes_, {}, [](const Note& note) { return std::tie(note.file, note.line); });
      drop_repeated(notes_);  // of what several things take over
      std::string text = print_plain(*parsed.config);
      std::erase_if(files_, [&](const KeptFile& file) { return !text.contains('"' + file.name + '"'); });
      return Imported{std::move(text), std::move(files_), std::move(notes_), origins()};
    }
    const std::size_t size = file_.dump(-1, ' ', false, Json::error_handler_t::replace).size();
    take_out(parsed.errors);
    if (file_.dump(-1, ' ', false, Json::error_handler_t::replace).size() == size) {
      return fail(fmt::format("{}: {}", parsed.errors.front().pointer, parsed.errors.front().text),
                  parsed.errors.front().remedy);
    }
  }
  return fail(fmt::format("after {} rounds there is still something wrong", kMostRounds));
}

}  // namespace vtid::foreign
