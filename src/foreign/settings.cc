#include "foreign/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/one_line.h"
#include "base/settings_reader.h"

namespace vtid::foreign {
namespace {

// What the files of one reading share.
struct Reading {
  const Includer& includer;
  std::vector<Setting>& includes;
  std::size_t settings = 0, files = 0;
};

class Parser {
 public:
  Parser(std::string_view text, std::string file, Reading& reading, std::size_t includes)
      : reader_(text), file_(std::move(file)), reading_(reading), includes_(includes) {}

  // A whole text, into a section of that depth.
  Result<void> parse(Section& into, std::size_t depth) { return fill(into, depth, nullptr); }

 private:
  [[nodiscard]] std::unexpected<Error> wrong(std::string_view what, std::string remedy) const {
    return fail(fmt::format("{}line {}: {}", file_.empty() ? "" : file_ + ": ", reader_.line(), what),
                remedy + (reader_.at_end() ? ", or copy the file again if it is cut off" : ""));
  }

  // `opened` is the statement that its end belongs to; none for the text as a whole.
  Result<void> fill(Section& into, std::size_t depth, const SettingsItem* opened) {
    if (depth > kDeepestSection) return wrong(fmt::format("more than {} sections within each other", kDeepestSection), "");
    for (;;) {
      auto item = reader_.next();
      if (!item) return wrong(item.error().text, item.error().remedy);
      if (item->kind == SettingsItem::Kind::end_of_section) {
        if (opened == nullptr) return wrong("'}' closes nothing", "take it out");
        return {};
      }
      if (item->kind == SettingsItem::Kind::end_of_text) {
        if (opened == nullptr) return {};
        return wrong(
            fmt::format("the file ends inside \"{}\" of line {}", one_line(opened->name.substr(0, 64), ' '), opened->line),
            "write the closing '}'");
      }
      if (++reading_.settings > kMostSettings) return wrong(fmt::format("more than {} settings", kMostSettings), "");
      if (auto taken = take(into, *item, depth); !taken) return taken;
    }
  }

  Result<void> take(Section& into, SettingsItem& item, std::size_t depth) {
    switch (item.kind) {
      case SettingsItem::Kind::include: return include(into, one_line(std::move(item.value), ' '), item.line, depth);
      case SettingsItem::Kind::section: return open(into, item, depth);
      default: return set(into, item);
    }
  }

  Result<void> include(Section& into, const std::string& pattern, int line, std::size_t depth) {
    const bool follows = reading_.includer && includes_ < kDeepestInclude;
    const auto files = follows ? reading_.includer(pattern, file_) : std::vector<IncludedFile>{};
    if (files.empty()) reading_.includes.push_back({"include", pattern, line, file_, false});
    for (const IncludedFile& file : files) {
      if (++reading_.files > kMostIncluded) return wrong(fmt::format("more than {} files are included", kMostIncluded), "");
      if (auto read = Parser(file.text, file.name, reading_, includes_ + 1).parse(into, depth); !read) return read;
    }
    return {};
  }

  // The later value counts; an empty one is none again.
  Result<void> set(Section& into, SettingsItem& item) {
    std::erase_if(into.settings, [&](const Setting& known) { return known.key == item.name; });
    if (item.value.empty()) return {};
    if (into.settings.size() >= kMostInSection)
      return wrong(fmt::format("more than {} settings in a section", kMostInSection), "");
    into.settings.push_back({std::move(item.name), one_line(std::move(item.value), ' '), item.line, file_, false});
    return {};
  }

  Result<void> open(Section& into, const SettingsItem& item, std::size_t depth) {
    auto known = std::ranges::find(into.sections, item.name, &Section::name);
    if (known == into.sections.end()) {
      const std::string path = into.path.empty() ? item.name : into.path + '.' + item.name;
      into.sections.push_back({item.name, path, item.line, file_, {}, {}, {}, false});
      known = std::prev(into.sections.end());
    }
    known->references.insert(known->references.end(), item.references.begin(), item.references.end());
    return fill(*known, depth + 1, &item);
  }

  SettingsReader reader_;
  const std::string file_;
  Reading& reading_;
  const std::size_t includes_;  // that led here
};

// ---- references ------------------------------------------------------------------------------------------------------

// Those who take over from it have to account for what is in it.
void mark_all(const Section& section) {
  section.mark();
  for (const Setting& setting : section.settings) setting.read = true;
  for (const Section& below : section.sections) mark_all(below);
}

class References {
 public:
  explicit References(Section& root) : root_(root) {}

  Result<void> resolve(Section& section) {
    const auto references = std::exchange(section.references, {});
    open_.insert(section.path);
    for (const std::string& path : references) {
      if (open_.contains(path))
        return fail(fmt::format("line {}: \"{}\" takes over from itself", section.line, section.path),
                    "take the reference out");
      Section* other = find(path);
      if (other == nullptr)
        return fail(fmt::format("line {}: there is no section \"{}\" to take over from", section.line, path),
                    "name it from the top: connections.base");
      if (auto resolved = resolve(*other); !resolved) return resolved;
      const Section copy = *other;  // it may hold, or be beside, the one that takes over
      mark_all(*other);
      if (auto taken = take(section, copy, 0); !taken) return taken;
    }
    for (Section& below : section.sections) {
      if (auto resolved = resolve(below); !resolved) return resolved;
    }
    open_.erase(section.path);
    return {};
  }

 private:
  Section* find(std::string_view path) {
    Section* section = &root_;
    while (section != nullptr && !path.empty()) {
      const auto dot = path.find('.');
      const auto found = std::ranges::find(section->sections, path.substr(0, dot), &Section::name);
      section = found == section->sections.end() ? nullptr : &*found;
      path = dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
    }
    return section;
  }

  Result<void> take(Section& into, const Section& from, std::size_t depth) {
    count_ += 1 + from.settings.size();
    if (count_ > kMostTaken || depth > kDeepestSection)
      return fail(fmt::format("line {}: references make more than {} settings", into.line, kMostTaken), "");
    for (const Setting& setting : from.settings) {
      const bool known = std::ranges::find(into.settings, setting.key, &Setting::key) != into.settings.end();
      if (!known) into.settings.push_back({setting.key, setting.value, setting.line, setting.file, false});
    }
    for (const Section& below : from.sections) {
      auto own = std::ranges::find(into.sections, below.name, &Section::name);
      if (own == into.sections.end()) {
        into.sections.push_back({below.name, into.path + '.' + below.name, below.line, below.file, {}, {}, {}, false});
        own = std::prev(into.sections.end());
      }
      if (auto taken = take(*own, below, depth + 1); !taken) return taken;
    }
    return {};
  }

  Section& root_;
  std::set<std::string> open_;
  std::size_t count_ = 0;
};

}  // namespace

const Section* Section::find(std::string_view wanted) const {
  const auto found = std::ranges::find(sections, wanted, &Section::name);
  if (found == sections.end()) return nullptr;
  found->mark();
  return &*found;
}

const Section& Section::at(std::string_view wanted) const {
  static const Section none;
  const Section* found = find(wanted);
  return found == nullptr ? none : *found;
}

const Setting* Section::setting(std::string_view key) const {
  const auto found = std::ranges::find(settings, key, &Setting::key);
  if (found == settings.end()) return nullptr;
  found->read = true;
  return &*found;
}

const std::string& Section::value(std::string_view key) const {
  static const std::string none;
  const Setting* found = setting(key);
  return found == nullptr ? none : found->value;
}

std::vector<Unread> unread(const Section& section) {
  std::vector<Unread> result;
  for (const Setting& setting : section.settings) {
    if (!setting.read) result.push_back({nullptr, &section, &setting});
  }
  for (const Section& below : section.sections) {
    if (!below.read) {
      result.push_back({&below, nullptr, nullptr});
      continue;
    }
    const auto within = unread(below);
    result.insert(result.end(), within.begin(), within.end());
  }
  return result;
}

Result<Settings> parse_settings(std::string_view text, const Includer& includer) {
  Settings settings;
  Reading reading{includer, settings.includes};
  if (auto read = Parser(text, "", reading, 0).parse(settings.root, 0); !read) return std::unexpected(read.error());
  if (auto resolved = References(settings.root).resolve(settings.root); !resolved) return std::unexpected(resolved.error());
  return settings;
}

}  // namespace vtid::foreign
