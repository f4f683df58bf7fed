#include "foreign/xml.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/property_tree/ptree.hpp>
#include <boost/property_tree/xml_parser.hpp>
#include <map>
#include <sstream>

#include "base/one_line.h"

namespace vtid::foreign {
namespace {

using Tree = boost::property_tree::ptree;

// Walks over the markup before the library sees it, because that recurses without a bound, takes any closing tag for any other
// and keeps no lines.
class Outline {
 public:
  explicit Outline(std::string_view text) : text_(text) {}

  // The lines of the opening tags, in their order.
  Result<std::vector<int>> read() {
    if (const auto nul = text_.find('\0'); nul != std::string_view::npos) {
      move_to(nul);
      return wrong("holds a NUL byte, so it is no XML", "export it again");
    }
    for (auto start = text_.find('<'); start != std::string_view::npos; start = text_.find('<', at_)) {
      move_to(start);
      if (auto step = markup(); !step) return std::unexpected(step.error());
    }
    if (open_.empty() && lines_.empty()) return wrong("holds no element", "give the XML file itself");
    if (open_.empty()) return std::move(lines_);
    return cut_off();
  }

 private:
  struct Open {
    std::string_view name;
    int line;
  };

  void move_to(std::size_t to) {
    line_ += static_cast<int>(std::ranges::count(text_.substr(at_, to - at_), '\n'));
    at_ = to;
  }

  [[nodiscard]] std::unexpected<Error> wrong(std::string_view what, std::string remedy) const {
    return fail(fmt::format("line {}: {}", line_, what), std::move(remedy));
  }

  [[nodiscard]] std::unexpected<Error> cut_off() const {
    return wrong(
        open_.empty() ? "ends inside a tag" : fmt::format("ends inside <{}> of line {}", open_.back().name, open_.back().line),
        "export it again: it is cut off");
  }

  Result<void> skip_past(std::string_view end) {
    const auto found = text_.find(end, at_);
    if (found == std::string_view::npos)
      return wrong(fmt::format("what begins here has no end \"{}\"", end), "export it again: it is cut off");
    move_to(found + end.size());
    return {};
  }

  Result<void> markup() {
    const std::string_view rest = text_.substr(at_);
    if (rest.starts_with("<!--")) return skip_past("-->");
    if (rest.starts_with("<![CDATA[")) return open_.empty() ? wrong("text outside of the root element", "") : skip_past("]]>");
    if (rest.starts_with("<?")) return skip_past("?>");
    if (std::string_view("<![CDATA[").starts_with(rest)) return cut_off();
    if (rest.starts_with("<!")) {
      if (rest.substr(0, rest.find('>')).contains('[')) return wrong("declares entities of its own", "take the DOCTYPE out");
      return skip_past(">");
    }
    return rest.starts_with("</") ? closing_tag() : opening_tag();
  }

  Result<void> closing_tag() {
    const auto end = text_.find('>', at_);
    if (end == std::string_view::npos) return cut_off();
    std::string_view name = text_.substr(at_ + 2, end - at_ - 2);
    while (!name.empty() && (name.back() == ' ' || name.back() == '\n' || name.back() == '\t' || name.back() == '\r')) {
      name.remove_suffix(1);
    }
    if (open_.empty()) return wrong(fmt::format("</{}> closes nothing", name.substr(0, 64)), "");
    if (open_.back().name != name) {
      return wrong(fmt::format("</{}> does not close <{}> of line {}", name.substr(0, 64), open_.back().name.substr(0, 64),
                               open_.back().line),
                   "correct the tag, or export the file again");
    }
    open_.pop_back();
    return skip_past(">");
  }

  Result<void> opening_tag() {
    auto end = at_ + 1;
    char quote = 0;
    for (; end < text_.size() && (quote != 0 || text_[end] != '>'); ++end) {
      if (quote != 0)
        quote = text_[end] == quote ? '\0' : quote;
      else if (text_[end] == '"' || text_[end] == '\'')
        quote = text_[end];
      else if (text_[end] == '<')
        break;
    }
    if (quote != 0) return wrong("a tag has no end", "correct its quotation marks, or export the file again: it is cut off");
    if (end >= text_.size()) return cut_off();
    if (text_[end] != '>') return wrong("a tag has no end", "correct it, or export the file again");
    const std::string_view tag = text_.substr(at_ + 1, end - at_ - 1);
    const std::string_view name = tag.substr(0, tag.find_first_of(" \t\r\n/"));
    if (name.empty()) return wrong("a tag has no name", "write < in text as &lt;");
    if (open_.empty() && !lines_.empty()) return wrong("a second root element", "an XML document has one");
    if (lines_.size() >= kMostElements) return wrong(fmt::format("more than {} elements", kMostElements), "");
    lines_.push_back(line_);
    if (!tag.ends_with('/')) open_.push_back({name, line_});
    if (open_.size() > kDeepestElement)
      return wrong(fmt::format("more than {} elements within each other", kDeepestElement), "");
    move_to(end + 1);
    return {};
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
  std::vector<Open> open_;
  std::vector<int> lines_;
};

class Builder {
 public:
  explicit Builder(std::vector<int> lines) : lines_(std::move(lines)) {}

  Element build(const std::string& name, const Tree& tree, std::string path) {
    Element element{name, std::move(path), trimmed_line(tree.data()), next_ < lines_.size() ? lines_[next_] : 0, {}, false};
    ++next_;
    element.uuid = trimmed_line(tree.get("<xmlattr>.uuid", ""));
    std::map<std::string_view, std::size_t> total, seen;
    for (const auto& [child, below] : tree) ++total[child];
    for (const auto& [child, below] : tree) {
      if (child.starts_with('<')) continue;  // <xmlattr>
      std::string own = element.path.empty() ? child : fmt::format("{}/{}", element.path, child);
      if (total[child] > 1) own += fmt::format("[{}]", ++seen[child]);
      element.children.push_back(build(child, below, std::move(own)));
    }
    return element;
  }

 private:
  std::vector<int> lines_;
  std::size_t next_ = 0;
};

}  // namespace

const Element* Element::find(std::string_view child) const {
  const auto found = std::ranges::find(children, child, &Element::name);
  if (found == children.end()) return nullptr;
  found->mark();
  return &*found;
}

const Element& Element::at(std::string_view child) const {
  static const Element none;
  const Element* found = find(child);
  return found == nullptr ? none : *found;
}

std::vector<const Element*> Element::all(std::string_view child) const {
  std::vector<const Element*> result;
  for (const Element& element : children) {
    if (element.name != child) continue;
    element.mark();
    result.push_back(&element);
  }
  return result;
}

std::vector<const Element*> unread(const Element& element) {
  std::vector<const Element*> result;
  for (const Element& child : element.children) {
    if (!child.read) {
      result.push_back(&child);
      continue;
    }
    const auto below = unread(child);
    result.insert(result.end(), below.begin(), below.end());
  }
  return result;
}

Result<Element> parse_xml(std::string_view text) {
  namespace xml = boost::property_tree::xml_parser;
  auto lines = Outline(text).read();
  if (!lines) return std::unexpected(lines.error());
  std::istringstream stream{std::string(text)};
  Tree document;
  try {
    xml::read_xml(stream, document, xml::no_comments);  // it would trim within texts too, keys among them
  } catch (const xml::xml_parser_error& error) {
    return fail(fmt::format("line {}: {}", error.line(), error.message()), "correct it, or export the file again");
  }
  const auto root = std::ranges::find_if(document, [](const auto& item) { return !item.first.starts_with('<'); });
  if (root == document.end()) return fail("line 1: holds no element", "give the XML file itself");
  return Builder(std::move(*lines)).build(root->first, root->second, "");
}

}  // namespace vtid::foreign
