// `vtictl top`: rates, loss and latency of each tunnel, renewed as time passes. TopView makes a frame of what it was told and
// knows no terminal; run_top() asks the daemon, reads keys and draws.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "ctl/connection.h"

namespace vtid::ctl {

inline constexpr std::size_t kTopHistory = 60;  // samples of each tunnel that are kept

class TopView {
 public:
  enum class Order : std::uint8_t { name, state, rate, round_trip, loss };

  // A status of the daemon, taken at `now`. Counters that fall begin again.
  void add(const Json& status, TimePoint now);

  void sort_by(Order order) { order_ = order; }
  void scroll(int rows);
  [[nodiscard]] bool has_rates() const { return samples_ > 1; }

  // At most `rows` lines of at most `columns` characters, without a newline at the end.
  [[nodiscard]] std::string frame(std::size_t columns, std::size_t rows) const;
  // {"tunnels": [{"name", "state", "bits_in", "bits_out", "rtt_ms", "loss_percent"}]}; null where nothing was measured.
  [[nodiscard]] Json json() const;

 private:
  struct Tunnel {
    std::string name, state;
    double bytes_in = 0, bytes_out = 0;     // counted so far
    double rate_in = 0, rate_out = 0;       // bits a second
    double round_trip = -1, loss = -1;      // milliseconds and percent of the worst gateway; negative: not measured
    std::deque<double> rates, round_trips;  // the latest last
    bool counted = false, listed = false;
  };
  [[nodiscard]] std::vector<const Tunnel*> sorted() const;

  std::map<std::string, Tunnel> tunnels_;
  std::string head_;
  TimePoint last_{};
  std::size_t samples_ = 0;
  std::size_t first_ = 0;  // row that is shown first
  Order order_ = Order::name;
};

// "▁▂▃▄▅▆▇█" of the last `width` values, the greatest of them a full block; blanks where there was nothing.
[[nodiscard]] std::string sparkline(const std::deque<double>& values, std::size_t width);
// "0 bit/s", "999 bit/s", "1.5 Mbit/s".
[[nodiscard]] std::string print_bits(double bits_a_second);

struct TopOptions {
  Duration interval{1'000};
  int frames = 0;  // 0: until q or an interrupt; where the output is no terminal one
  bool json = false;
};
[[nodiscard]] Outcome<ExitCode> run_top(Connection& connection, const TopOptions& options, std::ostream& out);

}  // namespace vtid::ctl
