// A vtid.json in the making: what has been carried over so far, where each piece of it came from, and what was not. Turned
// into a file that config::parse accepts by taking out, with the reason, what it does not.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "config/parse.h"
#include "foreign/import.h"

namespace vtid::foreign {

using Json = nlohmann::ordered_json;

inline constexpr std::size_t kLongestTunnel = 64;  // name, in characters: conf/vtid.schema.json

// Of the foreign file.
struct Place {
  int line = 0;
  std::string path;
  std::string file{};    // that the foreign file includes
  std::string remark{};  // its description
};

class Draft {
 public:
  explicit Draft(Wish wish) : wish_(std::move(wish)) {}

  // `section` is a key of the file that holds named things: "tunnels". The name must be new there.
  void add(const std::string& section, const std::string& name, Json value, Place place);
  // `section` is a list: "routes".
  void append(const std::string& section, Json value, Place place);
  void set(const std::string& section, const std::string& key, Json value, Place place);
  void place(const std::string& what, Place place) { named_[what] = std::move(place); }  // "tunnels/hq/children/v4"
  void begin(const std::string& section) { file_[section] = Json::array(); }
  [[nodiscard]] bool has(const std::string& section, const std::string& name) const;
  // What add() put there.
  [[nodiscard]] Json& at(const std::string& section, const std::string& name) { return file_.at(section).at(name); }

  // Letters, digits, '_' and '-' of `wanted`, at most `longest` of them, unlike every name there is in `section`.
  [[nodiscard]] std::string fresh_name(const std::string& section, std::string_view wanted, std::size_t longest);

  void note(const Place& place, std::string text, std::string remedy = {});

  // What stands in the file for a pre-shared key: {"file": …} or {"text": …}.
  Json keep_secret(const std::string& name, std::string bytes);
  // What stands in the file for a certificate or a key.
  std::string keep_file(const std::string& name, std::string bytes);
  // What a file that is not ours to keep holds.
  void know_file(const std::string& name, std::string bytes) { known_[name] = std::move(bytes); }
  [[nodiscard]] bool keeps_files() const { return !wish_.secrets_folder.empty(); }

  // The end of the work. Fails only when something stays wrong that no piece of the file is to blame for.
  Result<Imported> settle(std::string_view file_name);

 private:
  [[nodiscard]] Result<std::string> read(std::string_view name) const;
  void take_out(const std::vector<config::Finding>& errors);
  [[nodiscard]] Place place_of(const std::vector<std::string>& tokens) const;
  [[nodiscard]] std::vector<Origin> origins();

  Wish wish_;
  Json file_{{"tunnels", Json::object()}};
  std::map<std::string, Place> named_;                // "tunnels/hq"
  std::map<std::string, std::vector<Place>> listed_;  // by section
  std::map<std::string, int> repeated_;               // names that were wanted again
  std::map<std::string, std::string> known_;
  std::vector<KeptFile> files_;
  std::vector<Note> notes_;
};

// "a, b": a list in a note, which ends in "…" when it becomes too long.
void append_name(std::string& list, std::string_view name);

inline constexpr std::size_t kLongestList = 16 * 1024;  // bytes
inline constexpr std::size_t kMostRounds = 100;         // of taking things out
inline constexpr std::size_t kMostNotes = 10'000;

}  // namespace vtid::foreign
