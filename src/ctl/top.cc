#include "ctl/top.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <ostream>

#include "base/printable.h"
#include "ctl/display.h"
#include "ctl/screen.h"
#include "vtid/protocol.h"

namespace vtid::ctl {
namespace {

constexpr std::size_t kSparkWidth = 10, kShortSparkWidth = 7;  // of one sparkline; the shorter one below so many columns:
constexpr std::size_t kRoomy = 100;
constexpr std::size_t kNarrowest = 40;  // columns
constexpr std::size_t kFewestRows = 3;
constexpr std::size_t kFixed = 54;  // columns of a row beside the name and the two sparklines
constexpr std::size_t kShortestName = 8;
constexpr Duration kLookPatience{10'000};  // for the daemon's answer

void push(std::deque<double>& values, double value) {
  values.push_back(value);
  if (values.size() > kTopHistory) values.pop_front();
}

std::string print_milliseconds(double value) { return value < 0 ? "-" : fmt::format("{:.1f} ms", value); }
std::string print_percent(double value) { return value < 0 ? "-" : fmt::format("{:.0f} %", value); }

}  // namespace

std::string sparkline(const std::deque<double>& values, std::size_t width) {
  static constexpr std::array<std::string_view, 8> kBlocks{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const std::size_t shown = std::min(width, values.size());
  const auto first = values.end() - static_cast<std::ptrdiff_t>(shown);
  const double greatest = shown == 0 ? 0 : *std::max_element(first, values.end());
  std::string text(width - shown, ' ');
  for (auto value = first; value != values.end(); ++value) {
    if (*value <= 0) {
      text += ' ';
      continue;
    }
    const double share = *value / greatest * static_cast<double>(kBlocks.size());
    text += kBlocks.at(static_cast<std::size_t>(std::clamp(std::ceil(share), 1.0, 8.0)) - 1);
  }
  return text;
}

std::string print_bits(double bits) {
  static constexpr std::array<std::string_view, 5> kUnits{"bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"};
  std::size_t unit = 0;
  for (; bits >= 999.95 && unit + 1 < kUnits.size(); ++unit) bits /= 1000;
  return unit == 0 ? fmt::format("{:.0f} {}", bits, kUnits.front()) : fmt::format("{:.1f} {}", bits, kUnits.at(unit));
}

void TopView::add(const Json& status, TimePoint now) {
  const double seconds = std::chrono::duration<double>(now - last_).count();
  const bool is_first = samples_++ == 0;
  last_ = now;
  const Json& charon = object_of(status, "charon");
  head_ = fmt::format("vtid {}  charon {}  filter {}  problems {}", text_of(status, "version"),
                      text_of(charon, "connected") == "yes" ? text_of(charon, "version") : "lost",
                      text_of(object_of(status, "filter"), "live"), array_of(status, "problems").size());
  for (auto& [name, tunnel] : tunnels_) tunnel.listed = false;
  for (const Json& row : array_of(status, "tunnels")) {
    Tunnel& tunnel = tunnels_[text_of(row, "name")];
    tunnel.name = text_of(row, "name");
    tunnel.state = text_of(row, "state");
    tunnel.listed = true;
    const double in = number_of(row, "bytes_in"), out = number_of(row, "bytes_out");
    const bool counts_on = tunnel.counted && !is_first && seconds > 0 && in >= tunnel.bytes_in && out >= tunnel.bytes_out;
    tunnel.rate_in = counts_on ? (in - tunnel.bytes_in) * 8 / seconds : 0;
    tunnel.rate_out = counts_on ? (out - tunnel.bytes_out) * 8 / seconds : 0;
    if (tunnel.counted) push(tunnel.rates, tunnel.rate_in + tunnel.rate_out);
    tunnel.bytes_in = in;
    tunnel.bytes_out = out;
    tunnel.counted = true;
    tunnel.round_trip = tunnel.loss = -1;
    for (const Json& gateway : array_of(row, "gateways")) {
      const std::string state = text_of(gateway, "state");
      if (state == "unmonitored" || state == "pending") continue;
      const double loss = number_of(gateway, "loss_percent");
      if (loss < 100) tunnel.round_trip = std::max(tunnel.round_trip, number_of(gateway, "rtt_ms"));
      tunnel.loss = std::max(tunnel.loss, loss);
    }
    push(tunnel.round_trips, std::max(tunnel.round_trip, 0.0));
  }
  std::erase_if(tunnels_, [](const auto& entry) { return !entry.second.listed; });
}

void TopView::scroll(int rows) {
  const auto last = static_cast<std::ptrdiff_t>(tunnels_.empty() ? 0 : tunnels_.size() - 1);
  first_ = static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(first_) + rows, 0, last));
}

std::vector<const TopView::Tunnel*> TopView::sorted() const {
  std::vector<const Tunnel*> rows;
  for (const auto& [name, tunnel] : tunnels_) rows.push_back(&tunnel);
  const auto by = [this](const Tunnel& tunnel) -> double {
    switch (order_) {
      case Order::rate: return tunnel.rate_in + tunnel.rate_out;
      case Order::round_trip: return tunnel.round_trip;
      case Order::loss: return tunnel.loss;
      case Order::name:
      case Order::state: break;
    }
    return 0;
  };
  std::ranges::stable_sort(rows, [&](const Tunnel* one, const Tunnel* other) {
    return order_ == Order::state ? one->state < other->state : by(*one) > by(*other);
  });
  return rows;
}

std::string TopView::frame(std::size_t columns, std::size_t rows) const {
  columns = std::max(columns, kNarrowest);
  rows = std::max(rows, kFewestRows);
  const std::size_t spark = columns < kRoomy ? kShortSparkWidth : kSparkWidth;
  const std::size_t fixed = kFixed + 2 * spark;
  const std::size_t name_width = columns > fixed + kShortestName ? columns - fixed : kShortestName;
  std::vector<std::string> lines{
      printable(head_), fmt::format("{} {} {:>11} {:>11}  {} {} {:>9} {:>5}", fitted("TUNNEL", name_width), fitted("STATE", 10),
                                    "IN", "OUT", fitted("TRAFFIC", spark), fitted("LATENCY", spark), "RTT", "LOSS")};
  const auto tunnels = sorted();
  const std::size_t room = rows - lines.size();
  const std::size_t from = std::min(first_, tunnels.empty() ? 0 : tunnels.size() - 1);
  for (std::size_t row = from; row < std::min(from + room, tunnels.size()); ++row) {
    const Tunnel& tunnel = *tunnels[row];
    lines.push_back(fmt::format("{} {} {:>11} {:>11}  {} {} {:>9} {:>5}", fitted(printable(tunnel.name), name_width),
                                fitted(printable(tunnel.state), 10), print_bits(tunnel.rate_in), print_bits(tunnel.rate_out),
                                sparkline(tunnel.rates, spark), sparkline(tunnel.round_trips, spark),
                                print_milliseconds(tunnel.round_trip), print_percent(tunnel.loss)));
  }
  std::string text;
  for (std::string& line : lines) {
    line = fitted(std::move(line), columns);
    line.erase(line.find_last_not_of(' ') + 1);
    text += (text.empty() ? "" : "\n") + line;
  }
  return text;
}

Json TopView::json() const {
  const auto measured = [](double value) { return value < 0 ? Json() : Json(value); };
  Json rows = Json::array();
  for (const Tunnel* tunnel : sorted()) {
    rows.push_back({{"name", tunnel->name},
                    {"state", tunnel->state},
                    {"bits_in", std::llround(tunnel->rate_in)},
                    {"bits_out", std::llround(tunnel->rate_out)},
                    {"rtt_ms", measured(tunnel->round_trip)},
                    {"loss_percent", measured(tunnel->loss)}});
  }
  return {{"tunnels", std::move(rows)}};
}

// ---- the terminal ----------------------------------------------------------------------------------------------------

namespace {

TimePoint now() { return std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now()); }

void draw(const Screen& screen, const TopView& view, bool paused) {
  const Display display = display_of(STDOUT_FILENO, "never");
  screen.draw(view.frame(display.columns, display.rows - 1U),
              paused ? "paused: p goes on, q quits" : "q quit  p pause  sort: n name  s state  r rate  t round trip  l loss",
              display);
}

struct Keys {
  bool quit = false;
  bool paused = false;

  void take(std::string_view keys, TopView& view) {
    if (keys == "\x1b[A") return view.scroll(-1);
    if (keys == "\x1b[B") return view.scroll(1);
    for (const char key : keys) press(key, view);
  }

 private:
  void press(char key, TopView& view) {
    switch (key) {
      case 'q': quit = true; break;
      case 'p': paused = !paused; break;
      case 'n': view.sort_by(TopView::Order::name); break;
      case 's': view.sort_by(TopView::Order::state); break;
      case 'r': view.sort_by(TopView::Order::rate); break;
      case 't': view.sort_by(TopView::Order::round_trip); break;
      case 'l': view.sort_by(TopView::Order::loss); break;
      case 'j': view.scroll(1); break;
      case 'k': view.scroll(-1); break;
      default: break;
    }
  }
};

Outcome<void> look(Connection& connection, TopView& view) {
  const auto status = connection.call(protocol::method::kStatus, Json::object(), kLookPatience);
  if (!status) return std::unexpected(status.error());
  view.add(*status, now());
  return {};
}

Outcome<ExitCode> run_on_screen(Connection& connection, const TopOptions& options) {
  TopView view;
  Screen screen;
  Keys keys;
  TimePoint due{};
  for (int frames = 0; !keys.quit && !screen.has_ended();) {
    if (now() >= due && !keys.paused) {
      if (auto looked = look(connection, view); !looked) return std::unexpected(looked.error());
      due = now() + options.interval;
      if (view.has_rates() && options.frames > 0 && ++frames >= options.frames) break;
    }
    draw(screen, view, keys.paused);
    const auto wait = keys.paused ? options.interval : std::max(due - now(), Duration{1});
    keys.take(screen.keys(wait), view);
  }
  return kDone;
}

// For pipes and scripts: frames one below the other, each of one interval.
Outcome<ExitCode> run_as_text(Connection& connection, const TopOptions& options, std::ostream& out) {
  TopView view;
  if (auto looked = look(connection, view); !looked) return std::unexpected(looked.error());
  for (int frames = 0; frames < std::max(options.frames, 1); ++frames) {
    ::poll(nullptr, 0, static_cast<int>(options.interval.count()));
    if (auto looked = look(connection, view); !looked) return std::unexpected(looked.error());
    out << (options.json ? print_json_line(view.json()) : view.frame(80, SIZE_MAX)) << std::endl;
    if (!out) break;  // the caller says it
  }
  return kDone;
}

}  // namespace

Outcome<ExitCode> run_top(Connection& connection, const TopOptions& options, std::ostream& out) {
  if (!options.json && ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1) return run_on_screen(connection, options);
  return run_as_text(connection, options, out);
}

}  // namespace vtid::ctl
