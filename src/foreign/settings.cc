#include "foreign/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace vtid::foreign {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string tidy(std::string text) {
  std::ranges::replace_if(
      text, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return text;
}

// What the files of one reading share.
struct Reading {
  const Includer& includer;
  std::vector<Setting>& includes;
  std::size_t settings = 0, files = 0;
};

class Parser {
 public:
  Parser(std::string_view text, std::string file, Reading& reading, std::size_t includes)
      : text_(text), file_(std::move(file)), reading_(reading), includes_(includes) {}

  // A whole text, into a section of that depth.
  Result<void> parse(Section& into, std::size_t depth) {
    if (auto read = section(into, depth); !read) return read;
    if (at_ < text_.size()) return wrong("'}' closes nothing", "take it out");
    return {};
  }

 private:
  [[nodiscard]] std::unexpected<Error> wrong(std::string_view what, std::string remedy) const {
    return fail(fmt::format("{}line {}: {}", file_.empty() ? "" : file_ + ": ", line_, what), std::move(remedy));
  }

  void advance() {
    if (text_[at_++] == '\n') ++line_;
  }

  void skip_blank() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '#') {
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
      } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
        advance();
      } else {
        return;
      }
    }
  }

  // Until one of `ends`, which is left alone; comments end it too.
  std::string_view until(std::string_view ends) {
    const std::size_t start = at_;
    while (at_ < text_.size() && !ends.contains(text_[at_]) && text_[at_] != '#') advance();
    return trimmed(text_.substr(start, at_ - start));
  }

  // Up to the section's '}', which is left alone, or the end of the text.
  Result<void> section(Section& into, std::size_t depth) {
    if (depth > kDeepestSection) return wrong(fmt::format("more than {} sections within each other", kDeepestSection), "");
    for (skip_blank(); at_ < text_.size() && text_[at_] != '}'; skip_blank()) {
      if (++reading_.settings > kMostSettings) return wrong(fmt::format("more than {} settings", kMostSettings), "");
      if (auto item = statement(into, depth); !item) return item;
    }
    return {};
  }

  Result<void> statement(Section& into, std::size_t depth) {
    const int line = line_;
    const std::string name(until("=:{}\n"));
    if (name.starts_with("include ") || name.starts_with("include\t")) {
      return include(into, tidy(std::string(trimmed(std::string_view(name).substr(8)))), line, depth);
    }
    skip_blank();
    const char next = at_ < text_.size() ? text_[at_] : '\0';
    if (at_ >= text_.size() && depth > 0)
      return wrong(fmt::format("the file ends inside \"{}\"", tidy(into.path.substr(0, 64))), "copy it again: it is cut off");
    if (name.empty() || name.find_first_of(" \t\"") != std::string::npos || (next != '=' && next != '{' && next != ':')) {
      line_ = line;
      return wrong(fmt::format("\"{}\" is neither a setting nor a section", tidy(name.substr(0, 64))),
                   "write KEY = VALUE or NAME { … }");
    }
    if (next == '=') return setting(into, name, line);
    return subsection(into, name, line, depth);
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

  Result<void> setting(Section& into, const std::string& key, int line) {
    advance();
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) advance();
    std::string value;
    if (at_ < text_.size() && text_[at_] == '"') {
      auto quoted = quoted_text();
      if (!quoted) return std::unexpected(quoted.error());
      value = std::move(*quoted);
    } else {
      value = std::string(until("\n}"));
    }
    if (into.settings.size() >= kMostInSection)
      return wrong(fmt::format("more than {} settings in a section", kMostInSection), "");
    const auto known = std::ranges::find(into.settings, key, &Setting::key);
    if (known != into.settings.end())
      *known = {key, tidy(std::move(value)), line, file_, false};
    else
      into.settings.push_back({key, tidy(std::move(value)), line, file_, false});
    return {};
  }

  Result<std::string> quoted_text() {
    const int line = line_;
    std::string value;
    for (advance(); at_ < text_.size() && text_[at_] != '"'; advance()) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
        advance();
        value += text_[at_] == 'n' ? '\n' : text_[at_] == 't' ? '\t' : text_[at_];
      } else {
        value += text_[at_];
      }
    }
    if (at_ < text_.size()) {
      advance();
      return value;
    }
    line_ = line;
    return wrong("the quotation that begins here has no end", "write the closing '\"'");
  }

  Result<void> subsection(Section& into, const std::string& name, int line, std::size_t depth) {
    std::vector<std::string> references;
    if (text_[at_] == ':') {
      advance();
      std::string_view list = until("{\n}");
      while (!list.empty()) {
        const auto comma = list.find(',');
        if (const auto one = trimmed(list.substr(0, comma)); !one.empty()) references.emplace_back(one);
        list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
      }
      skip_blank();
      if (at_ >= text_.size() || text_[at_] != '{')
        return wrong(fmt::format("\"{}\" has no '{{'", tidy(name.substr(0, 64))), "write NAME : OTHER { … }");
    }
    advance();
    auto known = std::ranges::find(into.sections, name, &Section::name);
    if (known == into.sections.end()) {
      into.sections.push_back({name, into.path.empty() ? name : into.path + '.' + name, line, file_, {}, {}, {}, false});
      known = std::prev(into.sections.end());
    }
    known->references.insert(known->references.end(), references.begin(), references.end());
    if (auto read = section(*known, depth + 1); !read) return read;
    if (at_ >= text_.size())
      return wrong(fmt::format("the file ends inside \"{}\" of line {}", tidy(name.substr(0, 64)), line),
                   "copy it again when it is cut off, or write the closing '}'");
    advance();
    return {};
  }

  std::string_view text_;
  const std::string file_;
  Reading& reading_;
  const std::size_t includes_;  // that led here
  std::size_t at_ = 0;
  int line_ = 1;
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
