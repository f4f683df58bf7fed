// Between the daemon and a scripted charon: one request is refused, not answered or cut off, or charon stops for a while like a
// process under SIGSTOP, to which connections can still be opened and into which bytes still go. Counts the requests.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "support/scripted_charon.h"

namespace vtid::test::matrix {

class TamperedWire {
 public:
  enum class Way {
    refused,           // and not done
    done_but_refused,  // the answer is a refusal, charon has done it
    never_answered,    // nor anything behind it on its line
    cut_before,        // charon never saw it
    cut_after,         // charon has done it, the answer is lost
    cut_within,        // half of the answer comes
    late               // the answer comes after kLate
  };
  static constexpr Duration kLate{5'000};

  explicit TamperedWire(ScriptedCharon& charon) : charon_(charon) {}

  void fail(std::size_t request, Way way) { fault_ = {request, way}; }
  [[nodiscard]] std::size_t requests() const { return requests_; }

  [[nodiscard]] bool open(int line);
  void close(int line);
  void send(int line, std::string_view bytes, TimePoint now);
  [[nodiscard]] bool is_open(int line);
  [[nodiscard]] std::string receive(int line, TimePoint now);

  void stop() { stopped_ = true; }
  void go_on(TimePoint now);
  void forget();  // charon is another process now

 private:
  struct Step {
    enum class Kind { open, close, bytes } kind{};
    int line = 0;
    std::string bytes;
  };
  void pass_on(int line, const std::string& segment, TimePoint now);
  void tamper(Way way, int line, const std::string& segment, TimePoint now);

  ScriptedCharon& charon_;
  std::optional<std::pair<std::size_t, Way>> fault_;
  std::size_t requests_ = 0;
  bool stopped_ = false;
  std::vector<Step> missed_;         // while it is stopped
  std::set<int> waiting_;            // lines of missed_ that are open for the daemon
  std::set<int> mute_, ending_;      // lines: without answers; cut when what is left was read
  std::map<int, std::string> left_;  // of ending_
  std::map<int, TimePoint> held_;    // lines: nothing is read before
};

}  // namespace vtid::test::matrix
