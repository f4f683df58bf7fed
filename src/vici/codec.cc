#include "vici/codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace vtid::vici {
namespace {

enum ElementType : std::uint8_t {
  kSectionStart = 1,
  kSectionEnd = 2,
  kKeyValue = 3,
  kListStart = 4,
  kListItem = 5,
  kListEnd = 6,
};

constexpr std::size_t kLongestName = 255;
constexpr std::size_t kLongestValue = 65'535;
constexpr std::size_t kLengthBytes = 4;

bool has_name(PacketType type) {
  return type == PacketType::request || type == PacketType::subscribe || type == PacketType::unsubscribe ||
         type == PacketType::event;
}

bool has_message(PacketType type) {
  return type == PacketType::request || type == PacketType::response || type == PacketType::event;
}

bool printable(std::string_view name) {
  return std::ranges::all_of(name, [](char c) { return c >= 0x20 && c < 0x7f; });
}

class Writer {
 public:
  void byte(std::size_t value) { bytes_.push_back(static_cast<char>(static_cast<unsigned char>(value))); }

  void name(std::string_view text) {
    if (text.empty() || text.size() > kLongestName || !printable(text)) refuse("a name is empty, too long or not printable");
    byte(text.size());
    bytes_ += text;
  }

  void value(std::string_view text) {
    if (text.size() > kLongestValue) refuse("a value is longer than 65,535 bytes");
    byte(text.size() >> 8);
    byte(text.size());
    bytes_ += text;
  }

  void message(const Message& message, std::size_t depth) {
    if (depth > kDeepestNesting) return refuse("sections are nested too deeply");
    for (const Element& element : message.elements()) this->element(element, depth);
  }

  Result<std::string> finish() && {
    if (refusal_.empty() && bytes_.size() > kLargestSegment) refuse("the message is larger than 512 KiB");
    if (!refusal_.empty()) return fail(fmt::format("cannot encode for charon: {}", refusal_));
    return std::move(bytes_);
  }

 private:
  void element(const Element& element, std::size_t depth) {
    if (const auto* text = std::get_if<std::string>(&element.content)) {
      byte(kKeyValue);
      name(element.name);
      value(*text);
    } else if (const auto* items = std::get_if<Message::List>(&element.content)) {
      byte(kListStart);
      name(element.name);
      for (const std::string& item : *items) {
        byte(kListItem);
        value(item);
      }
      byte(kListEnd);
    } else {
      byte(kSectionStart);
      name(element.name);
      message(std::get<Message>(element.content), depth + 1);
      byte(kSectionEnd);
    }
  }

  void refuse(std::string_view why) { refusal_ = why; }

  std::string bytes_;
  std::string_view refusal_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  Result<Packet> packet() {
    Packet packet;
    const std::size_t type = byte();
    if (type > static_cast<std::size_t>(PacketType::event)) return refuse("unknown packet type");
    packet.type = static_cast<PacketType>(type);
    if (has_name(packet.type)) packet.name = name();
    if (has_message(packet.type)) packet.message = section(0);
    if (refusal_.empty() && !rest_.empty()) refusal_ = "bytes after the end";
    if (!refusal_.empty()) return refuse(refusal_);
    return packet;
  }

 private:
  static std::unexpected<Error> refuse(std::string_view why) {
    return fail(fmt::format("charon sent a broken packet: {}", why));
  }

  std::string_view take(std::size_t size) {
    if (size > rest_.size()) {
      stop("truncated");
      return {};
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::size_t byte() {
    const std::string_view taken = take(1);
    return taken.empty() ? 0 : static_cast<unsigned char>(taken.front());
  }

  std::string name() {
    const std::string_view text = take(byte());
    if (text.empty() || !printable(text)) stop("a name is empty or not printable");
    return std::string(text);
  }

  std::string value() {
    const std::size_t high = byte();
    return std::string(take(high << 8 | byte()));
  }

  Message section(std::size_t depth) {
    Message message;
    if (depth > kDeepestNesting) stop("sections are nested too deeply");
    while (!rest_.empty()) {
      switch (element_type()) {
        case kSectionStart: {
          std::string own_name = name();
          message.add_section(std::move(own_name), section(depth + 1));
          break;
        }
        case kKeyValue: {
          std::string own_name = name();
          message.add(std::move(own_name), value());
          break;
        }
        case kListStart: {
          std::string own_name = name();
          message.add_list(std::move(own_name), list());
          break;
        }
        case kSectionEnd:
          if (depth == 0) stop("a section ends that never began");
          return message;
        default: stop("unknown or misplaced element");
      }
    }
    if (depth != 0) stop("a section is not closed");
    return message;
  }

  Message::List list() {
    Message::List items;
    while (!rest_.empty()) {
      const std::size_t type = element_type();
      if (type == kListEnd) return items;
      if (type != kListItem) stop("a list holds something else than items");
      items.push_back(value());
    }
    stop("a list is not closed");
    return items;
  }

  std::size_t element_type() {
    if (++elements_ > kMostElements) stop("too many elements");
    return byte();
  }

  // The first reason counts; with nothing left to read every loop ends.
  void stop(std::string_view why) {
    if (refusal_.empty()) refusal_ = why;
    rest_ = {};
  }

  std::string_view rest_;
  std::string_view refusal_;
  std::size_t elements_ = 0;
};

}  // namespace

Result<std::string> encode(const Packet& packet) {
  Writer writer;
  writer.byte(static_cast<std::size_t>(packet.type));
  if (has_name(packet.type)) writer.name(packet.name);
  if (has_message(packet.type)) writer.message(packet.message, 0);
  return std::move(writer).finish();
}

Result<Packet> decode(std::string_view payload) { return Reader(payload).packet(); }

Result<std::string> encode_segment(const Packet& packet) {
  const Result<std::string> payload = encode(packet);
  if (!payload) return payload;
  std::string segment;
  segment.reserve(kLengthBytes + payload->size());
  for (int shift = 24; shift >= 0; shift -= 8) segment.push_back(static_cast<char>(payload->size() >> shift & 0xff));
  return segment += *payload;
}

void SegmentReader::append(std::string_view bytes) {
  buffer_.erase(0, std::exchange(taken_, 0));
  buffer_ += bytes;
}

Result<std::optional<std::string_view>> SegmentReader::next() {
  const std::string_view rest = std::string_view(buffer_).substr(taken_);
  if (rest.size() < kLengthBytes) return std::nullopt;
  std::size_t size = 0;
  for (const char c : rest.substr(0, kLengthBytes)) size = size << 8 | static_cast<unsigned char>(c);
  if (size == 0 || size > kLargestSegment) return fail(fmt::format("charon announced a packet of {} bytes", size));
  if (rest.size() < kLengthBytes + size) return std::nullopt;
  taken_ += kLengthBytes + size;
  return rest.substr(kLengthBytes, size);
}

}  // namespace vtid::vici
