// vici's bytes (strongSwan src/libcharon/plugins/vici/README.md): segments on the stream, packets in them, messages in those.
// Decoding refuses whatever that format does not allow and whatever exceeds the bounds below; it never guesses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "vici/message.h"

namespace vtid::vici {

inline constexpr std::size_t kLargestSegment = 512 * 1024;  // VICI_MESSAGE_SIZE_MAX, vici_message.h
inline constexpr std::size_t kDeepestNesting = 16;          // charon itself nests five sections
inline constexpr std::size_t kMostElements = 65'536;        // values, items, lists and sections of one message

enum class PacketType : std::uint8_t {
  request = 0,   // named, with a message
  response = 1,  // with a message: answers the oldest open request
  unknown_command = 2,
  subscribe = 3,    // named
  unsubscribe = 4,  // named
  confirmed = 5,    // answers the oldest open subscribe or unsubscribe
  unknown_event = 6,
  event = 7,  // named, with a message
};

struct Packet {
  PacketType type = PacketType::request;
  std::string name;  // of the command or event, where the type has one
  Message message;   // where the type has one
  bool operator==(const Packet&) const = default;
};

// A packet's bytes, without the segment's length in front. Fails when a name exceeds 255 bytes or is not printable, a value
// exceeds 65,535 bytes, or the whole exceeds kLargestSegment; the error names no value.
[[nodiscard]] Result<std::string> encode(const Packet& packet);
[[nodiscard]] Result<Packet> decode(std::string_view payload);

// The same in a segment, ready for the stream.
[[nodiscard]] Result<std::string> encode_segment(const Packet& packet);

// Cuts a stream, in pieces of any size, into segments. Holds at most one unfinished segment and the last piece.
class SegmentReader {
 public:
  void append(std::string_view bytes);

  // The next payload, valid until the next call; nothing when more bytes are needed; an error, now and from then on, when
  // a segment announces a length of 0 or above kLargestSegment.
  [[nodiscard]] Result<std::optional<std::string_view>> next();
  // Whether a segment has begun that next() cannot give yet.
  [[nodiscard]] bool unfinished() const { return taken_ < buffer_.size(); }

 private:
  std::string buffer_;
  std::size_t taken_ = 0;
};

}  // namespace vtid::vici
