#include "platform/strongswan_conf.h"

#include <fmt/format.h>

#include <string_view>

#include "base/settings_reader.h"

namespace vtid::platform {
namespace {

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
        reader_(file.text),
        sections_(std::move(sections)),
        outer_(sections_.size()),
        depth_(depth) {}

  Result<void> run() {
    reading_.bytes += file_.text.size();
    if (++reading_.files > kMostConfFiles) return refuse(fmt::format("there are more than {} files", kMostConfFiles));
    if (reading_.bytes > kLongestConf) return refuse(fmt::format("all files are longer than {} bytes", kLongestConf));
    for (;;) {
      auto item = reader_.next();
      if (!item) return refuse(item.error().text);
      if (item->kind == SettingsItem::Kind::end_of_text) break;
      if (auto done = take(std::move(*item)); !done) return done;
      if (reading_.settings.size() > kMostConfSettings) return refuse(fmt::format("more than {} settings", kMostConfSettings));
    }
    if (sections_.size() > outer_) return refuse("a section is not closed");
    return {};
  }

 private:
  [[nodiscard]] std::unexpected<Error> refuse(std::string_view what) const {
    return fail(fmt::format("{}:{}: {}", file_.path, reader_.line(), what));
  }

  [[nodiscard]] std::string path_of(std::string_view name) const {
    return sections_.empty() ? std::string(name) : fmt::format("{}.{}", sections_.back(), name);
  }

  Result<void> take(SettingsItem item) {
    if (item.name.size() > kLongestConfName) return refuse(fmt::format("a name is longer than {} bytes", kLongestConfName));
    switch (item.kind) {
      case SettingsItem::Kind::section: return open(item);
      case SettingsItem::Kind::include: return include(std::move(item.value));
      case SettingsItem::Kind::end_of_section:
        if (sections_.size() == outer_) return refuse("a } without its section");
        sections_.pop_back();
        return {};
      default: break;
    }
    if (item.value.empty()) {
      reading_.settings.erase(path_of(item.name));  // unset: the default again
    } else {
      reading_.settings.insert_or_assign(path_of(item.name), std::move(item.value));
    }
    return {};
  }

  Result<void> open(const SettingsItem& item) {
    if (sections_.size() >= kDeepestConf) return refuse(fmt::format("more than {} sections in each other", kDeepestConf));
    sections_.push_back(path_of(item.name));
    for (const std::string& reference : item.references) {
      if (reference.size() > kLongestConfName) return refuse(fmt::format("a name is longer than {} bytes", kLongestConfName));
      reading_.references.emplace_back(sections_.back(), reference);
    }
    if (reading_.references.size() > kMostConfReferences)
      return refuse(fmt::format("more than {} sections fall back to others", kMostConfReferences));
    return {};
  }

  Result<void> include(std::string pattern) {
    if (depth_ >= kDeepestConf) return refuse(fmt::format("more than {} files include each other", kDeepestConf));
    if (!pattern.starts_with('/')) pattern = file_.path.substr(0, file_.path.rfind('/') + 1) + pattern;
    const auto files = reading_.read(pattern);
    if (!files) return std::unexpected(files.error());
    for (const ConfFile& file : *files) {
      if (auto done = Parser(reading_, file, sections_, depth_ + 1).run(); !done) return done;
    }
    return {};
  }

  Reading& reading_;
  const ConfFile& file_;
  SettingsReader reader_;
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
