// charon's words about SAs as values: one `list-sa` message, or one event. A message that lacks a uniqueid, or speaks of an
// IKE_SA without a connection yet, is nothing; any other field that is absent or malformed keeps its default.
// All text is valid UTF-8 of a bounded length (words.h).
#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "model/sa_table.h"
#include "vici/message.h"

namespace vtid::vici {

struct Listing {
  model::IkeSa ike;
  std::vector<model::ChildSa> children;
  bool operator==(const Listing&) const = default;
};

struct IkeUpdown {
  bool up = false;
  model::IkeSa ike;
  bool operator==(const IkeUpdown&) const = default;
};
struct IkeRekeyed {
  model::IkeSa before;
  model::IkeSa after;
  bool operator==(const IkeRekeyed&) const = default;
};
// The IKE_SA with its new endpoints (charon raises the event before it changes them itself).
struct IkeMoved {
  model::IkeSa ike;
  bool operator==(const IkeMoved&) const = default;
};
struct ChildUpdown {
  bool up = false;
  Listing listing;
  bool operator==(const ChildUpdown&) const = default;
};
struct ChildRekeyed {
  model::IkeSa ike;
  model::ChildSa before;
  model::ChildSa after;
  bool operator==(const ChildRekeyed&) const = default;
};
using SaEvent = std::variant<IkeUpdown, IkeRekeyed, IkeMoved, ChildUpdown, ChildRekeyed>;

// `now` turns ages into moments.
[[nodiscard]] std::optional<Listing> decode_listing(const Message& message, WallTime now);
[[nodiscard]] std::optional<SaEvent> decode_event(std::string_view name, const Message& message, WallTime now);

}  // namespace vtid::vici
