#include "foreign/pfsense.h"

#include <fmt/format.h>

#include "foreign/recognise.h"

namespace vtid::foreign {

Place place_of(const Element& element) { return {element.line, element.path}; }

Place described(const Element& element) { return {element.line, element.path, "", element.value("descr")}; }

void told(const Element& element) {
  element.mark();
  for (const Element& child : element.children) {
    if (is_pfsense_word(child.name)) told(child);
  }
}

void pass_over(const Element& element, std::initializer_list<std::string_view> children) {
  for (const std::string_view name : children) {
    for (const Element* child : element.all(name)) told(*child);
  }
}

std::string Work::list_of(const std::string& alias, const std::string& wanted, const char* key,
                          const std::vector<std::string>& entries) {
  const auto [known, fresh] = lists.emplace(wanted, "");
  if (fresh) {
    const Element& element = names.alias(alias);
    known->second = draft.fresh_name("lists", wanted, kLongestListName);
    draft.add("lists", known->second, {{key, entries}, {"description", element.value("descr")}}, place_of(element));
  }
  return '@' + known->second;
}

void note_texts(Work& work, const Element& element, std::initializer_list<std::string_view> children, std::string_view why) {
  for (const std::string_view name : children) {
    for (const Element* child : element.all(name)) {
      if (!child->text.empty()) work.draft.note(place_of(*child), fmt::format("is not carried over: {}", why));
    }
  }
}

std::string take_unread_names(const Element& element) {
  std::string names;
  for (const Element& child : element.children) {
    if (!child.read) append_name(names, child.name);
    append_name(names, take_unread_names(child));
    child.mark();
  }
  return names;
}

const VtiPort* Work::port_of(const std::string& key) const {
  const auto found = ports.find(names.device(key));
  return found == ports.end() ? nullptr : &found->second;
}

std::string Work::ours(const std::string& gateway) const {
  const auto found = renamed.find(gateway);
  return found == renamed.end() ? gateway : found->second;
}

std::string Work::device_interface(const std::string& key) {
  if (const auto known = interfaces.find(key); known != interfaces.end()) return known->second;
  const Element* entry = names.interface(key);
  if (entry == nullptr || names.device(key).empty()) return "";
  std::string name = draft.fresh_name("interfaces", names.title(key), 25);
  draft.add("interfaces", name, {{"device", names.device(key)}}, place_of(*entry));
  draft.note(place_of(*entry),
             fmt::format("interfaces/{} is the device {}, as on the {} host", name, names.device(key), product()),
             "put in what the device is called on the new host; its addresses are the system's");
  interfaces.emplace(key, name);
  return name;
}

Result<Imported> import_pfsense(std::string_view text, std::string_view file_name, const Wish& wish) {
  if (auto ours = expect(Source::pfsense, text, file_name); !ours) return std::unexpected(ours.error());
  const auto root = parse_xml(without_mark(text));
  if (!root) return fail(fmt::format("{}: {}", file_name, root.error().text), root.error().remedy);
  Draft draft(wish);
  Work work{*root, PfsenseNames(*root), draft, {}, {}, {}, {}, {}, {}, {}, false, false};
  if (!root->has("ipsec")) draft.note({}, "there is no <ipsec> in it, so there are no tunnels");
  carry_tunnels(work);
  carry_interfaces(work);
  carry_gateways(work);
  carry_filter(work);
  note_rest(work);
  return draft.settle(file_name);
}

}  // namespace vtid::foreign
