// Key material. Compared, hashed and handed to charon or the kernel; printing it is not possible by accident. It leaves nothing
// of itself where it was.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <utility>

#include "base/wipe.h"

namespace vtid::model {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string bytes) : bytes_(std::move(bytes)) { wipe(bytes); }
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)) { wipe(other.bytes_); }
  Secret& operator=(const Secret& other) {
    if (this == &other) return *this;
    wipe(bytes_);
    bytes_ = other.bytes_;
    return *this;
  }
  Secret& operator=(Secret&& other) noexcept {
    if (this == &other) return *this;
    wipe(bytes_);
    bytes_ = std::move(other.bytes_);
    wipe(other.bytes_);
    return *this;
  }
  ~Secret() { wipe(bytes_); }
  [[nodiscard]] const std::string& reveal() const { return bytes_; }
  auto operator<=>(const Secret&) const = default;

 private:
  std::string bytes_;
};

// The bytes that hexadecimal digits say, with or without "0x" before them; nothing when they are no whole bytes.
[[nodiscard]] std::optional<Secret> decode_hex(const Secret& digits);

}  // namespace vtid::model
