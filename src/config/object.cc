#include "config/object.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

namespace vtid::config {
namespace {

constexpr std::size_t kLongestComparedWord = 64;

// Levenshtein's distance, a swap of neighbours counting once.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = std::exchange(last, row);
  }
  return last.back();
}

const Node::Object kNothing;

}  // namespace

std::optional<std::string_view> nearest(std::string_view text, const std::vector<std::string_view>& candidates) {
  if (text.size() > kLongestComparedWord) return std::nullopt;
  std::optional<std::string_view> best;
  std::size_t best_distance = std::max<std::size_t>(2, text.size() / 3) + 1;
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > kLongestComparedWord) continue;
    const std::size_t found = distance(text, candidate);
    if (found >= best_distance || found >= candidate.size()) continue;
    best = candidate;
    best_distance = found;
  }
  return best;
}

Object::Object(const Node& node, std::string pointer, Findings& findings)
    : members_(std::get_if<Node::Object>(&node.value)), pointer_(std::move(pointer)), findings_(&findings) {
  if (members_ != nullptr) return;
  members_ = &kNothing;
  fail(Error{fmt::format("is {}, not an object", kind(node)), "write { … }"});
}

const Node* Object::find(std::string_view key) {
  if (std::ranges::find(asked_, key) == asked_.end()) asked_.push_back(key);
  const auto found = std::ranges::find(*members_, key, &Member::key);
  return found == members_->end() ? nullptr : &found->node;
}

bool Object::has(std::string_view key) { return find(key) != nullptr; }

bool Object::has_text(std::string_view key) {
  const Node* node = find(key);
  return node != nullptr && std::holds_alternative<std::string>(node->value);
}

void Object::need(std::string_view key) {
  if (readable() && !has(key)) fail(key, Error{"is required but missing", ""});
}

bool Object::readable() const { return members_ != &kNothing; }

void Object::allow_only(std::string_view key, std::string_view text) {
  for (const Member& member : *members_) {
    if (member.key == key) continue;
    asked_.push_back(member.key);
    fail(member.key, Error{std::string(text), "take it out"});
  }
}

std::optional<Object> Object::object(std::string_view key) {
  const Node* node = find(key);
  if (node == nullptr) return std::nullopt;
  return Object(*node, join(pointer_, key), *findings_);
}

std::vector<std::pair<std::string, Object>> Object::named(std::string_view key, std::size_t most) {
  std::vector<std::pair<std::string, Object>> result;
  const auto all = object(key);
  if (!all) return result;
  if (all->members_->size() > most) {
    fail(key, Error{fmt::format("has {} entries", all->members_->size()), fmt::format("at most {} are allowed", most)});
    return result;
  }
  result.reserve(all->members_->size());
  for (const Member& member : *all->members_) {
    result.emplace_back(member.key, Object(member.node, join(all->pointer_, member.key), *findings_));
  }
  return result;
}

std::vector<Object> Object::items(std::string_view key) {
  std::vector<Object> result;
  const Node* node = find(key);
  if (node == nullptr) return result;
  const auto* array = std::get_if<Node::Array>(&node->value);
  if (array == nullptr) {
    fail(key, Error{fmt::format("is {}, not an array", kind(*node)), "write [ … ]"});
    return result;
  }
  for (std::size_t i = 0; i < array->size(); ++i) {
    result.emplace_back((*array)[i], join(join(pointer_, key), i), *findings_);
  }
  return result;
}

void Object::fail(std::string_view key, Error error) {
  findings_->error(join(pointer_, key), std::move(error.text), std::move(error.remedy));
}

void Object::fail(Error error) { findings_->error(pointer_, std::move(error.text), std::move(error.remedy)); }

void Object::close() {
  for (const Member& member : *members_) {
    if (std::ranges::find(asked_, member.key) == asked_.end()) report_unknown(member.key);
  }
}

void Object::report_unknown(std::string_view key) {
  const auto meant = nearest(key, asked_);
  fail(key, Error{"is not a known key", meant ? fmt::format("did you mean \"{}\"?", *meant)
                                              : fmt::format("known here: {}", fmt::join(asked_, ", "))});
}

}  // namespace vtid::config
