#include "foreign/ipsec_conf_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/base64.h"
#include "base/one_line.h"
#include "foreign/ipsec_conf_words.h"
#include "foreign/pfsense_names.h"
#include "foreign/raw_keys.h"

namespace vtid::foreign {
namespace {

// Without what follows a '#' that begins a word outside of quotation marks.
std::string_view without_comment(std::string_view line) {
  bool quoted = false;
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (line[at] == '"') quoted = !quoted;
    const bool begins = at == 0 || line[at - 1] == ' ' || line[at - 1] == '\t';
    if (line[at] == '#' && begins && !quoted) return line.substr(0, at);
  }
  return line;
}

std::string unquoted(std::string text) {
  if (text.size() > 1 && text.starts_with('"') && text.ends_with('"')) return text.substr(1, text.size() - 2);
  return text;
}

// One line of a file.
struct ConfigLine {
  std::string_view text;  // without its comment
  int number = 0;
  bool indented = false;
};

std::vector<ConfigLine> config_lines(std::string_view text) {
  std::vector<ConfigLine> lines;
  int number = 0;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view line = without_comment(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (!trimmed_line(line).empty()) lines.push_back({line, number, line.front() == ' ' || line.front() == '\t'});
  }
  return lines;
}

// Who takes over from whom with both ends in each other's place: a section's path, and a name.
using Flips = std::set<std::pair<std::string, std::string>>;

class ConfReader {
 public:
  ConfReader(const Includer& includer, std::vector<Setting>& includes) : includer_(includer), includes_(includes) {}

  Result<void> read(std::string_view text, const std::string& file, std::size_t depth) {
    Section* open = nullptr;
    for (const ConfigLine& line : config_lines(text)) {
      const std::string words = trimmed_line(line.text);
      const std::string first = words.substr(0, words.find(' '));
      const std::string rest = words.size() > first.size() ? trimmed_line(words.substr(first.size())) : "";
      if (first == "include" && !words.contains('=')) {
        if (auto followed = include(unquoted(rest), line.number, file, depth); !followed) return followed;
        continue;
      }
      if (!line.indented && (first == "conn" || first == "ca" || first == "config")) {
        if (rest.empty()) return wrong(file, line, fmt::format("\"{}\" has no name", first));
        open = &section(first, unquoted(rest), line.number, file);
        continue;
      }
      if (!line.indented && first == "version" && open == nullptr) continue;
      const auto equals = words.find('=');
      if (open == nullptr || equals == std::string::npos || equals == 0)
        return wrong(file, line, open == nullptr ? "stands in no section" : "is no \"key = value\"");
      if (auto taken =
              take(*open, trimmed_line(words.substr(0, equals)), trimmed_line(words.substr(equals + 1)), line.number, file);
          !taken)
        return taken;
    }
    return {};
  }

  std::map<std::string, std::vector<Section>> sections;  // by kind
  Flips flips;

 private:
  static std::unexpected<Error> wrong(const std::string& file, const ConfigLine& line, std::string_view what) {
    return fail(fmt::format("{}line {}: {}", file.empty() ? "" : file + ": ", line.number, what),
                "correct it; ipsec.conf(5) says how it looks");
  }

  Section& section(const std::string& kind, const std::string& name, int line, const std::string& file) {
    auto& all = sections[kind];
    const auto known = std::ranges::find(all, name, &Section::name);
    if (known != all.end()) return *known;
    all.push_back({name, fmt::format("{} {}", kind, trimmed_line(name)), line, file, {}, {}, {}, false});
    return all.back();
  }

  Result<void> take(Section& into, std::string key, std::string value, int line, const std::string& file) {
    if (++settings_ > kMostSettings || into.settings.size() >= kMostInSection)
      return fail(fmt::format("line {}: there are more than {} settings", line, kMostInSection));
    value = unquoted(std::move(value));
    if (key == "also" || key == "alsoflip") {
      for (std::string& name : words_of(value, " ,")) {
        if (key == "alsoflip") flips.emplace(into.path, name);
        into.references.push_back(std::move(name));
      }
      return {};
    }
    std::erase_if(into.settings, [&](const Setting& known) { return known.key == key; });
    into.settings.push_back({key, std::move(value), line, file, false, fmt::format("{}.{}", into.path, key)});
    return {};
  }

  Result<void> include(const std::string& pattern, int line, const std::string& file, std::size_t depth) {
    const auto files = includer_ && depth < kDeepestInclude ? includer_(pattern, file) : std::vector<IncludedFile>{};
    if (files.empty()) includes_.push_back({"include", pattern, line, file, false});
    for (const IncludedFile& one : files) {
      if (++files_ > kMostIncluded) return fail(fmt::format("line {}: more than {} files are included", line, kMostIncluded));
      if (auto followed = read(one.text, one.name, depth + 1); !followed) return followed;
    }
    return {};
  }

  const Includer& includer_;
  std::vector<Setting>& includes_;
  std::size_t settings_ = 0, files_ = 0;
};

// Takes over what it lacks: from what it names, and last from "%default".
class Heirs {
 public:
  Heirs(const std::vector<Section>& all, const Flips& flips) : all_(all), flips_(flips) {}

  Result<Section> resolve(const Section& section) {
    Section result = section;
    result.references.clear();
    std::set<std::string> open{section.name};
    if (auto taken = take_from(result, section, open, false); !taken) return std::unexpected(taken.error());
    if (const Section* common = find("%default"); common != nullptr && common != &section) {
      add_missing(result, *common, false);
      if (auto taken = take_from(result, *common, open, false); !taken) return std::unexpected(taken.error());
    }
    std::erase_if(result.settings, [](const Setting& setting) { return setting.value.empty(); });  // unset again
    return result;
  }

  [[nodiscard]] bool is_taken_from(const Section& section) const {
    return std::ranges::any_of(all_, [&](const Section& other) {
      return std::ranges::find(other.references, section.name) != other.references.end();
    });
  }

 private:
  [[nodiscard]] const Section* find(std::string_view name) const {
    const auto found = std::ranges::find(all_, name, &Section::name);
    return found == all_.end() ? nullptr : &*found;
  }

  // Of "leftid" that of the other end: "rightid".
  static std::string other_end(const std::string& key) {
    if (key.starts_with("left")) return "right" + key.substr(4);
    return key.starts_with("right") ? "left" + key.substr(5) : key;
  }

  static void add_missing(Section& into, const Section& from, bool flipped) {
    for (const Setting& setting : from.settings) {
      setting.read = true;  // who takes it over accounts for it
      const std::string key = flipped ? other_end(setting.key) : setting.key;
      if (std::ranges::find(into.settings, key, &Setting::key) == into.settings.end()) {
        into.settings.push_back(setting);
        into.settings.back().key = key;
        into.settings.back().read = false;
      }
    }
  }

  Result<void> take_from(Section& into, const Section& section, std::set<std::string>& open, bool flipped) {
    for (const std::string& name : section.references) {
      const Section* other = find(name);
      if (other == nullptr)
        return fail(fmt::format("line {}: there is no conn \"{}\" to take over from", section.line, name),
                    "write it, or take \"also\" out");
      if (!open.insert(name).second) continue;  // once is enough
      if (open.size() > kMostInSection) return fail(fmt::format("line {}: it takes over from too many", section.line));
      const bool flips = flipped != flips_.contains({section.path, name});
      add_missing(into, *other, flips);
      if (auto taken = take_from(into, *other, open, flips); !taken) return taken;
    }
    return {};
  }

  const std::vector<Section>& all_;
  const Flips& flips_;
};

// ---- ipsec.secrets ---------------------------------------------------------------------------------------------------

std::string next_word(std::string_view& text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) {
    text = {};
    return "";
  }
  text.remove_prefix(first);
  const auto end = text.front() == '"' || text.front() == '\'' ? text.find(text.front(), 1) : text.find_first_of(" \t\r\n");
  const std::size_t size = std::min(
      end == std::string_view::npos ? text.size() : end + (text.front() == '"' || text.front() == '\'' ? 1 : 0), text.size());
  std::string word(text.substr(0, size));
  text.remove_prefix(size);
  return word;
}

// As swanctl.conf writes it: the bytes of what stands in quotation marks, digits as they are.
std::string secret_of(const std::string& word) {
  const bool quoted = word.size() > 1 && (word.front() == '"' || word.front() == '\'') && word.back() == word.front();
  if (quoted) return "0s" + encode_base64(word.substr(1, word.size() - 2));
  const bool digits = word.starts_with("0x") || word.starts_with("0s");
  return digits ? word : "0s" + encode_base64(word.starts_with("0t") ? word.substr(2) : word);
}

class SecretsReader {
 public:
  explicit SecretsReader(const Includer& includer) : includer_(includer) {}

  void read(std::string_view text, const std::string& file, std::size_t depth) {
    std::string entry;
    int line_of_entry = 0;
    for (const ConfigLine& line : config_lines(text)) {
      const std::string words = trimmed_line(line.text);
      if (!line.indented && words != "}" && !entry.empty()) take(std::exchange(entry, {}), line_of_entry, file);
      if (!line.indented && words.starts_with("include ")) {
        const auto files =
            includer_ && depth < kDeepestInclude ? includer_(trimmed_line(words.substr(8)), file) : std::vector<IncludedFile>{};
        for (const IncludedFile& one : files) {
          if (++files_ <= kMostIncluded) read(one.text, one.name, depth + 1);
        }
        continue;
      }
      if (entry.empty()) line_of_entry = line.number;
      entry += words + ' ';
    }
    if (!entry.empty()) take(entry, line_of_entry, file);
  }

  IpsecSecrets result;

 private:
  void take(const std::string& entry, int line, const std::string& file) {
    if (result.secrets.size() >= kMostInSection) return;
    Section secret{fmt::format("ike-{}", result.secrets.size()),
                   fmt::format("secret {}", result.secrets.size() + 1),
                   line,
                   file,
                   {},
                   {},
                   {},
                   false};
    std::string_view rest = entry;
    int ids = 0;
    for (std::string word = next_word(rest); !word.empty() && word != ":"; word = next_word(rest)) {
      const bool last = word.ends_with(':') && word.size() > 1 && !word.ends_with("::");
      if (last) word.pop_back();
      const std::string id = unquoted(word), plain = strongswan_identity(id);
      secret.settings.push_back({fmt::format("id-{}", ids++), plain.empty() ? id : plain, line, file, false});
      if (last) break;
    }
    const std::string kind = next_word(rest);
    if (kind == "RSA" && take_key(rest)) return;
    if (kind != "PSK" && kind != "psk") {
      result.others.push_back({kind.empty() ? "nothing" : kind, "", line, file, false});
      return;
    }
    secret.settings.push_back({"secret", secret_of(next_word(rest)), line, file, false});
    result.secrets.push_back(std::move(secret));
  }

  // `{ Modulus: 0x… PublicExponent: 0x… }`; false: it names a file instead.
  bool take_key(std::string_view rest) {
    if (next_word(rest) != "{") return false;
    std::map<std::string, std::string> numbers;
    for (std::string word = next_word(rest); !word.empty() && word != "}"; word = next_word(rest)) {
      if (word.ends_with(':')) numbers[word.substr(0, word.size() - 1)] = next_word(rest);
    }
    auto key = raw_private_key(numbers);
    if (key) result.keys.push_back(std::move(*key));
    return key.has_value();
  }

  const Includer& includer_;
  std::size_t files_ = 0;
};

}  // namespace

Result<IpsecConf> parse_ipsec_conf(std::string_view text, const Includer& includer) {
  IpsecConf conf;
  ConfReader reader(includer, conf.includes);
  if (auto read = reader.read(text, "", 0); !read) return std::unexpected(read.error());
  for (const auto& [kind, into] : {std::pair{"conn", &conf.conns}, std::pair{"ca", &conf.authorities}}) {
    Heirs heirs(reader.sections[kind], reader.flips);
    for (const Section& section : reader.sections[kind]) {
      if (section.name == "%default") continue;
      auto whole = heirs.resolve(section);
      if (!whole) return std::unexpected(whole.error());
      const bool is_used = std::ranges::find(whole->settings, "auto", &Setting::key) != whole->settings.end();
      if (heirs.is_taken_from(section) && !is_used) continue;  // it stands for others only
      into->push_back(std::move(*whole));
    }
  }
  conf.setup = {"setup", "config setup", 0, "", {}, {}, {}, true};
  for (const Section& setup : reader.sections["config"]) {
    if (setup.name == "setup") conf.setup = setup;
  }
  return conf;
}

IpsecSecrets parse_ipsec_secrets(std::string_view text, const std::string& file, const Includer& includer) {
  SecretsReader reader(includer);
  reader.read(text, file, 0);
  return std::move(reader.result);
}

}  // namespace vtid::foreign
