// Every known trap as a row of one table: what is looked at, what it does to traffic, what to do about it. Pure: it judges a
// snapshot and the facts that the host told. What was not read is "unknown", never well and never wrong.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "control/index.h"
#include "control/message.h"
#include "model/host_facts.h"

namespace vtid::control {

// From best to worst, as they are sorted and counted: warnings and errors make `vtictl doctor` exit with 4.
enum class Verdict : std::uint8_t { ok, unknown, caveat, warning, error };
[[nodiscard]] std::string_view print(Verdict verdict);

struct Diagnosis {
  std::string_view check;
  Verdict verdict = Verdict::ok;
  std::string object;  // "ipsec1", "tunnels/hq"; empty: the host itself
  std::string text;
  std::string consequence;  // empty when well
  std::string remedy;       // likewise
  bool operator==(const Diagnosis&) const = default;
};

// What a check says about what it looks at. Saying nothing means: all is well.
class DoctorFindings {
 public:
  void say(Verdict verdict, std::string object, std::string text, std::string remedy = {});
  void unread(std::string object, const Error& error);
  [[nodiscard]] std::vector<Diagnosis> take() { return std::move(found_); }

 private:
  std::vector<Diagnosis> found_;
};

struct DoctorInput {
  const Index& index;
  const model::HostFacts& host;
};

struct Check {
  std::string_view name;    // "rp_filter": docs/doctor.md has a section of that name
  std::string_view system;  // where this trap exists; empty: everywhere
  std::string_view well;    // in a few words, when nothing is found
  std::string_view consequence;
  std::string_view remedy;  // where a finding has no better one
  void (*look)(const DoctorInput& input, DoctorFindings& findings);
};

[[nodiscard]] std::span<const Check> checks();

// What is to be asked of the host about this snapshot.
[[nodiscard]] model::HostQuestion question_about(const Index& index);

// At least one of every check that applies, worst first.
[[nodiscard]] std::vector<Diagnosis> diagnose(const DoctorInput& input);

// As docs/control-protocol.md publishes it.
[[nodiscard]] Json render_diagnoses(const std::vector<Diagnosis>& diagnoses);

inline constexpr std::size_t kMostOfOneCheck = 16;  // findings that are shown; the last says how many more there are

}  // namespace vtid::control
