#include "platform/strongswan_conf.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace vtid::platform {
namespace {

constexpr std::string_view kBlank = " \t\r";
constexpr std::string_view kNotInName = "#{}:,=\"\n \t\r";
constexpr std::string_view kNotInWord = "#}\"\n \t\r";  // of a value

char unescaped(char c) {
  switch (c) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'b': return '\b';
    case 'f': return '\f';
    default: return c;
  }
}

// What all files together amount to.
struct Reading {
  const ConfReader& read;
  model::CharonSettings settings;
  std::vector<std::pair<std::string, std::string>> references;  // a section, and the one that it falls back to
  std::size_t bytes = 0;
  std::size_t files = 0;
};

class Parser {
 public:
  Parser(Reading& reading, const ConfFile& file, std::vector<std::string> sections, std::size_t depth)
      : reading_(reading),
        file_(file),
        text_(file.text),
        sections_(std::move(sections)),
        outer_(sections_.size()),
        depth_(depth) {}

  Result<void> run() {
    reading_.bytes += text_.size();
    if (++reading_.files > kMostConfFiles) return refuse(fmt::format("there are more than {} files", kMostConfFiles));
    if (reading_.bytes > kLongestConf) return refuse(fmt::format("all files are longer than {} bytes", kLongestConf));
    for (;;) {
      skip_space();
      if (at_ == text_.size()) break;
      if (auto done = statement(); !done) return done;
      if (reading_.settings.size() > kMostConfSettings) return refuse(fmt::format("more than {} settings", kMostConfSettings));
    }
    if (sections_.size() > outer_) return refuse("a section is not closed");
    return {};
  }

 private:
  [[nodiscard]] std::unexpected<Error> refuse(std::string_view what) const {
    const auto line = 1 + std::ranges::count(text_.substr(0, at_), '\n');
    return fail(fmt::format("{}:{}: {}", file_.path, line, what));
  }

  [[nodiscard]] char next() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip(std::string_view set) { at_ = std::min(text_.find_first_not_of(set, at_), text_.size()); }
  std::string_view take_until(std::string_view set) {
    const std::size_t from = at_;
    at_ = std::min(text_.find_first_of(set, at_), text_.size());
    return text_.substr(from, at_ - from);
  }
  void skip_space() {
    for (;;) {
      skip(" \t\r\n");
      if (next() != '#') return;
      take_until("\n");
    }
  }

  Result<void> statement() {
    if (next() == '}') {
      if (sections_.size() == outer_) return refuse("a } without its section");
      ++at_;
      sections_.pop_back();
      return {};
    }
    const std::string name(take_until(kNotInName));
    if (name.empty()) return refuse("a name is missing");
    if (name.size() > kLongestConfName) return refuse(fmt::format("a name is longer than {} bytes", kLongestConfName));
    skip(kBlank);
    if (name == "include" && next() != '=' && next() != '{' && next() != '\n') return include();
    skip_space();
    if (next() == '=') return setting(name);
    const std::vector<std::string> fallbacks = next() == ':' ? take_references() : std::vector<std::string>{};
    if (next() != '{') return refuse(fmt::format("after {} comes neither = nor {{", name));
    ++at_;
    return open(name, fallbacks);
  }

  [[nodiscard]] std::string path_of(std::string_view name) const {
    return sections_.empty() ? std::string(name) : fmt::format("{}.{}", sections_.back(), name);
  }

  Result<void> open(const std::string& name, const std::vector<std::string>& fallbacks) {
    if (sections_.size() >= kDeepestConf) return refuse(fmt::format("more than {} sections in each other", kDeepestConf));
    sections_.push_back(path_of(name));
    for (const std::string& fallback : fallbacks) reading_.references.emplace_back(sections_.back(), fallback);
    if (reading_.references.size() > kMostConfReferences)
      return refuse(fmt::format("more than {} sections fall back to others", kMostConfReferences));
    return {};
  }

  std::vector<std::string> take_references() {
    std::vector<std::string> names;
    do {
      ++at_;  // the colon, then commas
      skip_space();
      names.emplace_back(take_until(kNotInName).substr(0, kLongestConfName));
      skip_space();
    } while (next() == ',');
    return names;
  }

  Result<void> setting(const std::string& name) {
    ++at_;
    auto value = take_value();
    if (!value) return std::unexpected(value.error());
    if (value->empty()) {
      reading_.settings.erase(path_of(name));  // unset: the default again
    } else {
      reading_.settings.insert_or_assign(path_of(name), std::move(*value));
    }
    return {};
  }

  // Words and quoted strings up to the end of the line, with one space between them.
  Result<std::string> take_value() {
    std::string value;
    for (;;) {
      skip(kBlank);
      if (next() == '\0' || next() == '\n' || next() == '}' || next() == '#') return value;
      if (!value.empty()) value += ' ';
      if (next() != '"') {
        value += take_until(kNotInWord);
      } else if (auto quoted = take_quoted()) {
        value += *quoted;
      } else {
        return quoted;
      }
    }
  }

  Result<std::string> take_quoted() {
    std::string value;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '"') {
        ++at_;
        return value;
      }
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
        ++at_;
        if (text_[at_] != '\n') value += unescaped(text_[at_]);
      } else {
        value += text_[at_];
      }
    }
    return refuse("a quoted string does not end");
  }

  Result<void> include() {
    auto pattern = take_value();
    if (!pattern) return std::unexpected(pattern.error());
    if (pattern->empty()) return refuse("include without a file");
    if (depth_ >= kDeepestConf) return refuse(fmt::format("more than {} files include each other", kDeepestConf));
    if (!pattern->starts_with('/')) *pattern = file_.path.substr(0, file_.path.rfind('/') + 1) + *pattern;
    const auto files = reading_.read(*pattern);
    if (!files) return std::unexpected(files.error());
    for (const ConfFile& file : *files) {
      if (auto done = Parser(reading_, file, sections_, depth_ + 1).run(); !done) return done;
    }
    return {};
  }

  Reading& reading_;
  const ConfFile& file_;
  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<std::string> sections_;  // full names: "charon", "charon.plugins"
  std::size_t outer_;                  // how many of them belong to who includes this file
  std::size_t depth_;
};

// What `section` lacks it takes from `other`.
void fall_back(model::CharonSettings& settings, const std::string& section, const std::string& other) {
  std::vector<std::pair<std::string, std::string>> taken;
  for (auto found = settings.lower_bound(other + '.'); found != settings.end() && found->first.starts_with(other + '.');
       ++found) {
    if (!found->first.starts_with(section + '.'))
      taken.emplace_back(section + found->first.substr(other.size()), found->second);
  }
  settings.insert(taken.begin(), taken.end());
}

// /var/run is a link to /run on the systems that have both.
std::string_view without_var(std::string_view socket) {
  constexpr std::string_view kScheme = "unix://";
  if (socket.starts_with(kScheme)) socket.remove_prefix(kScheme.size());
  if (socket.starts_with("/var/run/")) socket.remove_prefix(std::string_view("/var").size());
  return socket;
}

}  // namespace

bool names_socket(const model::HostFacts& facts, const model::CharonSettings& settings, std::string_view vici) {
  const std::string own = model::charon_setting(settings, facts.charon_program, "plugins.vici.socket", "/run/charon.vici");
  return without_var(own) == without_var(vici);
}

Result<model::CharonSettings> parse_strongswan_conf(const ConfFile& file, const ConfReader& read) {
  Reading reading{read, {}, {}, 0, 0};
  if (auto done = Parser(reading, file, {}, 0).run(); !done) return std::unexpected(done.error());
  for (const auto& [section, other] : reading.references) {
    fall_back(reading.settings, section, other);
    if (reading.settings.size() > kMostConfSettings)
      return fail(fmt::format("{}: more than {} settings", file.path, kMostConfSettings));
  }
  return std::move(reading.settings);
}

}  // namespace vtid::platform
