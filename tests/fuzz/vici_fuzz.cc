// Whatever charon (or something else on its socket) sends: no crash, no endless loop, and what decodes encodes to the same.
// Its seeds are what charon really sent.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <variant>

#include "vici/codec.h"
#include "vici/sa_decode.h"
#include "vici/sa_view.h"
#include "vici/session.h"

namespace {

using namespace vtid;

constexpr WallTime kWall{std::chrono::seconds{1'800'000'000}};
constexpr Now kNow{TimePoint{}, kWall};
constexpr Duration kPatience{1'000};

void check_round_trip(std::string_view payload) {
  const auto packet = vici::decode(payload);
  if (packet && vici::encode(*packet).value_or("") != payload) std::abort();
}

void feed_view(vici::SaView& view, const vici::Message& message) {
  for (const std::string_view name : {"ike-updown", "ike-rekey", "ike-update", "child-updown", "child-rekey"}) {
    if (const auto event = vici::decode_event(name, message, kWall)) view.apply(*event);
  }
  if (const auto listing = vici::decode_listing(message, kWall)) view.read(*listing);
}

// The first byte says how the rest is cut.
void run_session(std::string_view bytes) {
  vici::Session session;
  vici::SaView view;
  session.subscribe("child-updown", kPatience, kNow);
  session.request("version", {}, kPatience, kNow);
  session.stream("list-sas", "list-sa", {}, kPatience, kNow);
  view.begin_reading(std::nullopt);
  const std::size_t piece = 1 + static_cast<unsigned char>(bytes.front());
  for (std::size_t at = 1; at < bytes.size(); at += piece) session.on_bytes(bytes.substr(at, piece), kNow);
  for (const vici::Report& report : session.take_reports()) {
    if (const auto* raised = std::get_if<vici::Raised>(&report)) feed_view(view, raised->message);
    if (const auto* streamed = std::get_if<vici::Streamed>(&report)) feed_view(view, streamed->message);
  }
  (void)view.end_reading(true);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check_round_trip(bytes);
  if (!bytes.empty()) run_session(bytes);
  return 0;
}
