// Named lists of the file ("lists"), and what a key of traffic says with their help. A list is held once, however many rules
// name it: the rule keeps the name, and what encodes it for the system makes a set or a table of it.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/address.h"

namespace vtid::model {

struct PortRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;
  auto operator<=>(const PortRange&) const = default;
};
[[nodiscard]] std::string print(const PortRange& range);  // "443", "5060-5061"

// Networks or ports, never both.
struct List {
  std::string name;
  std::vector<net::Prefix> networks{};  // sorted, none inside another
  std::vector<PortRange> ports{};       // sorted, none that another touches
  std::string description{};
  std::string file{};  // from which the networks were read; else they stand in the configuration
  bool operator==(const List&) const = default;

  [[nodiscard]] bool has(net::Family family) const;
};

// Sorted, and without what others of them hold already.
[[nodiscard]] std::vector<net::Prefix> reduced(std::vector<net::Prefix> networks);
[[nodiscard]] std::vector<PortRange> reduced(std::vector<PortRange> ports);

// A list that does not change any more, as its users hold it. They are compared by their digests, so that it costs the same for
// long lists as for short ones.
class ListRef {
 public:
  explicit ListRef(List list);

  [[nodiscard]] const List& operator*() const { return *list_; }
  [[nodiscard]] const List* operator->() const { return list_.get(); }
  // Of the content, without the description: equal for equal content and for no other, as far as 64 bits go.
  [[nodiscard]] const std::string& digest() const { return digest_; }

  friend bool operator==(const ListRef& a, const ListRef& b) { return (a <=> b) == 0; }
  friend std::strong_ordering operator<=>(const ListRef& a, const ListRef& b) {
    if (a.list_ == b.list_) return std::strong_ordering::equal;
    if (const auto order = a->name <=> b->name; order != 0) return order;
    if (const auto order = a.digest_ <=> b.digest_; order != 0) return order;
    if (const auto order = a->file <=> b->file; order != 0) return order;
    return a->description <=> b->description;
  }

 private:
  std::shared_ptr<const List> list_;
  std::string digest_;
};

[[nodiscard]] inline const std::vector<net::Prefix>& values_of(const List& list, const net::Prefix*) { return list.networks; }
[[nodiscard]] inline const std::vector<PortRange>& values_of(const List& list, const PortRange*) { return list.ports; }

// One of these: values that stand where they are used, and values of lists. Without any: whatever there is.
template <class T>
struct AnyOf {
  AnyOf() = default;
  AnyOf(std::initializer_list<T> items) : values(items) {}

  std::vector<T> values;
  std::vector<ListRef> lists;
  auto operator<=>(const AnyOf&) const = default;
  bool operator==(const AnyOf&) const = default;

  [[nodiscard]] bool empty() const { return values.empty() && lists.empty(); }
  [[nodiscard]] std::size_t size() const {  // with those of the lists
    std::size_t sum = values.size();
    for (const ListRef& list : lists) sum += values_of(*list, static_cast<const T*>(nullptr)).size();
    return sum;
  }
  // The places where a value is looked for: here, and in each list.
  [[nodiscard]] std::size_t places() const { return (values.empty() ? 0 : 1) + lists.size(); }
  [[nodiscard]] std::vector<T> all() const {
    std::vector<T> result = values;
    for (const ListRef& list : lists)
      std::ranges::copy(values_of(*list, static_cast<const T*>(nullptr)), std::back_inserter(result));
    return result;
  }
};

// Of one family, as few networks as say it: what is in `any`, or anywhere if that is empty, and not in `except`.
[[nodiscard]] std::vector<net::Prefix> difference(const AnyOf<net::Prefix>& any, const AnyOf<net::Prefix>& except,
                                                  net::Family family);
// Whether there is any, at less cost.
[[nodiscard]] bool leaves_any(const AnyOf<net::Prefix>& any, const AnyOf<net::Prefix>& except, net::Family family);

}  // namespace vtid::model
