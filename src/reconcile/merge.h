// What is wanted and what is there, side by side, by what names a thing: one pass over two sequences in the order of their
// keys.
#pragma once

#include <algorithm>
#include <ranges>
#include <span>
#include <vector>

namespace vtid::reconcile {

// The items that `keep` takes, in the order of their keys, equal ones as they came. What is in that order is not sorted again.
template <class Items, class Key, class Keep>
auto by_key(const Items& items, Key key, Keep keep) {
  std::vector<const std::ranges::range_value_t<Items>*> found;
  for (const auto& item : items) {
    if (keep(item)) found.push_back(&item);
  }
  const auto key_of = [&key](const auto* item) -> decltype(auto) { return key(*item); };
  if (!std::ranges::is_sorted(found, {}, key_of)) std::ranges::stable_sort(found, {}, key_of);
  return found;
}
template <class Items, class Key>
auto by_key(const Items& items, Key key) {
  return by_key(items, key, [](const auto&) { return true; });
}

// Of two results of by_key(): missing(want) for what is not there, extra(have) for what nobody wants, and else both(want, have)
// with all that have its key.
template <class Want, class Have, class Key, class Missing, class Extra, class Both>
void merge(const std::vector<const Want*>& wanted, const std::vector<const Have*>& there, Key key, Missing missing, Extra extra,
           Both both) {
  auto next = there.begin();
  std::span<const Have* const> same;
  const Want* before = nullptr;
  for (const Want* want : wanted) {
    if (before == nullptr || key(*before) != key(*want)) {
      for (; next != there.end() && key(**next) < key(*want); ++next) extra(**next);
      const auto first = next;
      while (next != there.end() && key(**next) == key(*want)) ++next;
      same = {first, next};
    }
    before = want;
    if (same.empty()) {
      missing(*want);
    } else {
      both(*want, same);
    }
  }
  for (; next != there.end(); ++next) extra(**next);
}

}  // namespace vtid::reconcile
