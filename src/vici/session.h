// The dialogue on one vici connection: requests out, answers and events in. charon answers strictly in the order of the
// requests, so any number may be on the way; events may come between any two packets. Holds no socket and reads no clock.
// A packet that fits nothing, or an answer that does not come in time or to an end, ends the session: what it still owes is
// abandoned.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "vici/codec.h"

namespace vtid::vici {

using RequestId = std::uint64_t;

// One message of a streaming command; its Answered follows.
struct Streamed {
  RequestId id = 0;
  Message message;
  bool operator==(const Streamed&) const = default;
};
// The answer, or charon's refusal in its own words (success=no, unknown command, unknown event).
struct Answered {
  RequestId id = 0;
  Result<Message> response;
  bool operator==(const Answered&) const = default;
};
// The session ended before the answer came: what became of the request is not known.
struct Abandoned {
  RequestId id = 0;
  bool operator==(const Abandoned&) const = default;
};
// An event we subscribed to.
struct Raised {
  std::string event;
  Message message;
  bool operator==(const Raised&) const = default;
};
using Report = std::variant<Streamed, Answered, Abandoned, Raised>;

inline constexpr std::size_t kMostPending = 16'384;                 // requests on the way on one connection
inline constexpr std::size_t kMostPendingBytes = 16 * 1024 * 1024;  // of the requests on the way
inline constexpr std::size_t kMostStreamed = 4 * 32'767;            // messages of one answer: each unit's IKE_SA four times
inline constexpr std::size_t kMostStreamedBytes = 256 * 1024 * 1024;
inline constexpr Duration kLongestAnswer{600'000};   // from its first message to its end, however lively
inline constexpr Duration kSegmentPatience{10'000};  // from a segment's first byte to its last

class Session {
 public:
  // Each gives the id under which the reports come. `patience` counts from when charon can have begun to work on it: the
  // later of its sending and the last sign of life about an earlier request.
  RequestId subscribe(std::string_view event, Duration patience, Now now);
  RequestId request(std::string_view command, const Message& message, Duration patience, Now now);
  // A command whose results come as events before its response.
  RequestId stream(std::string_view command, std::string_view event, const Message& message, Duration patience, Now now);

  void on_bytes(std::string_view bytes, Now now);
  void on_time(Now now);
  // The connection is gone. Also how the session ends itself; the first reason counts.
  void end(Error reason);

  // Set once the session has ended; it then accepts nothing and sends nothing.
  [[nodiscard]] const std::optional<Error>& ended() const { return ended_; }
  [[nodiscard]] std::optional<TimePoint> next_deadline() const;

  [[nodiscard]] std::string take_output();
  [[nodiscard]] std::vector<Report> take_reports();

 private:
  // A packet that charon owes us.
  struct Owed {
    RequestId id = 0;
    bool confirmation = false;  // else a response
    bool silent = false;        // part of a stream: nobody waits for it
    std::string name;           // of the command or event
    std::string streams;        // the event that carries its results
    Duration patience{};
    std::size_t size = 0;  // of the request
  };

  void post(PacketType type, Owed owed, const Message& message, Now now);
  void refuse(RequestId id, std::string text);
  void receive(Packet packet, std::size_t size, Now now);
  void receive_event(Packet packet, std::size_t size, Now now);
  void note_unfinished_segment(bool whole_ones, Now now);
  void settle(Result<Message> response, Now now);

  std::deque<Owed> owed_;
  TimePoint progress_{};  // when the oldest of owed_ became the oldest, or last gave a sign of life
  std::size_t owed_bytes_ = 0;
  std::size_t streamed_ = 0;  // messages of the answer that is coming in
  std::size_t streamed_bytes_ = 0;
  TimePoint streaming_since_{};
  std::optional<TimePoint> segment_began_;  // of the unfinished one
  RequestId last_id_ = 0;
  SegmentReader reader_;
  std::string output_;
  std::vector<Report> reports_;
  std::optional<Error> ended_;
};

}  // namespace vtid::vici
