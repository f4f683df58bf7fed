// Where the members of an object go, in their order: into a tree of JSON values, or straight into text. Both take the same
// calls and say the same bytes. What is shown of thousands at a time goes into text: their tree would cost more than all else.
#pragma once

#include <algorithm>
#include <concepts>
#include <string>
#include <string_view>
#include <utility>

#include "control/message.h"

namespace vtid::control {

class JsonTree {
 public:
  explicit JsonTree(Json& object) : object_(object) { object_ = Json::object(); }

  template <class T>
  void add(std::string_view name, const T& value) {
    object_.push_back(Json::object_t::value_type(std::string(name), Json(value)));
  }
  // An object for each, whose members `put(to, item)` adds.
  template <class Items, class Put>
  void add_all(std::string_view name, const Items& items, Put put) {
    Json array = Json::array();
    for (const auto& item : items) {
      JsonTree to(array.emplace_back());
      put(to, item);
    }
    add(name, array);
  }

 private:
  Json& object_;
};

class JsonText {
 public:
  explicit JsonText(std::string& text) : text_(text) { text_ += '{'; }
  ~JsonText() { text_ += '}'; }
  JsonText(const JsonText&) = delete;
  JsonText& operator=(const JsonText&) = delete;

  template <class T>
  void add(std::string_view name, const T& value) {
    begin(name);
    if constexpr (std::same_as<T, Json>) {
      put_tree(value);
    } else if constexpr (std::same_as<T, bool>) {
      text_ += value ? "true" : "false";
    } else if constexpr (std::integral<T>) {
      text_ += std::to_string(value);
    } else if constexpr (std::floating_point<T>) {
      put_number(value);
    } else {
      put_string(value);
    }
  }
  template <class Items, class Put>
  void add_all(std::string_view name, const Items& items, Put put) {
    add_each(
        name, [&items](const auto& visit) { std::ranges::for_each(items, visit); }, put);
  }
  // Of the items that `each(visit)` visits.
  template <class Each, class Put>
  void add_each(std::string_view name, const Each& each, Put put) {
    begin(name);
    text_ += '[';
    bool first = true;
    each([&](const auto& item) {
      if (!std::exchange(first, false)) text_ += ',';
      JsonText to(text_);
      put(to, item);
    });
    text_ += ']';
  }

 private:
  void begin(std::string_view name);
  void put_string(std::string_view value);
  void put_number(double value);
  void put_tree(const Json& value);

  std::string& text_;
  bool empty_ = true;
};

}  // namespace vtid::control
