// Two configurations of vtid, one for each end: whether their tunnels would meet. Pure; never shows a secret.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/config.h"

namespace vtid::peers {

enum class Verdict : std::uint8_t {
  meets,    // both ends say the same
  unsure,   // it depends on what no file says, or it works and is hardly meant
  differs,  // the tunnel does not come up, or carries nothing
};
[[nodiscard]] std::string_view print(Verdict verdict);  // "meets"

struct Comparison {
  Verdict verdict = Verdict::meets;
  std::string what;   // "IKE proposals"
  std::string text;   // what each end says
  std::string local;  // place in the file: "/tunnels/hq/ike/proposals"; empty when there is none
  std::string peer;
  std::string remedy{};
  bool operator==(const Comparison&) const = default;
};

// One tunnel and its counterpart, or one that has none in the other file (an empty name).
struct Pair {
  std::string local, peer;
  std::vector<Comparison> comparisons;
  bool operator==(const Pair&) const = default;
};

// Pairs in the order of `local`. What only one file has stands last, and only when no tunnel has a counterpart.
[[nodiscard]] std::vector<Pair> compare(const model::Config& local, const model::Config& peer);

[[nodiscard]] bool would_meet(const std::vector<Pair>& pairs);  // there is a pair, and nothing differs in any

}  // namespace vtid::peers
