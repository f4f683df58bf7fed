#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/one_line.h"
#include "foreign/draft.h"
#include "foreign/import.h"

namespace vtid::foreign {
namespace {

constexpr std::size_t kAroundComment = 32;  // bytes: its indentation, and what begins and ends it

// What stands before a thing, by its JSON pointer; "" is the file as a whole.
using Comments = std::map<std::string, std::vector<std::string>>;

// "ipsec/phase1[2]/closeaction" is within "ipsec/phase1[2]" and "ipsec"; "conn hq.left" within "conn hq" and "conn".
std::string_view parent_place(std::string_view place) {
  const auto end = place.find_last_of("/. ");
  return place.substr(0, end == std::string_view::npos ? 0 : end);
}

// Where in the file a note belongs: at what it is a part of, else before what follows it there, else at the list of its kind.
class Homes {
 public:
  Homes(const std::vector<Origin>& origins, const Json& file) : file_(file) {
    for (const Origin& origin : origins) {
      at_.emplace(key(origin.file, origin.place), &origin);
      for (std::string_view place = parent_place(origin.place); !place.empty(); place = parent_place(place))
        within_[key(origin.file, place)].emplace(origin.line, &origin);
    }
  }

  // The pointer of what is there, or else of what holds it.
  [[nodiscard]] std::string pointer(const std::string& became) const {
    std::string pointer = '/' + became;
    while (!pointer.empty() && !file_.contains(Json::json_pointer(pointer))) pointer.resize(pointer.rfind('/'));
    return pointer;
  }

  [[nodiscard]] std::string of(const Note& note) const {
    for (std::string_view place = note.place; !place.empty(); place = parent_place(place)) {
      if (const auto own = at_.find(key(note.file, place)); own != at_.end()) return pointer(own->second->became);
      const auto around = within_.find(key(note.file, place));
      if (around == within_.end()) continue;
      const auto next = around->second.upper_bound(note.line);
      if (next != around->second.end()) return pointer(next->second->became);
      const std::string& became = around->second.rbegin()->second->became;
      return pointer(became.substr(0, became.find('/')));
    }
    return "";
  }

 private:
  static std::string key(const std::string& file, std::string_view place) { return fmt::format("{}\n{}", file, place); }

  const Json& file_;
  std::map<std::string, const Origin*> at_;
  std::map<std::string, std::multimap<int, const Origin*>> within_;
};

class CommentedPrinter {
 public:
  explicit CommentedPrinter(const Comments& comments) : comments_(comments) {}

  std::string print(const Json& file) {
    value(file, "", 0);
    return std::move(text_) + '\n';
  }

 private:
  static std::string printed(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }
  void line(std::size_t depth) { text_ += '\n' + std::string(2 * depth, ' '); }

  void comment(const std::string& pointer, std::size_t depth) {
    const auto found = comments_.find(pointer);
    if (found == comments_.end()) return;
    for (const std::string& one : found->second) {
      line(depth);
      const std::string quoted = printed(one);  // in UTF-8, whatever it was
      const Json whole = Json::parse(quoted, nullptr, false);
      text_ += "// " + whole.get<std::string>();
    }
  }

  void value(const Json& json, const std::string& pointer, std::size_t depth) {
    if (!json.is_structured()) {
      text_ += printed(json);
      return;
    }
    const bool object = json.is_object();
    text_ += object ? '{' : '[';
    if (pointer.empty()) comment(pointer, depth + 1);
    bool first = true;
    for (const auto& [key, below] : json.items()) {
      if (!std::exchange(first, false)) text_ += ',';
      const std::string own = fmt::format("{}/{}", pointer, key);
      comment(own, depth + 1);
      line(depth + 1);
      if (object) text_ += printed(key) + ": ";
      value(below, own, depth + 1);
    }
    if (!json.empty()) line(depth);
    text_ += object ? '}' : ']';
  }

  const Comments& comments_;
  std::string text_;
};

}  // namespace

std::string commented(const Imported& imported, std::string_view file_name) {
  const Json file = Json::parse(imported.text, nullptr, false);
  const Homes homes(imported.origins, file);
  Comments comments;
  std::size_t room = config::kLongestFile - std::min(config::kLongestFile, imported.text.size());  // the rest is in the list
  const auto add = [&](const std::string& pointer, std::string comment) {
    const std::size_t size = comment.size() + kAroundComment;
    if (size > room) return;
    room -= size;
    comments[pointer].push_back(std::move(comment));
  };
  for (const Origin& origin : imported.origins) {
    if (!origin.remark.empty()) add(homes.pointer(origin.became), one_line(origin.remark, ' '));
  }
  for (const Note& note : imported.notes) add(homes.of(note), print(note, file_name));
  return CommentedPrinter(comments).print(file);
}

}  // namespace vtid::foreign
